"""Small runs, made in this process or by the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from run_families import SIMPLE

from fuzzer.base.options import Limits, Options
from fuzzer.executors.base import Actor
from fuzzer.families.family import FamilySpec
from fuzzer.run.progress import Reporter
from fuzzer.run.run import FamilyRun, Summary, run

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DRIVE = HERE / "drive.py"
SMALL = ("--seed", "7", "--shards", "4", "--rows-per-shard", "12")
"""The run of `make`, as the command line asks for it."""


def truncate(content: bytes) -> bytes:
    return content[:-100]


def alter(content: bytes) -> bytes:
    return content[:100] + bytes([content[100] ^ 1]) + content[101:]


DAMAGES = (truncate, alter)
"""What a disk may do to a file."""


@dataclass(frozen=True)
class Done:
    """A task's outcome, known at once."""

    task: Callable[..., Any]
    arguments: tuple[Any, ...]

    def result(self) -> Any:
        return self.task(*self.arguments)


class Here:
    """An executor without processes."""

    workers = 1

    def submit(self, task: Callable[..., Any], *arguments: Any, seconds: float) -> Done:
        return Done(task, arguments)

    def renew(self) -> None:
        pass

    def actors(self, count: int, kind: Callable[..., Any], *arguments: Any) -> list[Actor]:
        return []


@contextmanager
def here(limits: Limits) -> Generator[Here]:
    yield Here()


def make(out: Path | str, spec: FamilySpec = SIMPLE, start: Any = here, **options: Any) -> Summary:
    """A run of three blocks, unless another is asked for."""
    given: dict[str, Any] = {"seed": 7, "shards": 4, "rows_per_shard": 12, "block": 20} | options
    asked = Options(out, **given)
    return run(asked, Reporter(), [FamilyRun(spec, asked.shards)], start)


def command(family: str, out: Path | str, *options: str) -> list[str]:
    return [sys.executable, str(DRIVE), family, "--out", str(out), "--block", "20", *options]


def start(family: str, out: Path | str, *options: str, **environment: str) -> subprocess.Popen[str]:
    """The command, going, in a process group of its own."""
    return subprocess.Popen(
        command(family, out, *options),
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests themselves run in the background, Ctrl-C is ignored, and children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its name in the folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def children(parent: int) -> list[int]:
    """Processes started by a process."""
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = status.read_text().split(" (", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(rest.rsplit(") ", 1)[1].split()[1]) == parent:
            found.append(int(pid))
    return found
