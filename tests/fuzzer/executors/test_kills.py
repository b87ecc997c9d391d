"""Fifty runs whose processes are killed at random moments: the same command always ends with the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from nursery import OPTIONS
from runs import HERE, ROOT, children, contents, make

from fuzzer.storage.store import at

KILLS = int(os.environ.get("KILLS", "25"))
"""Moments at which a run is killed; 100 every night."""


class Nursery:
    """Starts runs at once."""

    def __init__(self) -> None:
        here = HERE / "nursery.py"
        self._process = subprocess.Popen(
            [sys.executable, str(here)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)])},
        )

    def start(self, out: Path) -> int:
        """The process that coordinates a run, which leads a group of its own."""
        assert self._process.stdin
        print(json.dumps(str(out)), file=self._process.stdin, flush=True)
        return self._answer()

    def ended(self) -> int:
        """Waits for the run and gives its exit status, or minus the signal that killed it."""
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="module")
def duration(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that a run takes here and now: kills are spread over somewhat more."""
    begun = time.monotonic()
    nursery.start(tmp_path_factory.mktemp("measured") / "run")
    assert nursery.ended() == 0
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    make(out, **OPTIONS)
    return contents(out)


def wait_for_end_of(group: int) -> None:
    """Forked workers share their parent's lock for the moment by which they outlive it; spawned ones do not."""
    with suppress(ProcessLookupError):
        while True:
            os.killpg(group, 0)
            time.sleep(0.01)


@pytest.mark.parametrize("moment", range(KILLS))
def test_same_bytes(
    moment: int, nursery: Nursery, duration: float, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    draw, out = Random(moment), tmp_path / "run"
    coordinator = nursery.start(out)
    time.sleep(draw.uniform(0, 1.1) * duration)
    victims = [coordinator] if moment % 2 else children(coordinator)
    for victim in draw.sample(victims, min(len(victims), draw.randint(1, 2))):
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    if nursery.ended() != 0:
        wait_for_end_of(coordinator)
        nursery.start(out)
        assert nursery.ended() == 0
    assert contents(out) == undisturbed
    assert at(out).top() == ["README.md", "manifest.json", "programs", "rejects.parquet"]
