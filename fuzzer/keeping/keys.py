"""How often each 128-bit key was seen, in under 30 bytes a key, in memory or beyond it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import numpy as np

from processes import services

KEY = 16
"""Bytes of a key."""

PARTS = 128
FULL = 0.8
GROWTH = 1.15
MOST = 255
PIECE = 2**20

MEMORY = 2**62
"""Bytes of a table that stay in memory unless it is told otherwise: all of them."""


class KeyCounts:
    """A multiset of 16-byte keys, each counted up to 255.

    >>> seen = KeyCounts()
    >>> seen.add(bytes(16)), seen.add(bytes(16)), seen[bytes(16)], len(seen)
    (1, 2, 2, 1)

    Keys have to be evenly spread, as fingerprints are. A dictionary needs about 150 bytes a key; this needs
    17 / 0.8 to 17 / 0.69, and hardly more while it grows, because its 128 parts grow one at a time. Once it holds
    `memory` bytes, parts that grow move to unnamed files that the system maps, and writes out where memory is
    needed: a look-up is then one read of the disk at worst, and a killed process leaves nothing behind.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._parts = [_Part(_in_memory(_bytes(8))) for _ in range(PARTS)]

    def add(self, key: bytes) -> int:
        """Counts the key once more and returns its count."""
        # Not the first byte: where keys are divided among processes, each has but a range of it.
        number = key[1] % PARTS
        part = self._parts[number]
        if part.used >= FULL * part.size:
            part = self._parts[number] = part.grown(self._allocate)
        return part.add(key)

    def _allocate(self, size: int) -> _Space:
        return _in_memory(size) if self.nbytes + size <= self._memory else _in_file(size)

    def __getitem__(self, key: bytes) -> int:
        return self._parts[key[1] % PARTS].get(key)

    def __len__(self) -> int:
        return sum(part.used for part in self._parts)

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return sum(len(part.space.buffer) for part in self._parts if not part.space.spilled)

    @property
    def spilled(self) -> int:
        """Bytes held in files."""
        return sum(len(part.space.buffer) for part in self._parts if part.space.spilled)


class _Space(NamedTuple):
    """Memory of a part; mapped, so that what a smaller part leaves goes back to the system and not into a heap."""

    buffer: mmap.mmap
    spilled: bool


def _in_memory(size: int) -> _Space:
    return _Space(mmap.mmap(-1, size, access=mmap.ACCESS_COPY), False)


def _in_file(size: int) -> _Space:
    with services.temporary() as file:
        _reserve(file, size)
        return _Space(mmap.mmap(file.fileno(), size), True)


def _reserve(file: BinaryIO, size: int) -> None:
    """Room on the disk, not the mere promise of it: on a full one this says so, where a hole that is mapped would kill
    the process."""
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and services.full(error):
            raise
        for begin in range(0, size, PIECE):  # a system or a file system that cannot do it at once
            file.write(bytes(min(PIECE, size - begin)))
        file.flush()


def _bytes(slots: int) -> int:
    return slots * (KEY + 1)


class _Part:
    """Open addressing with linear probing: the counts of all slots, 0 for a free one, and then the keys."""

    __slots__ = ("buffer", "size", "space", "used")

    def __init__(self, space: _Space) -> None:
        self.space = space
        self.buffer = space.buffer
        self.size = len(space.buffer) // (KEY + 1)
        self.used = 0

    def slot(self, key: bytes) -> int:
        """Where the key is, or the free slot where it would go."""
        buffer, size = self.buffer, self.size
        slot = int.from_bytes(key[8:], "little") % size
        while buffer[slot]:
            begin = size + slot * KEY
            if buffer[begin : begin + KEY] == key:
                break
            slot = (slot + 1) % size
        return slot

    def get(self, key: bytes) -> int:
        return self.buffer[self.slot(key)]

    def add(self, key: bytes, times: int = 1) -> int:
        slot, buffer = self.slot(key), self.buffer
        if not buffer[slot]:
            begin = self.size + slot * KEY
            buffer[begin : begin + KEY] = key
            self.used += 1
        buffer[slot] = min(MOST, buffer[slot] + times)
        return buffer[slot]

    def grown(self, allocate: Callable[[int], _Space]) -> _Part:
        """A larger part with the same keys.

        Put in by order of the slots they belong in, each goes to its own or, where that is taken, right behind
        the one before: so all places are known at once, but for those that run over the end.
        """
        bigger = _Part(allocate(_bytes(int(self.size * GROWTH) + 8)))
        counts, keys = self._arrays()
        taken = np.flatnonzero(counts)
        counts, keys = counts[taken], keys[taken]
        homes = (keys[:, KEY // 2 :].copy().view("<u8")[:, 0] % np.uint64(bigger.size)).astype(np.int64)
        order = np.argsort(homes, kind="stable")
        places = np.arange(len(order)) + np.maximum.accumulate(homes[order] - np.arange(len(order)))
        inside = int(np.searchsorted(places, bigger.size))
        new_counts, new_keys = bigger._arrays()
        new_counts[places[:inside]] = counts[order[:inside]]
        new_keys[places[:inside]] = keys[order[:inside]]
        bigger.used = inside
        for number in order[inside:]:
            bigger.add(keys[number].tobytes(), int(counts[number]))
        return bigger

    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Counts and keys, as views."""
        everything = np.frombuffer(self.buffer, np.uint8)
        return everything[: self.size], everything[self.size :].reshape(self.size, KEY)
