from __future__ import annotations

from dataclasses import asdict

import pytest
from run_families import NARROW, PLANTED

import fuzzer.making.block
from fuzzer.families.family import FamilySpec, resolve
from fuzzer.making.block import Block, Reject, draw_block

LOST = {21: Reject(21, "timed out", "", "", "")}


def drawn(monkeypatch: pytest.MonkeyPatch, spec: FamilySpec, batch: int) -> Block:
    monkeypatch.setattr(fuzzer.making.block, "BATCH", batch)
    return draw_block(resolve(spec), 3, [13, 18, *range(19, 33)], 2, lost=LOST)


@pytest.mark.parametrize("spec", [PLANTED, NARROW])
def test_programs_of_a_batch_give_what_each_gives_alone(monkeypatch: pytest.MonkeyPatch, spec: FamilySpec) -> None:
    """Rows, rejects in the order of their draws, duplicates and crowded structures."""
    alone, together, whole = (asdict(drawn(monkeypatch, spec, batch)) for batch in (1, 5, 100))
    assert alone == together == whole


def test_a_program_that_fails_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    block = drawn(monkeypatch, PLANTED, 100)
    # 13 raises and 19 exits while it is traced, 23 and 29 are not drawn at all, 21 had taken its worker with it.
    assert [reject.index for reject in block.rejects] == [13, 19, 21, 23, 29]
    left_out = block.duplicates + block.crowded
    assert len(block.rows) + len(block.rejects) + left_out == 16
    assert len(block.rows) > 5
