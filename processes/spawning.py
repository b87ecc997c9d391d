"""How worker processes start: from nothing, whatever the process is that starts them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from multiprocessing import active_children, resource_tracker, spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Final

from processes import services, streams

PATIENCE: Final = 0.5
"""Seconds that the start of a process may still take when this one ends."""

MASKS: Final = hasattr(signal, "pthread_sigmask")

_one_at_a_time = threading.Lock()


class Process(SpawnProcess):
    """A process that does not run the script of its parent.

    Python's own runs it again, so that functions defined there are found. Ours are in modules; and a script without
    `if __name__ == "__main__"` would start everything once more, and one from standard input cannot be read again.
    """

    def start(self) -> None:
        with _without_script(), _blocked(signal.SIGINT):  # for good: Ctrl-C is for whoever started it to handle
            super().start()


class Context(SpawnContext):
    """Spawns `Process`es."""

    Process = Process


def context() -> Context:
    """What worker processes are to be started with; raises Lacking where none can be had."""
    services.here()  # they start in it
    streams.present()  # or pipes to workers would have the numbers of streams, which a worker closes
    _start_tracker()
    found = Context()
    services.check_semaphores(found)
    return found


def kill() -> None:
    """Kills the processes that were started here, and starts no more: for the end of this one.

    One that just starts is waited for. It would find nobody who tells it what to do, and say so at length.
    """
    _one_at_a_time.acquire(timeout=PATIENCE)
    with suppress(OSError, ValueError):
        for child in active_children():
            child.kill()


@contextmanager
def _without_script() -> Generator[None]:
    """What this thread tells a new process says nothing of the script; what other threads tell theirs stays."""
    with _one_at_a_time:
        told, here = spawn.get_preparation_data, threading.get_ident()

        def without(name: str) -> dict[str, Any]:
            data = told(name)
            dropped = "init_main_from_" if threading.get_ident() == here else "none"
            return {key: value for key, value in data.items() if not key.startswith(dropped)}

        spawn.get_preparation_data = without
        try:
            yield
        finally:
            spawn.get_preparation_data = told


def _start_tracker() -> None:
    """Starts the process that removes semaphores after us, so that it outlives every signal, and cleans up in silence.

    It ignores SIGINT and SIGTERM by itself, but not the end of a terminal. To have it running also keeps it from
    letting SIGINT through where workers are started (it does when it starts). Windows has neither it nor masks.
    """
    if not MASKS:
        return
    with _blocked(signal.SIGHUP), _environment("PYTHONWARNINGS", "ignore"):
        resource_tracker.ensure_running()


@contextmanager
def _blocked(number: signal.Signals) -> Generator[None]:
    if not MASKS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(name: str, value: str) -> Generator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
