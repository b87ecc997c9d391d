"""The gradient of a misfit through a variant is the adjoint solution."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from pde.family.variant import Variant, assemble, differentiable_part
from pde.parts.part import Part
from pde.schemes.problem import Problem

SQUARE = Problem(2, "dirichlet", "variable", "bump")
PLAIN = Problem(2, "dirichlet", "poisson", "ridge")
CASES = [
    (Variant(SQUARE, "differences", "slices", "cg", "while"), 9),
    (Variant(SQUARE, "differences", "scatter", "cg", "fori"), 9),
    (Variant(PLAIN, "differences", "roll", "sor", "scan"), 7),
    (Variant(PLAIN, "differences", "slices", "multigrid_v_red_black", "fori"), 7),
    (Variant(PLAIN, "differences", "slices", "multigrid_v_damped", "while"), 7),
    (Variant(PLAIN, "differences", "diff", "library_cg", "library"), 7),
    (Variant(PLAIN, "differences", "slices", "sine_halves", "direct"), 7),
    (Variant(PLAIN, "differences", "einsum", "cholesky", "direct"), 6),
    (Variant(Problem(1, "robin", "poisson", "robin_cosine"), "volumes", "diff", "thomas", "direct"), 16),
]


def _dense(variant: Variant, n: int) -> np.ndarray:
    model = variant.model(n)
    apply, size = model.apply.bind(), int(np.prod(model.shape))
    columns = [np.asarray(apply(jnp.asarray(e.reshape(model.shape)))).ravel() for e in np.eye(size)]
    return np.stack(columns, axis=1)


def _run(source: str, entry: str, *arrays: np.ndarray) -> object:
    namespace: dict[str, object] = {}
    exec(source, namespace)
    return namespace[entry](*map(jnp.asarray, arrays))  # type: ignore[operator]


def _misfit(solver: Part, f: np.ndarray, target: np.ndarray) -> float:
    return float(0.5 * np.sum((np.asarray(solver.bind()(jnp.asarray(f))) - target) ** 2))


@pytest.mark.parametrize(("variant", "n"), CASES, ids=lambda value: getattr(value, "key", None))
def test_gradient_is_adjoint(variant: Variant, n: int) -> None:
    model, random = variant.model(n), np.random.default_rng(1)
    f, target, direction = (random.standard_normal(model.shape) for _ in range(3))
    program = assemble(variant, n, use="gradient", tolerance=1e-13)
    gradient = np.asarray(_run(program.source, program.entry, f, target))
    matrix = _dense(variant, n)
    u = np.linalg.solve(matrix, f.ravel())
    adjoint = np.linalg.solve(matrix.T, u - target.ravel()).reshape(model.shape)
    assert np.linalg.norm(gradient - adjoint) <= 1e-6 * np.linalg.norm(adjoint)
    solver = differentiable_part(variant, model, 1e-13)
    step = 1e-2
    ahead, behind = (_misfit(solver, f + s * step * direction, target) for s in (1, -1))
    slope = float(np.sum(gradient * direction))
    assert (ahead - behind) / (2 * step) == pytest.approx(slope, rel=1e-6)
