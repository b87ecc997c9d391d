"""All spellings of an expression have one meaning: the same values, type and shape, weak floats told from others."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import grammar
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import type_of, walk
from grammar.errors import Rejected
from grammar.proof import interpret

GRAMMAR = grammar.load("default")
SPELLED = [p for p in GRAMMAR.tables.productions if "either" in p.function.__code__.co_names]


def drawn(production):
    """It alone offers spellings of its module: what stands in its bodies may be differentiated."""
    spelled = {p.name for p in SPELLED if p.group == production.group and p is not production}
    for attempt in range(30):
        try:
            block = Derivation(GRAMMAR.tables, Seeded(5, attempt)).alone(production)
        except Rejected:
            continue
        if not any(node.production.name in spelled for node in walk(block)):
            return block
    pytest.fail(f"{production.name} cannot be drawn")


def arrays(tree):
    """Its arrays; keys, which may be unpacked where they are assigned, one by one."""
    found = []
    for leaf in jax.tree.leaves(tree):
        packed = leaf.ndim and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        found += list(leaf) if packed else [leaf]
    return found


@pytest.mark.parametrize("production", SPELLED, ids=lambda production: production.name)
def test_spellings_agree(production, monkeypatch, quick_jit: Any, known_fault):
    offered = []

    def either(first, *others, weights=()):
        if all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves((first, others))):
            offered.append((first, *others))
        return first

    monkeypatch.setitem(production.function.__globals__, "either", either)
    block = drawn(production)
    rng = np.random.default_rng(3)

    @quick_jit
    def options(*values):
        offered.clear()
        interpret.run(block, list(values))
        return list(offered)

    try:
        results = options(*(interpret.concrete(type_of(param.tree), rng) for param in block.params))
    except jax.errors.JaxRuntimeError as error:
        known_fault(error)
        pytest.skip("XLA refuses it")
    for first, *others in results:
        for other in others:
            for one, two in zip(arrays(first), arrays(other), strict=True):
                assert (one.shape, one.dtype) == (two.shape, two.dtype)
                if jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
                    assert (jax.random.key_data(one) == jax.random.key_data(two)).all()
                else:
                    assert one.weak_type == two.weak_type or not jnp.issubdtype(one.dtype, jnp.floating)
                    np.testing.assert_allclose(
                        np.asarray(one, dtype=np.complex128), np.asarray(two, dtype=np.complex128), rtol=2e-2, atol=1e-2
                    )
