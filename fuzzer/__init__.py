"""The run: command line, blocks of work, executors, deduplication, shards, verification, reports.

Importing this package imports nothing heavy: `python -m fuzzer --help` answers before JAX is read from disk.
"""

__version__ = "0.1.0"
