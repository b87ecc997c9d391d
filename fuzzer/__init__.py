"""The run: command line, blocks of work, executors, deduplication, shards, verification, reports.

Importing this package imports nothing heavy: `python -m fuzzer --help` answers before JAX is read from disk.
"""

from processes import __version__ as __version__
