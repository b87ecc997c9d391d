"""What is said of one thing, of none and of several, and of what differs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from runs import make

from fuzzer.base import markdown
from fuzzer.reports.verify import Promise
from fuzzer.run import folder
from fuzzer.run.progress import Lines, State
from fuzzer.run.run import Summary

COUNTS = (0, 1, 2)


def agrees(text: str) -> bool:
    """Whether no number stands before a thing in the wrong number."""
    return not re.search(r"(?<![\d.,])1 (rows|duplicates|rejects|blocks|shards|workers|cores)\b", text)


@pytest.mark.parametrize("rows", COUNTS)
@pytest.mark.parametrize("dropped", COUNTS)
@pytest.mark.parametrize("fresh", [0, 1])
def test_the_end_of_a_run(rows: int, dropped: int, fresh: int) -> None:
    text = Summary("run", rows, dropped, dropped, fresh, 1.0, 1).text()
    assert agrees(text)
    assert f"{dropped} duplicate{'s' * (dropped != 1)} and" in text


def test_a_run_of_one_of_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines(sys.stderr)
    state = State(duplicates=1, rows=1, target=1)
    state.rejects["a", "b"] += 1
    shown.show(state)
    assert agrees(capsys.readouterr().err.replace("1/1 rows", ""))
    make(tmp_path / "run", shards=1, rows_per_shard=1, per_structure=1)
    text = (tmp_path / "run" / "README.md").read_text()
    assert agrees(text)
    assert "No two rows have one `id` or one `structure`, and" in text


def test_rejects_are_said_to_be_where_they_are() -> None:
    assert markdown.rejects([]) == "No draw was rejected."
    entry = {"reason": "no operand", "production": "", "count": 1}
    assert markdown.rejects([entry]).endswith("\n\nThey are in `rejects.parquet`.")


DIFFERENCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "seed (7, not 8)": ({"seed": 7}, {"seed": 8}),
    "shards of programs (2, not 3)": (
        {"families": {"programs": {"shards": 2}}},
        {"families": {"programs": {"shards": 3}}},
    ),
    "version of jax (0.10.2, not 0.12.0)": ({"versions": {"jax": "0.10.2"}}, {"versions": {"jax": "0.12.0"}}),
    "worker_memory (512, not 1024)": ({"limits": {"worker_memory": 512}}, {"limits": {"worker_memory": 1024}}),
    "seed (none, not 0)": ({}, {"seed": 0}),
    "block (1, not 2) and seed (1, not 2)": ({"seed": 1, "block": 1}, {"seed": 2, "block": 2}),
}


@pytest.mark.parametrize("said", DIFFERENCES)
def test_what_differs_between_two_runs(said: str) -> None:
    assert folder.difference(*DIFFERENCES[said]) == said


def test_a_promise_about_one_thing() -> None:
    assert str(Promise("a", 1)) == "ok      a (1 checked)"
    assert str(Promise("a", 1, ["x"])) == "BROKEN  a (1 of 1: x)"
