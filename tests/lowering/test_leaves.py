"""From paths back to pytrees."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

import lowering
from lowering import Leaf, arguments


class Moments(NamedTuple):
    mean: jax.Array
    spread: dict[str, jax.Array]


class State(NamedTuple):
    moments: Moments
    steps: list[jax.Array]


def entry(state: State, pairs, table: dict[str, tuple[Moments, ...]]):
    return state, pairs, table


def array(*shape, dtype="float32"):
    return jax.ShapeDtypeStruct(shape, dtype)


def test_nested_trees_come_back():
    moments = Moments(array(3), {"a b": array(), "it's": array(2)})
    state = State(moments, [array(1), array(2, dtype="bfloat16")])
    tree = {
        "state": state,
        "pairs": ((array(4), {"k": array(5)}), array(6)),
        "table": {"z": (moments, moments)},
    }
    leaves = lowering.trace(entry, **tree).inputs
    assert arguments(leaves, entry) == tree


def test_order_of_leaves_does_not_count():
    leaves = [Leaf("x[1]", "float32", (1,)), Leaf("x[0]", "int32", ())]
    assert arguments(leaves) == arguments(leaves[::-1]) == {"x": (array(dtype="int32"), array(1))}


def test_keys():
    for name in ("threefry2x32", "rbg", "unsafe_rbg"):
        key = jax.eval_shape(lambda name=name: jax.random.key(0, impl=name))
        (leaf,) = lowering.trace(lambda k: jax.random.uniform(k), key).inputs
        assert leaf.dtype.startswith("key<")
        (struct,) = arguments([leaf]).values()
        assert struct.dtype == key.dtype


def test_positional_names():
    def function(a, *rest, last):
        return a + sum(rest) + last

    traced = lowering.trace(function, array(), array(), array(), last=array())
    assert [leaf.path for leaf in traced.inputs] == ["a", "rest[0]", "rest[1]", "last"]


def test_outputs_are_named_as_jax_names_them():
    traced = lowering.trace(lambda x: {"a": x, "b": (x, jnp.sin(x))}, array(2))
    assert [leaf.path for leaf in traced.outputs] == ["result['a']", "result['b'][0]", "result['b'][1]"]
    assert "result['b'][1]" in traced.lower().stablehlo
