"""One command makes all again that is stale, says why, and does nothing where nothing is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / ".ci"))

import remake
from remake import Derived, Release

HERE, ELSEWHERE = remake.releases()[:: 1 if remake.releases()[0].is_here else -1]


class Thing:
    """Something derived that is made again in no time."""

    def __init__(self, name: str, release: Release = HERE, why: str = "") -> None:
        self.why, self.times = why, 0
        self.derived = Derived(name, release, lambda: self.why, self._remake)

    def _remake(self) -> str:
        self.why = ""
        self.times += 1
        return "it is new"


def say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], things: list[Thing], *options: str
) -> tuple[int, list[str]]:
    """Exit status and lines of the command."""
    monkeypatch.setattr(sys, "argv", ["remake.py", *options])
    monkeypatch.setattr(remake, "derived", lambda: iter([thing.derived for thing in things]))
    return remake.main(), capsys.readouterr().out.splitlines()


def test_the_second_time_nothing_is_stale(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    things = [Thing("proofs", why="control changed"), Thing("the sample")]
    told = say(monkeypatch, capsys, things)
    assert told == (0, ["proofs: made again, as control changed ...", "  it is new"])
    assert say(monkeypatch, capsys, things)[1][0].startswith("nothing is stale")
    assert [thing.times for thing in things] == [1, 0]


def test_a_check_is_one_sentence_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    things = [Thing("proofs", why="control changed"), Thing("the sample", why="pde changed"), Thing("texts")]
    status, lines = say(monkeypatch, capsys, things, "--check")
    assert status == 1
    assert lines == [
        "stale: proofs (control changed); the sample (pde changed): run `python .ci/remake.py` under "
        f"{HERE.python} with constraints/{HERE.file.name}"
    ]
    assert [thing.times for thing in things] == [0, 0, 0]
    assert say(monkeypatch, capsys, things[2:], "--check")[0] == 0


def test_what_needs_another_release_is_left_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    things = [Thing("proofs", ELSEWHERE, "control changed"), Thing("the sample", why="pde changed")]
    status, lines = say(monkeypatch, capsys, things)
    assert status == 1
    assert lines[0].endswith(f"run this under {ELSEWHERE.python} with constraints/{ELSEWHERE.file.name}")
    assert [thing.times for thing in things] == [0, 1]


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("lowering/fingerprint.py", ["lowering"]),
        ("grammar/values/dims.py", ["grammar"]),
        ("fuzzer/making/rows.py", ["fuzzer"]),
        ("fuzzer/reports/bench.py", []),
        ("grammar/proof/interpret.py", []),
    ],
)
def test_the_sample_depends_on_what_decides_its_rows(
    file: str, changed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read = remake.made_of(), Path.read_bytes
    ending = f"/{file}"
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"\nX = 1\n" * path.as_posix().endswith(ending))
    after = remake.made_of()
    assert [name for name in after if after[name] != before[name]] == changed
