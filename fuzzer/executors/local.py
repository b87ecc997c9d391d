"""Workers: processes of this machine, each limited in memory."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from fuzzer.base.errors import Lost, RunError
from fuzzer.base.options import Limits
from fuzzer.executors.base import Actor, Answer
from fuzzer.executors.worker import begin
from processes import limits
from processes.ending import awaited, in_order
from processes.errors import UserError
from processes.services import Lacking
from processes.spawning import context

R = TypeVar("R")

TASKS_A_WORKER = 40
"""Blocks, mostly, after which a worker is replaced: a start costs what 40 programs do, and bounds whatever grows."""

RESTARTS = 5
"""Pools that may break one after the other, with no task done in between, before the run gives up."""


@contextmanager
def local(limits: Limits) -> Generator[LocalPool]:
    """The executor of a run on one machine."""
    if multiprocessing.current_process().daemon:
        raise UserError("a daemonic process has no workers of its own: call run() in a process with daemon=False")
    with in_order():
        try:
            pool = LocalPool(limits.workers, limits.memory_mb * 2**20)
        except Lacking as error:
            raise UserError(str(error)) from None
        with pool:
            yield pool


class LocalPool:
    """Processes on this machine, each limited in memory. One that dies or hangs is replaced."""

    def __init__(self, workers: int, memory: int) -> None:
        self.workers = workers
        self._memory = memory
        self._open: set[_LocalAnswer[Any]] = set()
        self._broken = 0
        self._pool = self._start()

    def _start(self) -> ProcessPool:
        if sys.platform != "linux":
            raise Lacking(
                f"on {sys.platform} no worker can be limited in memory, and rows would not be the same ones everywhere:"
                " make and verify runs on Linux, in a container or WSL; all that starts no workers works here, too"
            )
        arguments = (os.getpid(), self._memory)
        return ProcessPool(
            self.workers, max_tasks=TASKS_A_WORKER, initializer=begin, initargs=arguments, context=context()
        )

    def submit(self, task: Callable[..., R], *arguments: Any, seconds: float) -> Answer[R]:
        answer = _LocalAnswer[R](self, task, arguments, seconds)
        self._open.add(answer)
        answer.start()
        return answer

    def renew(self) -> None:
        self._pool.close()
        self._pool.join()
        self._pool = self._start()

    def actors(self, count: int, kind: Callable[..., Any], *arguments: Any) -> list[Actor]:
        """None: they would share the memory of this process's machine."""
        return []

    def schedule(self, task: Callable[..., R], arguments: tuple[Any, ...], seconds: float) -> Future[R]:
        try:
            return self._pool.schedule(task, args=arguments, timeout=seconds)
        except BrokenProcessPool as error:  # when it starts its first workers
            if isinstance(error.__cause__, OSError):
                raise RunError(f"workers cannot start ({error.__cause__.strerror}): {_limits()}") from None
            raise

    def done(self, answer: _LocalAnswer[Any]) -> None:
        self._open.discard(answer)
        self._broken = 0

    def restart(self) -> None:
        """Replaces a broken pool (a worker died between two tasks) and restarts what it had not answered."""
        self._broken += 1
        if self._broken > RESTARTS:
            raise RunError(
                f"workers died {RESTARTS} times in a row before they did anything: see the messages above;"
                f" {_limits(self._memory // 2**20)}"
            )
        self._pool.stop()
        self._pool.join()
        self._pool = self._start()
        for answer in self._open:
            if answer.unanswered:
                answer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.stop()
        try:
            self._pool.join()
        except KeyboardInterrupt:  # a second one, in a process with handlers of its own
            self._pool.join()
            raise


def _limits(memory: int | None = None) -> str:
    return f"their limits are {limits.listing(memory)}; raise what is too small and start the same command again"


class _LocalAnswer(Generic[R]):
    def __init__(self, pool: LocalPool, task: Callable[..., R], arguments: tuple[Any, ...], seconds: float) -> None:
        self._pool = pool
        self._task = task
        self._arguments = arguments
        self._seconds = seconds
        self._future: Future[R] | None = None

    def start(self) -> None:
        self._future = self._pool.schedule(self._task, self._arguments, self._seconds)

    @property
    def unanswered(self) -> bool:
        future = self._future
        return future is None or not future.done() or isinstance(future.exception(), BrokenProcessPool)

    def result(self) -> R:
        while True:
            assert self._future is not None
            try:
                value = awaited(self._future)
            except BrokenProcessPool:
                self._pool.restart()
                continue
            except ProcessExpired:
                self._pool.done(self)
                raise Lost("worker killed") from None
            except TimeoutError:
                self._pool.done(self)
                raise Lost("timed out") from None
            self._pool.done(self)
            return value
