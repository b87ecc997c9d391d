"""Which ids a run has and how many rows of each structure: the only thing a run must remember of every row."""

from __future__ import annotations

from typing import Protocol

from fuzzer.keys import KEY, MEMORY, KeyCounts

KEPT, DUPLICATE, CROWDED = range(3)
"""Verdicts on a row."""


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
