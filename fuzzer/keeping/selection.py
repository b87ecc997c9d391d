"""Which rows of a run are kept: the coordinator's one decision, taken on fingerprints in index order."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fuzzer.base.split import Split, split_of
from fuzzer.keeping.keys import KEY
from fuzzer.keeping.ledger import DUPLICATE, KEPT, Ledger, OwnLedger
from fuzzer.making.block import BlockKeys

PATIENCE = 100
"""Blocks in a row that may add nothing before the run says so and ends."""


class Piece(NamedTuple):
    """Rows of one block, by position."""

    block: int
    positions: bytes


class Pieces:
    """Pieces in the order in which they were added: little more than a byte a row, where objects take eight."""

    def __init__(self) -> None:
        self.rows = 0
        self._blocks = array("q")
        self._sizes = array("B")
        self._positions = bytearray()

    def add(self, piece: Piece) -> None:
        self.rows += len(piece.positions)
        self._blocks.append(piece.block)
        self._sizes.append(len(piece.positions))
        self._positions += piece.positions

    def __iter__(self) -> Iterator[Piece]:
        begin = 0
        for block, size in zip(self._blocks, self._sizes, strict=True):
            yield Piece(block, bytes(self._positions[begin : begin + size]))
            begin += size


class Selection:
    """Keeps the lowest index of every id, the first few of every structure, and stops when there are enough.

    Blocks come in order, so what is kept depends on their content alone. At most 64 bytes a row are held.
    """

    def __init__(
        self, target: int, size: int, per_structure: int, splits: Sequence[Split], ledger: Ledger | None = None
    ) -> None:
        self.target = target
        self.size = size
        self.pieces: dict[Split, Pieces] = {split: Pieces() for split in splits}
        self.blocks = self.rows = self.draws = self.duplicates = self.crowded = self.left_out = self.surplus = 0
        self.rejects: Counter[tuple[str, str]] = Counter()
        self.rejecting: list[int] = []
        self.barren = 0
        self._ledger = ledger or OwnLedger(per_structure)

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
        splits = [split_of(keys.structures[begin : begin + KEY]) for begin in range(0, len(keys.structures), KEY)]
        verdicts = iter(self._judge(keys, [split in kept for split in splits]))
        for position, split in enumerate(splits):
            verdict = next(verdicts) if split in kept else KEPT
            if self.full:
                self.surplus += 1
            elif split not in kept:
                self.left_out += 1
            elif verdict == KEPT:
                kept[split].append(position)
                self.rows += 1
            else:
                self.duplicates += verdict == DUPLICATE
                self.crowded += verdict != DUPLICATE
        for split, positions in kept.items():
            if positions:
                self.pieces[split].add(Piece(keys.number, bytes(positions)))

    def _judge(self, keys: BlockKeys, wanted: Sequence[bool]) -> bytes:
        """Verdicts on the rows that are wanted: the others are not remembered, so they stand in nobody's way."""
        places = [slice(row * KEY, row * KEY + KEY) for row, each in enumerate(wanted) if each]
        ids = b"".join(keys.ids[place] for place in places)
        return self._ledger.judge(ids, b"".join(keys.structures[place] for place in places))

    def close(self) -> None:
        """Forgets all keys: no more blocks will come."""
        self._ledger.close()


def cut(pieces: Iterable[Piece], rows: int, files: int) -> Iterator[list[Piece]]:
    """Divides so many rows over files, in order and evenly: where it must be, the first files have one more."""
    sizes = (rows // files + (file < rows % files) for file in range(files))
    room, part = next(sizes), list[Piece]()
    for block, positions in pieces:
        rest = positions
        while len(rest) > room:
            yield [*part, *_piece(block, rest[:room])]
            rest, room, part = rest[room:], next(sizes), []
        part += _piece(block, rest)
        room -= len(rest)
    yield part
    yield from ([] for _ in sizes)


def _piece(block: int, positions: bytes) -> list[Piece]:
    return [Piece(block, positions)] if positions else []
