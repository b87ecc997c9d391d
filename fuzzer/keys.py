"""How often each 128-bit key was seen, in under 30 bytes a key."""

from __future__ import annotations

KEY = 16
"""Bytes of a key."""

PARTS = 256
FULL = 0.8
GROWTH = 1.25
MOST = 255


class KeyCounts:
    """A multiset of 16-byte keys, each counted up to 255.

    >>> seen = KeyCounts()
    >>> seen.add(bytes(16)), seen.add(bytes(16)), seen[bytes(16)], len(seen)
    (1, 2, 2, 1)

    Keys have to be evenly spread, as fingerprints are. A dictionary needs about 150 bytes a key; this needs
    17 / 0.8 to 17 / 0.64, and hardly more while it grows, because its 256 parts grow one at a time.
    """

    def __init__(self) -> None:
        self._parts = [_Part(8) for _ in range(PARTS)]

    def add(self, key: bytes) -> int:
        """Counts the key once more and returns its count."""
        part = self._parts[key[0]]
        if part.used >= FULL * part.size:
            part = self._parts[key[0]] = part.grown()
        return part.add(key)

    def __getitem__(self, key: bytes) -> int:
        return self._parts[key[0]].get(key)

    def __len__(self) -> int:
        return sum(part.used for part in self._parts)

    @property
    def nbytes(self) -> int:
        """Bytes held by the tables."""
        return sum(len(part.keys) + len(part.counts) for part in self._parts)


class _Part:
    """Open addressing with linear probing; a count of 0 marks a free slot."""

    __slots__ = ("counts", "keys", "size", "used")

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self.keys = bytearray(size * KEY)
        self.counts = bytearray(size)

    def slot(self, key: bytes) -> int:
        """Where the key is, or the free slot where it would go."""
        slot = int.from_bytes(key[8:], "little") % self.size
        while self.counts[slot] and not self.keys.startswith(key, slot * KEY):
            slot = (slot + 1) % self.size
        return slot

    def get(self, key: bytes) -> int:
        return self.counts[self.slot(key)]

    def add(self, key: bytes, times: int = 1) -> int:
        slot = self.slot(key)
        if not self.counts[slot]:
            self.keys[slot * KEY : slot * KEY + KEY] = key
            self.used += 1
        self.counts[slot] = min(MOST, self.counts[slot] + times)
        return self.counts[slot]

    def grown(self) -> _Part:
        bigger = _Part(int(self.size * GROWTH) + 8)
        for slot, count in enumerate(self.counts):
            if count:
                bigger.add(bytes(self.keys[slot * KEY : slot * KEY + KEY]), count)
        return bigger
