from __future__ import annotations

import json

import pytest
from run_families import SIMPLE

import fuzzer.reports.bench
from fuzzer.families.programs import programs
from fuzzer.reports.bench import as_json, as_text, bench


def test_figures_have_their_keys_and_add_up() -> None:
    cost = bench(SIMPLE, 0, 30)
    figures = json.loads(as_json(cost))
    assert set(figures) == {"floor_ms", "pipeline_ms", "ratio", "stages", "rows"}
    assert 20 <= figures["rows"] <= 30
    assert figures["ratio"] == pytest.approx(figures["pipeline_ms"] / figures["floor_ms"], rel=0.01)
    assert sum(figures["stages"].values()) == pytest.approx(figures["pipeline_ms"], rel=0.01)
    stages = "forget draw trace fingerprint lower print source map record block file shard file"
    assert stages.split() == " ".join(figures["stages"]).split()


def test_text_names_every_stage() -> None:
    cost = bench(SIMPLE, 1, 5)
    assert all(f"| {stage} |" in as_text(cost) for stage in cost.stages)


def test_programs_of_the_grammar_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their parameters are like: one of these programs has one with a default, which no input is for."""
    monkeypatch.setattr(fuzzer.reports.bench, "WARM_UP", 1)
    assert bench(programs("default"), 2, 20).rows == 20
