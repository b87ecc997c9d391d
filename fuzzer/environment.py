"""The environment that rows are made in, whatever the user's shell sets."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

COLLECTION: Final = (50_000, 1_000, 1_000)
"""A worker's thresholds of Python's collector. Tracing makes many objects and little garbage in cycles: to look for it
every 700 objects, as Python does, takes a sixth of a row's time. What is old is left to `lowering.forget`."""


def settle() -> None:
    """Takes the variables of JAX and XLA out of this process and those it starts, and keeps JAX on the CPU.

    To be called before JAX and Arrow are imported. A default precision, 64 bits or a graphics card would show in the
    texts of every row, and XLA ends a process whose flags it does not know.

    Arrow gets the allocator of everything else: one of its own keeps 30 MB more in each worker.
    """
    for name in [name for name in os.environ if name.startswith(("JAX_", "XLA_", "PJRT_"))]:
        del os.environ[name]
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"


@contextmanager
def collecting_rarely() -> Generator[None]:
    """A worker's thresholds, in another process for a while."""
    usual = gc.get_threshold()
    gc.set_threshold(*COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
