"""Which rows of a run are kept: the coordinator's one decision, taken on fingerprints in index order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from fuzzer.block import BlockKeys
from fuzzer.keys import KEY, KeyCounts
from fuzzer.split import Split, split_of

PATIENCE = 100
"""Blocks in a row that may add nothing before the run says so and ends."""


class Piece(NamedTuple):
    """Rows of one block, by position."""

    block: int
    positions: bytes


class Selection:
    """Keeps the lowest index of every id, the first few of every structure, and stops when there are enough.

    Blocks come in order, so what is kept depends on their content alone. At most 64 bytes a row are held.
    """

    def __init__(self, target: int, size: int, per_structure: int, splits: Sequence[Split]) -> None:
        self.target = target
        self.size = size
        self.per_structure = per_structure
        self.pieces: dict[Split, list[Piece]] = {split: [] for split in splits}
        self.blocks = self.rows = self.draws = self.duplicates = self.crowded = self.left_out = self.surplus = 0
        self.rejects: Counter[tuple[str, str]] = Counter()
        self.rejecting: list[int] = []
        self.barren = 0
        self._ids = KeyCounts()
        self._structures = KeyCounts()

    @property
    def full(self) -> bool:
        return self.rows >= self.target

    @property
    def exhausted(self) -> bool:
        """The grammar seems to have no more new rows."""
        return self.barren >= PATIENCE

    def blocks_wanted(self) -> int:
        """An estimate of how many more blocks it takes."""
        each = self.rows / self.blocks if self.rows else self.size
        return math.ceil((self.target - self.rows) / each)

    def take(self, keys: BlockKeys) -> int:
        """Takes the next block and returns how many of its rows it keeps."""
        self.blocks += 1
        self.draws += keys.draws
        self.duplicates += keys.duplicates
        self.crowded += keys.crowded
        self.rejects.update(keys.rejects)
        if keys.rejects:
            self.rejecting.append(keys.number)
        before = self.rows
        self._keep(keys)
        self.barren = 0 if self.rows > before else self.barren + 1
        return self.rows - before

    def _keep(self, keys: BlockKeys) -> None:
        kept: dict[Split, bytearray] = {split: bytearray() for split in self.pieces}
        for position in range(len(keys)):
            key = slice(position * KEY, position * KEY + KEY)
            split = self._judge(keys.ids[key], keys.structures[key])
            if split is not None:
                kept[split].append(position)
        for split, positions in kept.items():
            if positions:
                self.pieces[split].append(Piece(keys.number, bytes(positions)))

    def _judge(self, id_: bytes, structure: bytes) -> Split | None:
        """The split a row is kept for, or None; counted either way."""
        split = split_of(structure)
        if self.full:
            self.surplus += 1
        elif self._ids[id_]:
            self.duplicates += 1
        elif self._structures[structure] >= self.per_structure:
            self.crowded += 1
        elif split not in self.pieces:
            self.left_out += 1
        else:
            self._ids.add(id_)
            self._structures.add(structure)
            self.rows += 1
            return split
        return None


def cut(pieces: Sequence[Piece], files: int) -> list[list[Piece]]:
    """Divides rows over files, in order and evenly: where it must be, the first files have one more."""
    rows = sum(len(piece.positions) for piece in pieces)
    sizes = [rows // files + (file < rows % files) for file in range(files)]
    result: list[list[Piece]] = [[] for _ in range(files)]
    file, room = 0, sizes[0]
    for piece in pieces:
        positions = piece.positions
        while positions:
            while not room:
                file, room = file + 1, sizes[file + 1]
            part, positions = positions[:room], positions[room:]
            result[file].append(Piece(piece.block, part))
            room -= len(part)
    return result
