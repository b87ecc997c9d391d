"""From paths back to pytrees."""

import functools
from collections import OrderedDict
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

import lowering
from lowering import Leaf, arguments
from lowering.signature import check_arguments


class Moments(NamedTuple):
    mean: jax.Array
    spread: dict[str, jax.Array]


class State(NamedTuple):
    moments: Moments
    steps: list[jax.Array]


def entry(state: State, pairs, table: dict[str, tuple[Moments, ...]]):
    return state, pairs, table


def array(*shape, dtype="float32") -> Any:
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


@pytest.mark.parametrize("annotation", ["State | None", "Optional[State]", "'State'", "Annotated[State, 1]"])
@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
def test_annotations_as_real_code_writes_them(annotation, future):
    """What only a type checker imports, or no type at all, spoils no other annotation."""
    source = f"""{future}
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Optional

import jax

if TYPE_CHECKING:
    from elsewhere import Array


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class State:
    mean: "Array"
    rows: "list[jax.Array]"
    parent: "State | None" = None


def program(s: {annotation}, all: Sequence[State], x: "Array", y: "rows of x"):
    return s.mean + s.parent.rows[0] + all[1].mean + x + y
"""
    paths = ["s.mean", "s.rows[0]", "s.parent.mean", "s.parent.rows[0]", "x", "y"]
    paths += [f"all[{i}].{part}" for i in range(2) for part in ("mean", "rows[0]")]
    traced = lowering.trace_source(source, "program", [Leaf(path, "float32", (3,)) for path in paths])
    assert sorted(leaf.path for leaf in traced.inputs) == sorted(paths)


def test_mappings_that_are_annotated():
    def function(numbered: dict[int, jax.Array], ordered: OrderedDict[str, jax.Array]):
        return numbered[7] - ordered["z"] / ordered["a"]

    traced = lowering.trace(function, {7: array(3)}, OrderedDict(z=array(3), a=array()))
    assert [leaf.path for leaf in traced.inputs] == ["numbered[7]", "ordered['z']", "ordered['a']"]
    again = lowering.trace(function, **arguments(traced.inputs, function))
    assert again.jaxpr.split("let")[1] == traced.jaxpr.split("let")[1]


def wider(function):
    @functools.wraps(function)
    def wrapper(x, scale):
        return function(x) * scale

    return wrapper


ENTRIES = {
    "wider": (wider(jnp.sin), ["x", "scale"]),
    "jitted": (jax.jit(wider(jnp.sin)), ["x", "scale"]),
    "partial": (functools.partial(lambda factor, x: x * factor, 2.0), ["x"]),
    "rest": (lambda a, *rest: a + sum(rest), ["a", "rest[0]", "rest[1]"]),
    "only rest": (lambda *rest: rest[0] - rest[1], ["rest[0]", "rest[1]"]),
    "ufunc": (jnp.subtract, ["args[0]", "args[1]"]),
}


@pytest.mark.parametrize(("function", "paths"), ENTRIES.values(), ids=ENTRIES.keys())
def test_entries_of_every_signature_lower_again(function, paths):
    values = [array() for _ in paths]
    traced = lowering.trace(function, *values)
    assert [leaf.path for leaf in traced.inputs] == paths
    args, kwargs = check_arguments(function, traced.inputs)
    assert (args, kwargs) == (tuple(values), {})


def test_keyword_arguments_of_any_name_lower_again():
    source = "def program(a, **options):\n    return a * options['b'] - options['c']\n"
    leaves = [Leaf(name, "float32", ()) for name in "abc"]
    assert lowering.trace_source(source, "program", leaves).inputs == leaves


def test_positional_names():
    def function(a, *rest, last):
        return a + sum(rest) + last

    traced = lowering.trace(function, array(), array(), array(), last=array())
    assert [leaf.path for leaf in traced.inputs] == ["a", "rest[0]", "rest[1]", "last"]


def test_outputs_are_named_as_jax_names_them():
    traced = lowering.trace(lambda x: {"a": x, "b": (x, jnp.sin(x))}, array(2))
    assert [leaf.path for leaf in traced.outputs] == ["result['a']", "result['b'][0]", "result['b'][1]"]
    assert "result['b'][1]" in traced.lower().stablehlo
