"""Which split a row belongs to, and how many files each split gets."""

from __future__ import annotations

from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

TEST = 0x0CCCCCCC
VALIDATION = 2 * TEST
"""Bounds on the first 32 bits of a structure: 5 % and 5 %. They are the same in every run and for ever, so
runs that are joined put no structure in two splits. Another JAX may give a program another structure and hence another
split: `notes/versions.md` says why nothing that is the same under both would do."""

SHARE = 0.05


def split_of(structure: bytes) -> Split:
    """The split of a structure's 16-byte fingerprint; it depends on nothing else."""
    head = int.from_bytes(structure[:4], "big")
    if head < TEST:
        return "test"
    return "validation" if head < VALIDATION else "train"


def files_per_split(shards: int) -> dict[Split, int]:
    """How many of a run's shards each split gets; a split without one is left out.

    >>> files_per_split(20), files_per_split(2), files_per_split(1)
    ({'train': 18, 'validation': 1, 'test': 1}, {'train': 1, 'test': 1}, {'train': 1})
    """
    if shards == 1:
        return {"train": 1}
    if shards == 2:
        return {"train": 1, "test": 1}
    held_out = max(1, round(SHARE * shards))
    return {"train": shards - 2 * held_out, "validation": held_out, "test": held_out}
