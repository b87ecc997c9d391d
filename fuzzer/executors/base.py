"""What runs tasks, wherever they run. A task is a plain function of picklable arguments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from fuzzer.base.options import Limits

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Answer(Protocol[R_co]):
    """The result of a task, some time."""

    def result(self) -> R_co:
        """Waits. Raises Lost if the worker died or the time was up, and what the task raised if it raised."""
        ...


class Actor(Protocol):
    """An object in another process."""

    def call(self, method: str, *arguments: Any) -> Answer[Any]:
        """Starts one of its methods; calls are done in order."""
        ...

    def end(self) -> None:
        """Ends its process."""
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

    def actors(self, count: int, kind: Callable[..., Any], *arguments: Any) -> list[Actor]:
        """So many objects, each in a process of its own; none where all these would share one machine's memory."""
        ...


Start = Callable[[Limits], AbstractContextManager[Executor]]
"""Makes the executor that a run works on."""
