"""The collector of garbage is a worker's where it is asked for, and the process's own again afterwards."""

from __future__ import annotations

import gc
from pathlib import Path

import fuzzer.making
from fuzzer.base.environment import COLLECTION, collecting_rarely


def test_what_outlives_a_whole_collection_is_not_looked_at_again() -> None:
    usual, callbacks = gc.get_threshold(), list(gc.callbacks)
    with collecting_rarely():
        assert gc.get_threshold() == COLLECTION
        kept = [[] for _ in range(1000)]
        frozen = gc.get_freeze_count()
        gc.collect(1)
        assert gc.get_freeze_count() <= frozen  # fewer where some of these were freed
        gc.collect()
        assert gc.get_freeze_count() >= frozen + len(kept)
    assert (gc.get_threshold(), gc.callbacks) == (usual, callbacks)
    frozen = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() <= frozen


def test_what_makes_blocks_leaves_the_collector_alone() -> None:
    for path in Path(fuzzer.making.__file__).parent.glob("*.py"):
        assert "import gc" not in path.read_text(), path
