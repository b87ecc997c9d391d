"""Executors: where tasks run. A task is a plain function of picklable arguments."""

from __future__ import annotations

import ctypes
import gc
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from fuzzer.environment import COLLECTION, settle
from fuzzer.errors import Lost, RunError, UserError
from fuzzer.keys import MEMORY
from fuzzer.ledger import Ledger, OwnLedger
from fuzzer.options import Limits
from processes import limits
from processes.ending import awaited, in_order
from processes.services import Lacking
from processes.spawning import context

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

TASKS_A_WORKER = 40
"""Blocks, mostly, after which a worker is replaced: a start costs what 40 programs do, and bounds whatever grows."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""As <malloc.h> numbers them."""

STACK = 8 * 2**20
"""Bytes of a thread's stack, as most systems have it."""

RESTARTS = 5
"""Pools that may break one after the other, with no task done in between, before the run gives up."""


class Answer(Protocol[R_co]):
    """The result of a task, some time."""

    def result(self) -> R_co:
        """Waits. Raises Lost if the worker died or the time was up, and what the task raised if it raised."""
        ...


class Executor(Protocol):
    """Runs tasks elsewhere; loses one at most with the process that ran it."""

    @property
    def workers(self) -> int: ...

    def submit(self, task: Callable[..., R], *arguments: Any, seconds: float) -> Answer[R]:
        """Starts a task that may take that long."""
        ...

    def renew(self) -> None:
        """Lets go of workers, none of them busy, that hold what the next tasks do not need."""
        ...

    def ledger(self, rows: int, per_structure: int) -> Ledger:
        """What remembers the keys of so many rows, at most."""
        ...


Start = Callable[[Limits], AbstractContextManager[Executor]]
"""Makes the executor that a run works on."""


@contextmanager
def local(limits: Limits) -> Generator[LocalPool]:
    """The executor of a run on one machine."""
    if multiprocessing.current_process().daemon:
        raise UserError("a daemonic process has no workers of its own: call run() in a process with daemon=False")
    with in_order():
        try:
            pool = LocalPool(limits.workers, limits.memory_mb * 2**20, limits.keys_mb * 2**20)
        except Lacking as error:
            raise UserError(str(error)) from None
        with pool:
            yield pool


class LocalPool:
    """Processes on this machine, each limited in memory. One that dies or hangs is replaced."""

    def __init__(self, workers: int, memory: int, keys: int = MEMORY) -> None:
        self.workers = workers
        self._memory = memory
        self._keys = keys
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

    def ledger(self, rows: int, per_structure: int) -> Ledger:
        return OwnLedger(per_structure, self._keys)

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
    return f"their limits are {limits.told(memory)}; raise what is too small and start the same command again"


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


def begin(parent: int, memory: int) -> None:
    """Sets up a worker: it ends at once when told to or when its parent dies, and cannot eat the machine."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        _die_with(parent)
    _limit_memory(memory)
    _keep_heap_small()
    _keep_stacks_small()
    settle()
    gc.set_threshold(*COLLECTION)
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
        for module in ("jax", "fuzzer.block"):
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
