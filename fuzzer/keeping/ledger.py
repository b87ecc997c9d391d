"""Which ids a run has and how many rows of each structure: the only thing a run must remember of every row."""

from __future__ import annotations

import math
from typing import Protocol

from fuzzer.base.errors import Lost, LostKeys
from fuzzer.executors.base import Actor, Executor
from fuzzer.keeping.keys import KEY, MEMORY, KeyCounts

KEPT, DUPLICATE, CROWDED = range(3)
"""Verdicts on a row."""

ROWS_PER_ACTOR = 10**8
"""Rows whose keys one process remembers: about 5 GB."""

_MOST_ACTORS = 256


class Ledger(Protocol):
    """Judges rows in the order in which they come."""

    def judge(self, ids: bytes, structures: bytes) -> bytes:
        """A verdict for each row; those that are kept are remembered."""
        ...

    def close(self) -> None: ...


class OwnLedger:
    """A ledger in this process."""

    def __init__(self, per_structure: int, memory: int = MEMORY) -> None:
        self._per_structure = per_structure
        self._ids = KeyCounts(memory // 2)
        self._structures = KeyCounts(memory // 2)

    def judge(self, ids: bytes, structures: bytes) -> bytes:
        places = (slice(begin, begin + KEY) for begin in range(0, len(ids), KEY))
        return bytes(self._judge(ids[place], structures[place]) for place in places)

    def _judge(self, id_: bytes, structure: bytes) -> int:
        if self._ids[id_]:
            return DUPLICATE
        if self._structures[structure] >= self._per_structure:
            return CROWDED
        self._ids.add(id_)
        self._structures.add(structure)
        return KEPT

    def close(self) -> None:
        self._ids, self._structures = KeyCounts(), KeyCounts()

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return self._ids.nbytes + self._structures.nbytes

    @property
    def spilled(self) -> int:
        """Bytes held in files."""
        return self._ids.spilled + self._structures.spilled


class DividedLedger:
    """A ledger divided over actors by the first byte of the structure. An id has one structure, so what one actor says
    never depends on another."""

    def __init__(self, actors: list[Actor]) -> None:
        self._actors = actors

    def judge(self, ids: bytes, structures: bytes) -> bytes:
        """Raises LostKeys where an actor was lost."""
        owners = [first * len(self._actors) // 256 for first in structures[::KEY]]
        mine = {owner: [row for row, each in enumerate(owners) if each == owner] for owner in set(owners)}
        asked = [
            self._actors[owner].call("judge", _rows(ids, rows), _rows(structures, rows)) for owner, rows in mine.items()
        ]
        verdicts = bytearray(len(owners))
        try:
            for rows, answer in zip(mine.values(), asked, strict=True):
                for row, verdict in zip(rows, answer.result(), strict=True):
                    verdicts[row] = verdict
        except Lost:
            raise LostKeys from None
        return bytes(verdicts)

    def close(self) -> None:
        for actor in self._actors:
            actor.end()


def _rows(keys: bytes, rows: list[int]) -> bytes:
    return b"".join(keys[row * KEY : row * KEY + KEY] for row in rows)


def ledger(executor: Executor, rows: int, per_structure: int, memory: int) -> Ledger:
    """What remembers the keys of so many rows, at most: in this process, or, of more than it could hold, divided over
    the machines of the executor. `memory` is in bytes and of each process."""
    count = min(_MOST_ACTORS, math.ceil(rows / ROWS_PER_ACTOR))
    actors = executor.actors(count, OwnLedger, per_structure, memory) if count > 1 else []
    return DividedLedger(actors) if actors else OwnLedger(per_structure, memory)
