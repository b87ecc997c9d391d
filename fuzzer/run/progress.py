"""What a run says while it goes: a bar on a terminal, plain lines elsewhere, JSON for machines."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from fuzzer.base.errors import RunError
from processes.commands import counted

if TYPE_CHECKING:
    from fuzzer.keeping.selection import Selection
    from fuzzer.making.block import BlockKeys

WINDOW = 60.0
"""Seconds over which rows a second are counted."""

PAUSE = 10.0
"""Seconds between plain lines."""


@dataclass
class State:
    """How far a run is."""

    stage: str = "starting"
    target: int = 0
    rows: int = 0
    fresh: int = 0
    """Rows made in this session, not found finished."""
    duplicates: int = 0
    """Rows dropped because there were enough like them."""
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    memory: int = 0
    """Bytes of the largest worker so far."""
    cpu: float = 0.0
    """Seconds of CPU that workers took for blocks made in this session; shards are not in it."""
    begun: float = field(default_factory=time.monotonic)
    _recent: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def took(self, keys: BlockKeys, kept: int, superfluous: int) -> None:
        """Counts in a block of which so many rows are kept."""
        self.rows += kept
        self.fresh += kept * keys.fresh
        self.duplicates += superfluous
        self.rejects.update(keys.rejects)
        self.memory = max(self.memory, keys.memory)
        self.cpu += keys.cpu * keys.fresh

    def forget(self, selection: Selection) -> None:
        """Takes back what a selection counted that has to begin again."""
        self.rows -= selection.rows
        self.duplicates -= selection.duplicates + selection.crowded
        self.rejects -= selection.rejects

    def tick(self) -> None:
        """Notes the time for `speed`."""
        self._recent.append((time.monotonic(), self.fresh))
        while self._recent[-1][0] - self._recent[0][0] > WINDOW:
            self._recent.popleft()

    @property
    def speed(self) -> float:
        """Rows a second, over the last minute."""
        if len(self._recent) < 2:
            return 0.0
        (start, before), (end, after) = self._recent[0], self._recent[-1]
        return (after - before) / max(end - start, 1e-9)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    @property
    def seconds_left(self) -> float | None:
        return (self.target - self.rows) / self.speed if self.speed else None


class View(Protocol):
    """Shows a state whenever it has changed."""

    def show(self, state: State) -> None: ...
    def close(self) -> None: ...


class Bar:
    """A progress bar, for terminals."""

    def __init__(self, console: Console) -> None:
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} rows, {task.fields[details]}"),
            TimeRemainingColumn(),
        ]
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("starting", total=1, details="")
        self._bar.start()

    def show(self, state: State) -> None:
        self._bar.update(
            self._task,
            description=state.stage,
            total=state.target,
            completed=state.rows,
            details=_details(state),
        )

    def close(self) -> None:
        with suppress(OSError):  # a terminal that is closed
            self._bar.stop()


class Lines:
    """A line every ten seconds, for logs."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._last = ("", 0.0)

    def show(self, state: State) -> None:
        stage, shown = self._last
        if state.stage == stage and time.monotonic() - shown < PAUSE:
            return
        self._last = (state.stage, time.monotonic())
        left = "" if state.seconds_left is None else f", {state.seconds_left:,.0f} s left"
        text = f"{state.stage}: {state.rows:,}/{state.target:,} rows, {_details(state)}{left}"
        try:
            print(text, file=self._file, flush=True)
        except BrokenPipeError:  # whoever read this has gone, and wants no more
            raise
        except OSError:  # a disk that is full, or a terminal that is closed: no reason to stop
            pass

    def close(self) -> None:
        pass


class JsonLines:
    """One JSON object for every step."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def show(self, state: State) -> None:
        try:
            print(json.dumps(_facts(state)), file=self._file, flush=True)
        except OSError as error:
            raise RunError(
                f"--log-json {self._file.name!r} cannot be written any more ({error.strerror}): make room or give"
                " another file, and start the same command again"
            ) from None

    def close(self) -> None:
        with suppress(OSError):  # what could not be written is tried once more here
            self._file.close()


def _facts(state: State) -> dict[str, Any]:
    rejects = [{"reason": r, "production": p, "count": count} for (r, p), count in sorted(state.rejects.items())]
    return {
        "seconds": round(state.seconds, 3),
        "stage": state.stage,
        "rows": state.rows,
        "fresh_rows": state.fresh,
        "target": state.target,
        "rows_per_second": round(state.speed, 3),
        "duplicates": state.duplicates,
        "rejects": rejects,
        "largest_worker_bytes": state.memory,
        "cpu_seconds": round(state.cpu, 3),
    }


def _details(state: State) -> str:
    return (
        f"{state.speed:.1f} rows/s, {counted(state.duplicates, 'duplicate')},"
        f" {counted(state.rejects.total(), 'reject')}, largest worker {state.memory / 1e6:.0f} MB"
    )


class Reporter:
    """Keeps the state and shows it in every view."""

    def __init__(self, views: Sequence[View] = ()) -> None:
        self.state = State()
        self._views = views

    def update(self) -> None:
        self.state.tick()
        for view in self._views:
            view.show(self.state)

    def stage(self, name: str) -> None:
        self.state.stage = name
        self.update()

    def close(self) -> None:
        for view in self._views:
            view.close()


def views(log: TextIO | None) -> list[View]:
    """A bar where there is a terminal, lines where there is none, and the log if one is asked for."""
    console = Console(stderr=True)
    shown: View = Bar(console) if console.is_terminal else Lines(sys.stderr)
    return [shown, *([JsonLines(log)] if log else [])]
