from __future__ import annotations

import random
from collections import Counter

import pytest

from fuzzer.base.split import SPLITS, files_per_split, split_of


@pytest.mark.parametrize(
    ("shards", "expected"),
    [
        (1, {"train": 1}),
        (2, {"train": 1, "test": 1}),
        (3, {"train": 1, "validation": 1, "test": 1}),
        (20, {"train": 18, "validation": 1, "test": 1}),
        (40, {"train": 36, "validation": 2, "test": 2}),
        (1000, {"train": 900, "validation": 50, "test": 50}),
    ],
)
def test_files_per_split(shards: int, expected: dict[str, int]) -> None:
    assert files_per_split(shards) == expected


@pytest.mark.parametrize("shards", range(1, 200))
def test_every_shard_has_a_split(shards: int) -> None:
    files = files_per_split(shards)
    assert sum(files.values()) == shards
    assert min(files.values()) >= 1


def test_shares() -> None:
    draw = random.Random(0)
    counts = Counter(split_of(draw.randbytes(16)) for _ in range(20_000))
    shares = [counts[split] / 20_000 for split in SPLITS]
    assert shares == pytest.approx([0.9, 0.05, 0.05], abs=0.006)


def test_bounds_are_fixed() -> None:
    # Rows of runs made years apart are joined; these three may never change.
    assert split_of(bytes.fromhex("0ccccccb") + b"\xff" * 12) == "test"
    assert split_of(bytes.fromhex("0ccccccc") + bytes(12)) == "validation"
    assert split_of(bytes.fromhex("19999998") + bytes(12)) == "train"
