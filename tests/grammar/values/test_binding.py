"""Bindings grow by what is found out, and relations change none."""

from types import MappingProxyType

import pytest

import grammar
from grammar.choices import Seeded
from grammar.rules.production import result_arrays
from grammar.values.binding import MIXED, Binding
from grammar.values.patterns import ArrayPattern
from grammar.values.types import ArrayType

TABLES = grammar.load("default").tables
RELATIONS = {p.relation: p for p in TABLES.productions if p.relation is not None}
KNOWN = [
    {},
    {"n": 6},
    {"m": 9, "n": 3},
    {"k": 12},
    {"s": (4, 6)},
    {"t": (8, 6)},
    {"s": (2, 3), "t": (6,)},
    {"a": (2,), "b": (3,)},
    {"n": 6, "k": 3},
    {"n": 6, "m": 12},
    {"out": 5},
    {"m": 4, "k": 3},
    {"m": 4, "n": 2, "k": 3, "l": 2},
]


ONCE = {"pad_ones", "tile", "broadcast_in_dim"}
"""Productions whose relation is asked once: it refuses what it has found."""


def test_what_agrees_is_kept_and_what_does_not_is_refused():
    binding = Binding({"n": 4})
    assert binding.agreeing(n=4, k=2) == Binding({"n": 4, "k": 2})
    assert binding.agreeing(n=5) is None
    assert binding.having(n=5).sizes == {"n": 5}
    assert binding == Binding({"n": 4})


def test_one_dtype_a_class_and_one_an_operand_where_they_are_promoted():
    binding = Binding({}).with_dtype("Float", "float16").with_dtype("Float", "float32")
    assert binding.dtype("Float") == "float32"
    mixed = binding.with_dtype(MIXED, "int32").with_dtype(MIXED, "float32")
    assert (mixed.dtype(MIXED), mixed.promoted) == ("int32", ("int32", "float32"))


def named(production, known):
    """Whether these are names of the production, those of stars with a shape."""
    results = [item for item in result_arrays(production.result) if isinstance(item, ArrayPattern)]
    patterns = [*production.operand_dims, *(item.dims for item in results)]
    return all(
        {name in dims.stars for dims in patterns if name in dims.names} == {isinstance(size, tuple)}
        for name, size in known.items()
    )


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: RELATIONS[relation].name)
def test_a_relation_adds_to_a_binding_and_takes_nothing_back(relation):
    """It cannot change what it is given, and asked again about what it has found, it finds nothing new."""
    tree, accepted = ArrayType("float32", (2, 3), magnitude=3.0), 0
    for known in (known for known in KNOWN if named(RELATIONS[relation], known)):
        binding = Binding(MappingProxyType(known), trees=MappingProxyType({"~C": tree}), bounded=True)
        for seed in range(8):
            try:
                found = relation(binding, Seeded(seed, 0))
            except KeyError:
                continue  # it reads what operands bind in any case
            if found is None:
                continue
            accepted += 1
            assert found.sizes.items() >= known.items()
            again = relation(found, Seeded(seed, 1))
            assert again.sizes.keys() == found.sizes.keys() if again else RELATIONS[relation].name in ONCE
    assert accepted
