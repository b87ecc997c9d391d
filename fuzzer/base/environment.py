"""The environment that rows are made in, whatever the user's shell sets."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

COLLECTION: Final = (50_000, 1_000, 1_000)
"""A worker's thresholds of Python's collector. Tracing makes many objects and little garbage in cycles: to look for it
every 700 objects, as Python does, takes a sixth of a row's time. What is old is left to `lowering.forget`."""

OLDEST: Final = 2
"""The generation that is collected last, with all others."""

THREADS: Final = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that say how many threads XLA (the first) and libraries of linear algebra start."""


def settle() -> None:
    """Takes the variables of JAX and XLA out of this process and those it starts, and keeps JAX on the CPU.

    To be called before JAX and Arrow are imported. A default precision, 64 bits or a graphics card would show in the
    texts of every row, and XLA ends a process whose flags it does not know.

    Arrow gets the allocator of everything else: one of its own keeps 30 MB more in each worker.

    Libraries start one thread in each process, not some for each core of the machine: their stacks count against what a
    worker may allocate, so that programs would fail on large machines.
    """
    for name in [name for name in os.environ if name.startswith(("JAX_", "XLA_", "PJRT_"))]:
        del os.environ[name]
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ.update(dict.fromkeys(THREADS, "1"))
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"


def collect_rarely() -> None:
    """Gives this process a worker's collector: it seldom runs, and looks at nothing again that outlived a whole run.

    What outlives one stays for good: libraries, the grammar, what JAX remembers.
    """
    gc.set_threshold(*COLLECTION)
    gc.callbacks.append(_freeze)


@contextmanager
def collecting_rarely() -> Generator[None]:
    """A worker's collector, in another process for a while."""
    usual = gc.get_threshold()
    collect_rarely()
    try:
        yield
    finally:
        gc.callbacks.remove(_freeze)
        gc.set_threshold(*usual)


def _freeze(phase: str, collection: Mapping[str, int]) -> None:
    """Called by Python before and after each collection."""
    if phase == "stop" and collection["generation"] == OLDEST:
        gc.freeze()
