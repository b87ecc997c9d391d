from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzer.keeping.keys import MEMORY, MOST, KeyCounts

few_keys = st.integers(0, 40).map(lambda n: random.Random(n).randbytes(16))
odd_keys = st.binary(min_size=16, max_size=16)


@settings(deadline=None)
@given(st.lists(few_keys | odd_keys, max_size=300), st.sampled_from([0, 20_000, MEMORY]))
def test_counts_as_a_dictionary_does(keys: list[bytes], memory: int) -> None:
    counts, table = Counter[bytes](), KeyCounts(memory)
    for key in keys:
        counts[key] += 1
        assert table.add(key) == counts[key]
    assert len(table) == len(counts)
    assert all(table[key] == counts[key] for key in keys)
    assert table[bytes(15) + b"?"] == counts[bytes(15) + b"?"]


def test_zero_key_is_a_key() -> None:
    table = KeyCounts()
    assert table[bytes(16)] == 0
    assert table.add(bytes(16)) == 1
    assert table[bytes(16)] == 1


def test_counts_stop_at_the_most() -> None:
    table = KeyCounts()
    assert [table.add(b"k" * 16) for _ in range(300)][-1] == MOST


@pytest.mark.parametrize("memory", [0, 500_000, MEMORY])
def test_small_for_many_keys(memory: int) -> None:
    draw, table = random.Random(0), KeyCounts(memory)
    keys = [draw.randbytes(16) for _ in range(60_000)]
    assert {table.add(key) for key in keys} == {1}
    assert len(table) == 60_000
    assert {table[key] for key in keys} == {1}
    assert not any(table[key[::-1]] for key in keys)
    assert table.nbytes + table.spilled < 26 * 60_000
    assert table.nbytes <= max(memory, 30_000)
    assert (table.spilled > 0) == (memory != MEMORY)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([2**64 - 1, 7 << 56]), max_size=60, unique=True))
def test_keys_that_crowd_are_found_after_growth(homes: list[int]) -> None:
    """All in one part and many for one place, so that rows of taken slots run over the end of the table."""
    keys = [
        bytes([number % 256, 0]) + bytes(6) + (home | 15).to_bytes(8, "little") for number, home in enumerate(homes)
    ]
    counts, table = Counter[bytes](), KeyCounts()
    for key in keys * 3:
        counts[key] += 1
        assert table.add(key) == counts[key]
    assert all(table[key] == count for key, count in counts.items())
