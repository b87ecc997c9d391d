"""On inputs drawn from their types, programs give finite results that depend on the inputs."""

import ast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import grammar
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.proof import arrays, interpret

GRAMMAR = grammar.load("default")
SAMPLE = range(1000, 1032)
MOST_CONSTANT = 2
MOST_REFUSED = 1


def arguments(program, rng):
    made = {}
    for leaf in program.inputs:
        label, bracket, key = leaf.path.partition("[")
        value = arrays.sample(leaf, rng)
        if bracket:
            made.setdefault(label, {})[ast.literal_eval(key[:-1])] = value
        else:
            made[label] = value
    return made


def test_results_are_finite_and_not_constant(quick_jit, known_fault):
    constant, refused = [], 0
    for index in SAMPLE:
        program = GRAMMAR.draw(7, index)
        namespace = {}
        exec(program.source, namespace)
        function = quick_jit(namespace[program.entry])
        rng = np.random.default_rng(index)
        try:
            first, second = (jax.tree.leaves(function(**arguments(program, rng))) for _ in range(2))
            finite = [bool(jnp.isfinite(x).all()) for x in first if jnp.issubdtype(x.dtype, jnp.inexact)]
        except jax.errors.JaxRuntimeError as error:
            known_fault(error)
            refused += 1
            continue
        assert all(finite), f"index {index}\n{program.source}"
        numbers = [
            (a, b) for a, b in zip(first, second, strict=True) if not jnp.issubdtype(a.dtype, jax.dtypes.prng_key)
        ]
        if all(jnp.array_equal(a, b) for a, b in numbers):
            constant.append(index)
    assert len(constant) <= MOST_CONSTANT, constant
    assert refused <= MOST_REFUSED


def test_what_joins_unused_values_lets_both_through():
    tables = GRAMMAR.tables
    for table in (tables.combine, tables.collapse, tables.cast, tables.squash, tables.bend):
        assert all(production.faithful for production in table.options)
    assert {"add", "mul"} <= {production.name for production in tables.combine.options}
    assert "mul" not in {production.name for production in tables.add.options}
    assert not {"erfc", "softplus", "exp"} & {production.name for production in tables.bend.options}
    cut = ("relu", "dense_relu", "mlp_relu", "above_zero", "maximum", "heaviside", "clip")
    assert not any(production.faithful for production in tables.productions if production.name in cut)


SECOND = ("hessian", "hessian_vector")
SMOOTH = [p for p in GRAMMAR.tables.productions if any(body.smooth for _, body in p.bodies) and p.name not in SECOND]
"""What takes derivatives; the second one of a square is the same everywhere."""


@pytest.mark.parametrize("production", SMOOTH, ids=lambda production: production.name)
def test_derivatives_depend_on_where_they_are_taken(production):
    checked = 0
    for index in range(4):
        try:
            block = Derivation(GRAMMAR.tables, Seeded(9, index)).alone(production)
        except grammar.Rejected:
            continue
        checked += 1
        values = interpret.arguments_of(block)
        text = jax.jit(lambda *values: interpret.run(block, list(values))).lower(*values).as_text()  # noqa: B023
        parameters = text.partition("@main(")[2].partition(") -> ")[0].count("%arg")  # those that results depend on
        assert parameters == len(jax.tree.leaves(values)), index
    assert checked >= 2
