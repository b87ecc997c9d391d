from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzer.base.split import SPLITS, Split, split_of
from fuzzer.keeping.selection import Piece, Selection, cut
from fuzzer.making.block import BlockKeys


def key(number: int, kind: int) -> bytes:
    """Keys spread over all splits."""
    return (number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big") + bytes([kind] * 8)


def block(number: int, rows: list[tuple[int, int]]) -> BlockKeys:
    # An id decides its structure, as a JAXPR does.
    ids = b"".join(key(structure * 1000 + variant, 1) for structure, variant in rows)
    structures = b"".join(key(structure, 2) for structure, _ in rows)
    return BlockKeys(number, 100, ids, structures, 0, 0, Counter(), fresh=True, memory=0, cpu=0.0)


blocks = st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30), max_size=8)


@settings(deadline=None)
@given(blocks, st.integers(1, 60), st.integers(1, 5), st.sampled_from([SPLITS, ("train",)]))
def test_keeps_what_a_plain_account_keeps(
    drawn: list[list[tuple[int, int]]], target: int, most: int, splits: tuple[Split, ...]
) -> None:
    selection = Selection(target, 100, most, splits)
    for number, rows in enumerate(drawn):
        selection.take(block(number, rows))
    seen: set[tuple[int, int]] = set()
    crowd: Counter[int] = Counter()
    expected: dict[str, list[tuple[int, int]]] = {split: [] for split in splits}
    for number, rows in enumerate(drawn):
        for position, (structure, variant) in enumerate(rows):
            split = split_of(key(structure, 2))
            full = len(seen) == target
            if full or (structure, variant) in seen or crowd[structure] >= most or split not in splits:
                continue
            seen.add((structure, variant))
            crowd[structure] += 1
            expected[split].append((number, position))
    found = {
        split: [(piece.block, position) for piece in pieces for position in piece.positions]
        for split, pieces in selection.pieces.items()
    }
    assert found == expected
    counted = selection.rows + selection.duplicates + selection.crowded + selection.left_out
    assert counted + selection.surplus == sum(map(len, drawn))


@given(st.lists(st.integers(1, 50), max_size=12), st.integers(1, 9))
def test_cut_is_even_and_in_order(sizes: list[int], files: int) -> None:
    pieces = [Piece(number, bytes(range(size))) for number, size in enumerate(sizes)]
    parts = list(cut(pieces, sum(sizes), files))
    rows = [[(piece.block, position) for piece in part for position in piece.positions] for part in parts]
    assert [row for part in rows for row in part] == [
        (piece.block, position) for piece in pieces for position in piece.positions
    ]
    lengths = [len(part) for part in rows]
    assert len(lengths) == files
    assert max(lengths) - min(lengths) <= 1
    assert lengths == sorted(lengths, reverse=True)


def test_wants_about_as_many_blocks_as_it_needs() -> None:
    selection = Selection(1000, 100, 4, SPLITS)
    assert selection.blocks_wanted() == 10
    selection.take(block(0, [(n, 0) for n in range(50)]))
    assert selection.blocks_wanted() == 19
