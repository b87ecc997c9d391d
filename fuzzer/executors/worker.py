"""The start of a worker: what it may use, and what it needs before its first task."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from fuzzer.base.environment import collect_rarely, settle

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""As <malloc.h> numbers them."""

STACK = 8 * 2**20
"""Bytes of a thread's stack, as most systems have it."""


def begin(parent: int, memory: int) -> None:
    """Sets up a worker: it ends at once when told to or when its parent dies, and cannot eat the machine."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        _die_with(parent)
    _limit_memory(memory)
    _keep_heap_small()
    _keep_stacks_small()
    settle()
    collect_rarely()
    _warm_up()


def _keep_heap_small() -> None:
    """Makes glibc give large buffers back to the system. By default it moves its bounds up with every buffer that is
    freed, and a worker grows by some 30 MB of holes."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            libc = ctypes.CDLL(None)
            for parameter, value in ((M_MMAP_THRESHOLD, 2**18), (M_TRIM_THRESHOLD, 2**20), (M_ARENA_MAX, 1)):
                libc.mallopt(parameter, value)


def _keep_stacks_small() -> None:
    """Gives threads a stack of eight megabytes, whatever `ulimit -s` is: it counts against what may be allocated."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            libc, attributes = ctypes.CDLL(None), ctypes.create_string_buffer(256)
            libc.pthread_attr_init(attributes)
            libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(STACK))
            libc.pthread_setattr_default_np(attributes)


def _warm_up() -> None:
    """Imports what every task needs: a task's time begins when its worker takes it, ready or not."""
    try:
        for module in ("jax", "fuzzer.making.block"):
            importlib.import_module(module)
    except (ImportError, OSError, MemoryError) as error:  # a library that does not fit into what a worker may have
        print(f"a worker cannot start: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def _die_with(parent: int) -> None:
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _limit_memory(memory: int) -> None:
    """Limits writable memory. A limit on address space would not do: XLA reserves 1.4 GB and uses 0.2."""
    resource: Any = importlib.import_module("resource")  # other systems than Linux may have none
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
