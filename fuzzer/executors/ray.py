"""Ray: the same tasks, on the machines of a cluster.

A task runs in a local pool of one process that each of Ray's workers keeps: so time and memory are limited, and
the guilty found, as on one machine. What is left to Ray is to carry tasks about, and to start those again whose
machine was lost.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Generic, TypeVar

from fuzzer.base.errors import Lost, RunError
from fuzzer.base.options import Limits
from fuzzer.base.versions import remedy, versions
from fuzzer.executors.base import Actor, Answer, Start
from fuzzer.executors.local import LocalPool
from processes.commands import one_line
from processes.ending import ASKED, check, in_order
from processes.errors import UserError

try:
    import ray
    from ray.exceptions import RayError
except ImportError:
    raise UserError("--executor ray needs Ray: pip install 'jit-synthesis[ray]'") from None

R = TypeVar("R")

ANSWER = 20.0
"""Seconds within which a cluster's machine has to be heard of."""

RETRIES = 10
"""Machines that one task may be lost with."""


def on_ray(address: str | None) -> Start:
    """The executor of a run on the cluster at an address; without one, that of RAY_ADDRESS or a new one here."""

    @contextmanager
    def start(limits: Limits) -> Generator[RayPool]:
        before = signal.getsignal(signal.SIGTERM)
        asked = os.environ.get("RAY_ADDRESS") if address is None else address
        try:
            _try(asked or "")
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
        except (OSError, OverflowError, ValueError) as error:
            cause = one_line(str(error)) or type(error).__name__
            raise UserError(
                f"no Ray cluster answers at --address {asked!r} ({cause}): start one with `ray start --head`,"
                " or leave --address and RAY_ADDRESS out"
            ) from None
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray takes it over, and the end would not be a clean one
        with in_order():
            try:
                yield RayPool(limits)
            finally:
                ray.shutdown()  # ends the tasks that are still going, too

    return start


def _try(address: str) -> None:
    """Raises OSError if nothing listens at HOST:PORT: Ray itself would wait for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()


class RayPool:
    """An executor on Ray."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._run: Any = ray.remote(_run).options(
            num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD", name="fuzzer"
        )

    @property
    def workers(self) -> int:
        """Cores of the cluster as it is now."""
        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def submit(self, task: Callable[..., R], *arguments: Any, seconds: float) -> Answer[R]:
        return _RayAnswer(self._run.remote(task, arguments, seconds, self._limits.memory_mb * 2**20, versions()))

    def renew(self) -> None:
        """Nothing: who is busy on another machine is not known, and workers are replaced there after some tasks."""

    def actors(self, count: int, kind: Callable[..., Any], *arguments: Any) -> list[Actor]:
        actor: Any = ray.remote(kind).options(num_cpus=0, scheduling_strategy="SPREAD")
        return [_RayActor(actor.remote(*arguments)) for _ in range(count)]


def _run(
    task: Callable[..., R], arguments: tuple[Any, ...], seconds: float, memory: int, expected: dict[str, str]
) -> tuple[R | None, Exception | None]:
    """What a worker of Ray does: the result, or what was raised."""
    if versions() != expected:
        other = ", ".join(f"{name} {found}" for name, found in versions().items() if found != expected.get(name))
        return None, RunError(f"a machine of the cluster has {other}: there, {remedy(expected)}")
    try:
        return _own_pool(memory).submit(task, *arguments, seconds=seconds).result(), None
    except Exception as error:  # whatever it is: the driver knows what to do with it
        return None, error


@lru_cache(maxsize=1)
def _own_pool(memory: int) -> LocalPool:
    return LocalPool(1, memory)


class _RayAnswer(Generic[R]):
    def __init__(self, reference: Any) -> None:
        self._reference = reference

    def result(self) -> R:
        try:
            while not ray.wait([self._reference], timeout=ASKED)[0]:
                check()
            value, error = ray.get(self._reference)
        except RayError:
            raise Lost("worker killed") from None
        if error is not None:
            raise error
        return value


class _RayActor:
    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def call(self, method: str, *arguments: Any) -> Answer[Any]:
        return _Reference(getattr(self._handle, method).remote(*arguments))

    def end(self) -> None:
        ray.kill(self._handle)


class _Reference:
    def __init__(self, reference: Any) -> None:
        self._reference = reference

    def result(self) -> Any:
        try:
            return ray.get(self._reference)
        except RayError:
            raise Lost("actor killed") from None
