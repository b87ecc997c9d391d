"""Trees are reached from any of their leaves, and trees of one name are of one form."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import grammar
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import Display, type_of, variables
from grammar.derive.index import Tables
from grammar.derive.steps import Steps
from grammar.rules.notation import Productions, Tree
from grammar.values import types
from grammar.values.binding import Binding
from grammar.values.types import FLOATS, ArrayType

GRAMMAR = grammar.load("default")
production = Productions()


@production()
def tree_step(params: Tree[Any, "~C"], grads: Tree[Any, "~C"]) -> Tree[Any, "~C"]:
    return jax.tree.map(lambda p, g: p - 0.1 * jnp.tanh(g), params, grads)


(STEP,) = production.values()
TABLES = Tables([*GRAMMAR.tables.productions, STEP], GRAMMAR.tables.profile)


def form(tree):
    """Of a tree of values: how it is nested, and the shapes and dtypes of its leaves."""
    return [(path, leaf.dtype, leaf.shape) for path, leaf in types.leaves(type_of(tree))]


def test_a_second_tree_matches_the_first():
    several = 0
    for index in range(60):
        draft = Derivation(TABLES, Seeded(31, index)).draft
        entry, steps = draft.entry, Steps(draft)
        for role in ("x", "y", "z"):
            draft.add_argument(draft.first_type(), role)
        node = draft.attempt(entry, lambda entry=entry, steps=steps: steps.assemble(entry, STEP, Binding({}), {}, 0))
        if node is None:
            continue
        first, second = node.arguments["params"], node.arguments["grads"]
        assert form(first) == form(second)
        used = [*variables(first), *variables(second)]
        assert len(used) == len(set(used))
        assert node.outputs is not None
        largest = max(var.type.magnitude for var in used)
        assert all(var.type.magnitude >= largest for var in variables(node.outputs))
        several += isinstance(first, Display)
    assert several > 10


@pytest.mark.parametrize("dtype", FLOATS)
def test_an_array_leads_to_what_takes_trees(dtype):
    reached = {found.name for found, _ in GRAMMAR.tables.accepting(ArrayType(dtype, (3, 4))).options}
    assert {"tree_map", "tree_scale", "tree_norm", "tree_gradient_step", "fori_loop_tree"} <= reached
