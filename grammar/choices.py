"""All randomness of a derivation: one sequence of recorded choices.

The same derivation can be fed from a seed (`Seeded`), from a record (`Replayed`) or from Hypothesis (`Drawn`),
so replay and shrinking need no code of their own. Every choice is a small non-negative integer, and 0 is
always the simplest option.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar, final

import numpy as np

T = TypeVar("T")
_BATCH = 256
_SCALE = 2.0**-64
_GRAIN = 2**16
"""Steps in which `Drawn` tells weights apart."""


class Choices(ABC):
    """A source of choices that keeps what it gave in `record`."""

    def __init__(self) -> None:
        self.record: list[int] = []

    @abstractmethod
    def below(self, bound: int) -> int:
        """An integer in [0, bound), uniform when drawn from a seed."""

    @abstractmethod
    def weighted(self, cumulative: Sequence[float]) -> int:
        """An index into `cumulative` (running sums of weights), drawn in proportion to the weights."""

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.weighted((1.0 - probability, 1.0)) == 1

    def item(self, options: Sequence[T]) -> T:
        """One of the options, all alike."""
        return options[self.below(len(options))]

    def distinct(self, bound: int, count: int) -> list[int]:
        """So many different integers in [0, bound)."""
        left = list(range(bound))
        return [left.pop(self.below(len(left))) for _ in range(count)]


@final
class Seeded(Choices):
    """Choices that are a function of (seed, index) alone: a counter-based generator keyed by the pair."""

    def __init__(self, seed: int, index: int) -> None:
        super().__init__()
        self._bits = np.random.Philox(key=np.array([seed, index], dtype=np.uint64))
        self._pending: list[int] = []

    def _next(self) -> int:
        if not self._pending:
            self._pending = self._bits.random_raw(_BATCH).tolist()
        return self._pending.pop()

    def below(self, bound: int) -> int:
        value = (self._next() * bound) >> 64
        self.record.append(value)
        return value

    def weighted(self, cumulative: Sequence[float]) -> int:
        value = bisect_right(cumulative, self._next() * _SCALE * cumulative[-1])
        value = min(value, len(cumulative) - 1)
        self.record.append(value)
        return value


@final
class Replayed(Choices):
    """Choices read back from a record; past its end, or out of bounds after an edit, the simplest option."""

    def __init__(self, record: Sequence[int]) -> None:
        super().__init__()
        self._left = iter(record)

    def below(self, bound: int) -> int:
        value = min(next(self._left, 0), bound - 1)
        self.record.append(value)
        return value

    def weighted(self, cumulative: Sequence[float]) -> int:
        return self.below(len(cumulative))


@final
class Drawn(Choices):
    """Choices drawn by a function of the bound: `lambda n: data.draw(st.integers(0, n - 1))` in Hypothesis."""

    def __init__(self, draw: Callable[[int], int]) -> None:
        super().__init__()
        self._draw = draw

    def below(self, bound: int) -> int:
        value = self._draw(bound)
        self.record.append(value)
        return value

    def weighted(self, cumulative: Sequence[float]) -> int:
        at = self._draw(_GRAIN) / _GRAIN * cumulative[-1]
        value = min(bisect_right(cumulative, at), len(cumulative) - 1)
        self.record.append(value)
        return value
