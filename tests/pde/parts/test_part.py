"""A tree of parts runs and is written as the same program."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

import black
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from pde.blocks import operators
from pde.family.catalogue import stratified
from pde.family.variant import assemble, grids, whole
from pde.parts.part import part
from pde.parts.writing import render
from pde.validation.validate import run

PROGRAMS = [(v, grids(v)[0]) for v in stratified(90)]


def test_roles_become_helpers_and_statics_become_literals() -> None:
    laplacian = part(
        operators.scaled,
        difference=part(operators.slices_1d),
        add_ghosts=part(operators.zero_ghosts),
        spacing=part(operators.interior_spacing),
    )
    text = render(part(operators.screened, negative_laplacian=laplacian, screening=2.5), "apply_operator")
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert names == ["add_ghosts", "difference", "spacing", "negative_laplacian", "apply_operator"]
    assert "negative_laplacian(u) + 2.5 * u" in text
    assert text.startswith("import jax.numpy as jnp\n\n\ndef add_ghosts(u):\n")


def test_a_missing_binding_is_refused() -> None:
    with pytest.raises(TypeError, match="block screened binds"):
        part(operators.screened, screening=1.0)


def _two_steps(u: Array, *, weight: float) -> Array:
    """Doubles and weighs."""
    return u - weight * u


def test_a_negative_literal_keeps_its_place() -> None:
    assert "u - (-2.0) * u" in render(part(_two_steps, weight=-2.0), "solve")


@pytest.mark.parametrize("value", [np.float64(2.0), float("nan"), object()])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="must have a literal"):
        render(part(_two_steps, weight=value), "solve")


def _labelled(u: Array, *, axis: int, kind: str = "same") -> Array:
    """Convolves."""
    kernel = jnp.ones(u.shape[axis])
    return jnp.convolve(jnp.sum(u, axis=axis), kernel, mode=kind)


def test_labels_are_no_parameters() -> None:
    text = render(part(_labelled, axis=-1), "solve")
    assert 'return jnp.convolve(jnp.sum(u, axis=(-1)), kernel, mode="same")\n' in text


def _projected(u: Array, v: Array, *, inner: Callable[[Array, Array], Array] = jnp.vdot, x_axis: int = 0) -> Array:
    """Weighs one array with its product with the other."""
    return inner(u, v) * v / u.shape[x_axis]


def _sum_of_products(u: Array, v: Array) -> Array:
    """Sum of the products."""
    return jnp.sum(u * v)


def test_what_is_not_bound_is_written_as_its_default() -> None:
    text = render(part(_projected), "project")
    assert 'def project(u, v):\n    """Weighs one array with its product with the other."""' in text
    assert "return jnp.vdot(u, v) * v / u.shape[0]" in text


def test_a_default_gives_way_to_a_part_or_a_literal() -> None:
    bound = part(_projected, inner=part(_sum_of_products), x_axis=1)
    text = render(replace(bound, summary="Weighs a matrix."), "project")
    assert 'def project(u, v):\n    """Weighs a matrix."""\n    return inner(u, v) * v / u.shape[1]' in text
    assert 'def inner(u, v):\n    """Sum of the products."""' in text
    u = jnp.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(bound.bind()(u, u), 55.0 * u / 3.0)
    np.testing.assert_allclose(part(_projected).bind()(u, u), 55.0 * u / 2.0)


@pytest.mark.parametrize(("variant", "n"), PROGRAMS, ids=lambda value: getattr(value, "key", None))
def test_programs_are_complete_and_in_style(variant, n) -> None:
    program = assemble(variant, n)
    tree = ast.parse(program.source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert black.format_str(program.source, mode=black.Mode()) == program.source
    assert functions[-1].name == program.entry == "solve"
    assert len(program.source.splitlines()) <= 200
    assert [a.arg for a in functions[-1].args.args] == [item.name for item in program.inputs]
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {f.name for f in functions[:-1]} <= used
    for function in functions:
        inside = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        assert {a.arg for a in function.args.args} <= inside


@pytest.mark.parametrize(("variant", "n"), PROGRAMS[::5], ids=lambda value: getattr(value, "key", None))
def test_written_and_bound_agree(variant, n) -> None:
    program = assemble(variant, n)
    written = run(program)
    bound = whole(variant, variant.model(n)).bind()(*(jnp.asarray(d.values()) for d in program.inputs))
    first = [np.asarray(x[0] if isinstance(x, tuple | list) else x) for x in (written, bound)]
    np.testing.assert_allclose(first[0], first[1], rtol=1e-9, atol=1e-10)
