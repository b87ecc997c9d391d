from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzer.keys import MOST, KeyCounts

few_keys = st.integers(0, 40).map(lambda n: random.Random(n).randbytes(16))
odd_keys = st.binary(min_size=16, max_size=16)


@settings(deadline=None)
@given(st.lists(few_keys | odd_keys, max_size=300))
def test_counts_as_a_dictionary_does(keys: list[bytes]) -> None:
    counts, table = Counter[bytes](), KeyCounts()
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


def test_small_for_many_keys() -> None:
    draw, table = random.Random(0), KeyCounts()
    for _ in range(60_000):
        table.add(draw.randbytes(16))
    assert len(table) == 60_000
    assert table.nbytes < 29 * 60_000
