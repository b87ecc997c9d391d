"""Dimension patterns run both ways: what they infer from a shape builds that shape again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grammar.values.dims import Dims, broadcast

PATTERNS = [
    "",
    "n",
    "m n",
    "*s",
    "*a n",
    "n *b",
    "*a n *b",
    "b *s n",
    "n n",
    "m+n",
    "*a m+n",
    "n 3",
    "*a n *b m",
    "n+n",
]
shapes = st.lists(st.integers(1, 6), max_size=5).map(tuple)


@given(st.sampled_from(PATTERNS), shapes)
def test_every_match_builds_the_shape(text, shape):
    pattern = Dims.parse(text)
    for binding in pattern.matches(shape, {}):
        assert pattern.build(binding) == shape
        assert not pattern.unbound(binding)


@given(st.sampled_from(PATTERNS), st.data())
def test_what_is_built_matches(text, data):
    pattern = Dims.parse(text)
    binding = {
        name: data.draw(shapes) if name in pattern.stars else data.draw(st.integers(2, 6)) for name in pattern.names
    }
    shape = pattern.build(binding)
    assert any(found.items() >= binding.items() for found in pattern.matches(shape, {}))
    assert pattern.matches(shape, binding) == [binding]


@given(shapes, shapes)
def test_broadcast_is_numpys(left, right):
    import numpy as np

    try:
        expected = np.broadcast_shapes(left, right)
    except ValueError:
        expected = None
    assert broadcast(left, right) == expected


def test_broadcasting_operands_join():
    pattern = Dims.parse("*#s")
    (binding,) = pattern.matches((4, 1), {})
    (joined,) = pattern.matches((3,), binding)
    assert joined["s"] == (4, 3)
    assert pattern.matches((5, 1), {"s": (4, 3)}) == []


def test_a_wanted_shape_does_not_grow():
    pattern = Dims.parse("*#s")
    assert pattern.matches((4, 3), {"s": (4, 1)}, bounded=True) == []
    assert pattern.matches((1,), {"s": (4, 3)}, bounded=True) == [{"s": (4, 3)}]


def test_a_named_dimension_has_two_elements_at_least():
    assert Dims.parse("n").matches((1,), {}) == []


@pytest.mark.parametrize("text", ["*", "n-1", "*#", "2n", "n++m", "N"])
def test_malformed_patterns_are_refused(text):
    with pytest.raises(ValueError, match="no dimension"):
        Dims.parse(text)
