"""Ctrl-C, schedulers and terminals that are closed, at every moment of a command: one sentence, a status, nothing lost.

`MOMENTS=100 pytest -n 0 tests/fuzzer/test_signals.py -k moments` tries a hundred of the seeded moments.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random

import pytest
from run_families import SIMPLE
from runs import ROOT, command, contents, here, make

from fuzzer.base.options import Limits, Options
from fuzzer.run.progress import Reporter
from fuzzer.run.ranges import make_range, merge
from fuzzer.run.run import FamilyRun

SMALL = ("--seed", "7", "--shards", "4", "--rows-per-shard", "12")
PAUSED = ROOT / "tests" / "processes" / "paused"
PROGRESS = ("programs:", "poisson:", "writing ")
MOMENTS = int(os.environ.get("MOMENTS", "4"))
DEADLINE = 60.0

RUN_PHASES = {
    "importing": "fuzzer.run.run:",
    "reading the folder": "fuzzer.run.folder:check",
    "starting workers": "processes.spawning:Process.start",
    "a worker's start": "fuzzer.executors.worker:begin",
    "drawing": "run_families:Simple.draw",
    "lowering": "lowering.stages:Traced.lower",
    "writing a shard": "fuzzer.run.shard:_write",
    "writing the manifest": "fuzzer.run.folder:as_json",
    "closing": "fuzzer.executors.local:LocalPool.__exit__",
    "cleaning up": "fuzzer.run.folder:finish",
    "saying so": "processes.ending:finish",
}
IMPORTS = {"fuzzer": "typer:", "grammar": "libcst:", "pde": "pde.family.catalogue:"}
KINDS = [(signal.SIGINT, True, 1), (signal.SIGTERM, False, 1), (signal.SIGHUP, True, 2), (signal.SIGINT, True, 5)]
"""Signal, to the whole group as a terminal does or to one process, how often."""


def begin(told: list[str], **environment: str) -> subprocess.Popen[str]:
    """A command in a group of its own; where tests run in the background, Ctrl-C is ignored, and it would be here."""
    return subprocess.Popen(
        told,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number, _, _ in KINDS],
    )


def begin_paused(told: list[str], place: str, mark: Path, seconds: float = 0.5) -> subprocess.Popen[str]:
    """A command that has come to a place, and pauses there."""
    path = os.pathsep.join([str(PAUSED), str(ROOT), *sys.path[:1]])
    going = begin(told, PYTHONPATH=path, PAUSE=place, PAUSED=str(mark), PAUSE_SECONDS=str(seconds))
    wait_for(lambda: mark.exists() or going.poll() is not None)
    assert mark.exists(), going.communicate()[1]
    return going


def wait_for(condition: object) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def strike(going: subprocess.Popen[str], number: signal.Signals, group: bool, times: int) -> None:
    for _ in range(times):
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(going.pid, number)
        time.sleep(0.02)


def said_by(going: subprocess.Popen[str]) -> list[str]:
    """What was said beside progress, by a command that has ended and left no process behind."""
    said = going.communicate(timeout=DEADLINE)[1]
    wait_for(lambda: not members(going.pid))
    return [line for line in said.splitlines() if not line.startswith(PROGRESS)]


def members(group: int) -> list[str]:
    """Living processes of a group."""
    found: list[str] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, of, *_ = status.read_text().rsplit(") ", 1)[1].split()
            if int(of) == group and state != "Z":
                found.append(status.parent.name)
    return found


def blocks(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob(".blocks/programs/0*") if path.suffix != ".part"}


@pytest.mark.parametrize(("phase", "kind"), zip(RUN_PHASES, cycle(KINDS), strict=False))
def test_a_run(
    phase: str, kind: tuple[signal.Signals, bool, int], tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    out = tmp_path / "run"
    going = begin_paused(command("SIMPLE", out, *SMALL, "--workers", "1"), RUN_PHASES[phase], tmp_path / "mark")
    finished = blocks(out)
    strike(going, *kind)
    (sentence,) = said_by(going)
    assert sentence.startswith("fuzzer: stopped")
    assert going.returncode == 128 + kind[0]
    assert (out / "manifest.json").exists() or finished.items() <= blocks(out).items()
    make(out)
    assert contents(out) == undisturbed


@pytest.mark.parametrize("name", IMPORTS)
def test_an_import(name: str, tmp_path: Path) -> None:
    told = [sys.executable, "-m", name, *(["list"] if name == "pde" else [])]
    going = begin_paused(told, IMPORTS[name], tmp_path / "mark")
    strike(going, signal.SIGINT, True, 1)
    assert said_by(going) == [f"{name}: stopped"]
    assert going.returncode == 130


def test_a_merge(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    options = Options(tmp_path / "part", seed=7, shards=4, rows_per_shard=12, block=20)
    make_range(options, "0:4", Reporter(), [FamilyRun(SIMPLE, 4)], here)
    out = tmp_path / "run"
    told = [*command("SIMPLE", out)[:3], "merge", str(tmp_path / "part"), "--out", str(out), "--workers", "1"]
    going = begin_paused(told, "fuzzer.storage.store:copy", tmp_path / "mark")
    strike(going, signal.SIGTERM, True, 1)
    (sentence,) = said_by(going)
    assert sentence.startswith("fuzzer: stopped")
    assert going.returncode == 143
    merge([str(tmp_path / "part")], str(out), Reporter(), Limits(workers=1), [FamilyRun(SIMPLE, 4)], here)
    assert contents(out) == undisturbed


VALIDATION = """
from processes import ending
ending.listen("pde")
from pde.schemes.problem import Problem
from pde.validation.validate import validate_many
from pde.family.variant import Variant
variant = Variant(Problem(1, "dirichlet", "poisson", "sine"), "differences", "slices", "thomas", "none")
ending.command("pde", lambda: (len(validate_many([variant], 1, print)), ""))
"""


def test_a_validation(tmp_path: Path) -> None:
    going = begin_paused([sys.executable, "-c", VALIDATION], "pde.validation.validate:validate", tmp_path / "mark")
    strike(going, signal.SIGINT, True, 2)
    assert said_by(going) == ["pde: stopped"]
    assert going.returncode == 130


def test_who_does_not_give_back_what_it_holds(tmp_path: Path) -> None:
    going = begin_paused(
        command("SIMPLE", tmp_path / "run", *SMALL, "--workers", "1"), "fuzzer.run.folder:begin", tmp_path / "mark", 600
    )
    strike(going, signal.SIGINT, True, 1)
    (sentence,) = said_by(going)
    assert sentence.startswith("fuzzer: stopped; what is finished is kept in")
    assert going.returncode == 130


@pytest.mark.parametrize(("typed", "status"), [(b"\x03", 130), (None, 129)])
def test_on_a_terminal(typed: bytes | None, status: int, tmp_path: Path) -> None:
    """Ctrl-C is typed, or the terminal is closed."""
    mark = tmp_path / "mark"
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"PAUSE": "run_families:Simple.draw", "PAUSED": str(mark), "PAUSE_SECONDS": "0.5"}
        os.environ["PYTHONPATH"] = os.pathsep.join([str(PAUSED), str(ROOT)])
        told = command("SIMPLE", tmp_path / "run", *SMALL, "--workers", "2")
        os.execv(told[0], told)
    wait_for(mark.exists)
    shown = b""
    if typed:
        os.write(terminal, typed)
        with suppress(OSError):  # as Linux says that the other end is closed
            while more := os.read(terminal, 10_000):
                shown += more
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status
    assert b"Traceback" not in shown
    assert not typed or shown.rstrip().endswith(b"goes on from there")
    wait_for(lambda: not members(child))


def test_moments(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    """Runs that are stopped at seeded moments and started again, each from what the one before has left."""
    out = tmp_path / "run"
    told = command("SIMPLE", out, *SMALL, "--workers", "2")
    begun = time.monotonic()
    assert not said_by(begin(told))
    duration = time.monotonic() - begun
    shutil.rmtree(out)
    for moment in range(MOMENTS):
        draw = Random(moment)
        going = begin(told)
        time.sleep(0.3 + draw.uniform(0, 1) * duration)  # Python itself takes its time to start
        number, group, times = draw.choice(KINDS)
        strike(going, number, group, times)
        said = said_by(going)
        assert going.returncode in (0, 128 + number), (moment, said)
        assert [line[:15] for line in said] == ["fuzzer: stopped"] * bool(going.returncode), (moment, said)
        if going.returncode == 0:
            assert contents(out) == undisturbed
            shutil.rmtree(out)
    make(out)
    assert contents(out) == undisturbed
