"""What surrounds an equation and reaches StableHLO is in the fingerprint, or the program is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.experimental.compute_on import compute_on
from jax.experimental.xla_metadata import set_xla_metadata
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

import lowering

VECTOR = jax.ShapeDtypeStruct((4,), "float32")


def on_host(function: Callable[..., Any]) -> Callable[..., Any]:
    if jax.__version_info__ < (0, 11):

        def placed(*args: Any) -> Any:
            with compute_on("device_host"):
                return function(*args)

        return placed
    placed_by: Any = compute_on  # takes other parameters in the JAX that types are checked against
    return placed_by(compute_type="device_host", out_memory_spaces=jax.memory.Space.Device)(function)


def scanned(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: jax.lax.scan(lambda carry, _: (function(carry), None), x, None, length=2)[0]


def branched(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: jax.lax.cond(x[0] > 0, function, lambda y: y, x)


def tagged(name: str, value: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def inside(*args: Any) -> Any:
            with set_xla_metadata(**{name: value}):
                return function(*args)

        return inside

    return wrap


def drawn(function: Callable[..., Any]) -> Callable[..., Any]:
    def inside(x: Any) -> Any:
        with jax.threefry_partitionable(False):
            return function(x) + jax.random.normal(jax.random.key(0), x.shape)

    return inside


WRAPPERS = {
    "a=1": tagged("a", "1"),
    "a=2": tagged("a", "2"),
    "b=1": tagged("b", "1"),
    "host": on_host,
    "jit": jax.jit,
    "scan": scanned,
    "cond": branched,
    "donated": partial(jax.jit, donate_argnums=0),
    "threefry": drawn,
    "scope": jax.named_scope("named"),
}


def anonymous(stablehlo: str) -> str:
    """StableHLO with functions numbered by first mention instead of named."""
    numbers: dict[str, str] = {}
    return re.sub(r"@[\w.]+", lambda match: numbers.setdefault(match[0], f"@{len(numbers)}"), stablehlo)


def wrapped(names: list[str]) -> lowering.Lowered:
    function: Callable[..., Any] = lambda x: jnp.sin(x) * 2  # noqa: E731
    for name in names:
        function = WRAPPERS[name](function)
    return lowering.extract(function, VECTOR)


chains = st.lists(st.sampled_from(sorted(WRAPPERS)), max_size=3)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(chains, chains)
def test_programs_of_one_id_have_one_stablehlo(first: list[str], second: list[str]) -> None:
    one, other = wrapped(first), wrapped(second)
    assert one.traced.id == wrapped(first).traced.id
    if anonymous(one.stablehlo) != anonymous(other.stablehlo):
        assert one.traced.id != other.traced.id


def test_metadata_around_the_call_of_trace() -> None:
    ids = set[str]()
    for tag in (None, "x", "y"):
        with ExitStack() as stack:
            if tag:
                stack.enter_context(set_xla_metadata(tag=tag))
            ids.add(lowering.trace(jnp.sin, VECTOR).id)
    assert len(ids) == 3


@pytest.mark.parametrize("spec", [PartitionSpec("x"), PartitionSpec()])
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_placed_arguments_are_refused(spec: PartitionSpec, kind: AxisType) -> None:
    sharding = NamedSharding(Mesh(np.array(jax.devices()[:1]), ("x",), axis_types=(kind,)), spec)
    placed = [jax.ShapeDtypeStruct((4,), "float32", sharding=sharding), jax.device_put(jnp.ones(4), sharding)]
    for argument in placed:
        with pytest.raises(lowering.InputError, match=r"^'x' has the sharding NamedSharding.*: leave it out"):
            lowering.trace(lambda x: jnp.sin(x), argument)


def test_constraints_inside_a_program_are_told_apart() -> None:
    mesh = Mesh(np.array(jax.devices()[:1]), ("x",))
    ids = {
        lowering.trace(lambda x, s=s: jax.lax.with_sharding_constraint(x, NamedSharding(mesh, s)), VECTOR).id
        for s in (PartitionSpec("x"), PartitionSpec())
    }
    assert len(ids) == 2
