"""All spellings of an operator are one, with the symmetry, spectrum and diagonal that its traits claim."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pde.family.catalogue import variants
from pde.family.variant import spellings
from pde.schemes.model import Model
from pde.schemes.model import Trait as T
from pde.schemes.problem import Problem
from pde.schemes.scheme import Scheme
from pde.schemes.table import SCHEMES

KINDS = sorted({(v.scheme, v.problem) for v in variants() if not v.problem.inhomogeneous}, key=repr)


_SMALL = ((3, "dirichlet"), (1, "neumann"))


def _kinds() -> list[tuple[Scheme, Problem]]:
    """One problem of every scheme, dimension, boundary and equation."""
    first = {(s, p.dimension, p.boundary, p.equation): (SCHEMES[s], p) for s, p in KINDS}
    plain = ("poisson", "variable", "anisotropic")
    return [first[key] for key in sorted(first) if key[1:3] in _SMALL or (key[1] < 3 and key[3] in plain)]


def _matrix(model: Model) -> np.ndarray:
    apply, size = model.apply.bind(), int(np.prod(model.shape))
    basis = jnp.eye(size).reshape(size, *model.shape)
    return np.asarray(jax.jit(jax.vmap(apply))(basis)).reshape(size, size).T


@pytest.mark.parametrize(
    ("scheme", "problem"),
    _kinds(),
    ids=lambda x: getattr(x, "name", None) or "-".join(map(str, vars(x).values())),
)
def test_traits(scheme: Scheme, problem: Problem) -> None:
    n = 4 if problem.dimension == 3 else 6
    n = 8 if scheme.name in ("wide", "wide_ends") and problem.dimension < 3 else n
    model = scheme.build(scheme, problem, spellings(scheme, problem)[0], n)
    if T.EXPLICIT not in model.traits:
        return
    matrix = _matrix(model)
    scale = np.abs(matrix).max()
    field = jnp.asarray(np.random.default_rng(0).standard_normal(model.shape))
    image = matrix @ np.asarray(field).ravel()
    for spelling in spellings(scheme, problem)[1:]:
        other = scheme.build(scheme, problem, spelling, n).apply.bind()
        other = jax.jit(other)(field)
        np.testing.assert_allclose(np.ravel(other), image, atol=1e-12 * scale)
    assert (np.abs(matrix - matrix.T).max() < 1e-9 * scale) == (T.SYMMETRIC in model.traits)
    if T.DIAGONAL in model.traits and model.diagonal is not None:
        diagonal = np.asarray(jax.jit(model.diagonal.bind())(jnp.zeros(model.shape)))
        np.testing.assert_allclose(diagonal.ravel(), np.diagonal(matrix), atol=1e-12 * scale)
        low, high = model.diagonal_range()
        assert low * (1 - 1e-9) <= diagonal.min() <= diagonal.max() <= high * (1 + 1e-9)
    if T.BOUNDED in model.traits:
        values = np.sort(np.linalg.eigvals(matrix).real)
        low, high = model.spectrum()
        assert values[1 if problem.singular else 0] >= low * (1 - 1e-9)
        assert values[-1] <= high * (1 + 1e-9)
