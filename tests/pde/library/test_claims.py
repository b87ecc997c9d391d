"""What an outcome claims of an iteration holds of the arrays that it returns."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

import pde
from pde.family.variant import Variant
from pde.library import Status, choose
from pde.library.loops import watched_while
from pde.parts.part import part
from pde.solvers.table import SOLVERS

LINE = pde.Problem(1, "dirichlet", "poisson", "sine")
CYCLES = ("multigrid_w", "multigrid_f", "full", "multigrid_v_parity")
"""Slow to compile, and driven by the loop of the V-cycles."""
ITERATIVE = [s for s in SOLVERS.values() if s.loops != ("direct",) and not s.name.startswith(CYCLES)]
PLACES = [("dirichlet", "ridge"), ("neumann", "crest"), ("periodic", "swell"), ("robin", "front"), ("mixed", "quarter")]


def _same(f: jax.Array) -> jax.Array:
    return f


def _left(outcome: pde.Outcome, data: list[np.ndarray]) -> float:
    """The relative residual of what came out, by a dense matrix of the operator in 64 bits."""
    model = outcome.variant.model(outcome.n)

    @jax.jit
    def system(*arrays: jax.Array) -> tuple[jax.Array, jax.Array]:
        right = model.wrap(part(_same)).bind()(*arrays)
        return right.ravel(), jax.jacfwd(model.apply.bind())(right).reshape(right.size, right.size)

    with jax.enable_x64(True):
        right, matrix = map(np.asarray, system(*map(np.float64, data)))
    return float(np.linalg.norm(right - matrix @ np.float64(outcome.u).ravel()) / np.linalg.norm(right))


def _data(variant: Variant, n: int) -> list[np.ndarray]:
    """Numbers at random, which balance where there is no boundary to balance them."""
    draw = np.random.default_rng(0)
    arrays = [draw.standard_normal(item.shape) for item in variant.model(n).data]
    return [arrays[0] - arrays[0].mean(), *arrays[1:]] if variant.problem.singular else arrays


@pytest.mark.parametrize("solver", ["cg", "pcg_jacobi", "minres", "steepest_descent", "chebyshev_iteration", "gmres"])
def test_what_32_bits_cannot_reach_is_not_claimed(solver: str) -> None:
    """At n = 255 rounding of u alone leaves 5e-4 of the residual, while a recurrence falls below 1e-12."""
    n, tolerance = (63, 1e-8) if solver in ("steepest_descent", "gmres") else (255, 1e-12)
    with jax.enable_x64(False):
        outcome = pde.solve(LINE, solver, n, tolerance=tolerance)
        assert outcome.status is Status.STAGNATED
        assert outcome.converged is False
        data = [item.values() for item in outcome.variant.model(n).data]
        assert _left(outcome, data) > tolerance


@pytest.mark.parametrize("solver", ["cg", "sor", "bicgstab", "library_cg"])
def test_a_call_without_a_tolerance_converges_in_32_bits(solver: str) -> None:
    with jax.enable_x64(False):
        outcome = pde.solve(LINE, solver, 255)
        assert outcome.status is Status.CONVERGED
        assert outcome.tolerance == pde.default_tolerance(outcome.variant, 255)
        assert outcome.residual <= pde.default_tolerance(outcome.variant, 255) < 0.02
        assert outcome.error < 1e-4


def test_default_tolerances_follow_precision_and_size() -> None:
    variant = choose(LINE, "cg")
    with jax.enable_x64(False):
        small, large = (pde.default_tolerance(variant, n) for n in (3, 255))
        assert small == 1e-5
        assert pde.default_tolerance(variant, 2047) == 0.1
        assert large == pytest.approx(4 * 2.0**-23 * (512 / math.pi) ** 2, rel=1e-3)
    assert pde.default_tolerance(variant, 255) == variant.tolerance == 1e-10
    assert pde.default_tolerance(variant, 2047) == pytest.approx(4 * 2.0**-52 * (4096 / math.pi) ** 2, rel=1e-3)


def _case(k: int) -> tuple[Variant, int, bool, float | None]:
    """A variant of the k-th iterative solver, the places, loops, precisions and tolerances in turn."""
    solver = ITERATIVE[k % len(ITERATIVE)]
    turn = k // len(ITERATIVE) + k
    for shift in range(3 * len(PLACES)):
        boundary, solution = PLACES[(turn + shift) % len(PLACES)]
        dimension = solver.dimensions[(turn + shift) % len(solver.dimensions)]
        problem = pde.Problem(dimension, boundary, "poisson", solution)
        loop = solver.loops[turn % len(solver.loops)]
        try:
            variant = choose(problem, solver.name, loop=loop)
        except pde.UserError:
            continue
        cells = "volumes" in variant.scheme or boundary == "periodic"
        size = 3 if solver.hierarchy else 7
        return variant, size + cells, bool(k % 2), (None, 1e-3, 1e-12)[turn % 3]
    raise AssertionError(f"{solver.name} fits nowhere")


@pytest.mark.parametrize("k", range(len(ITERATIVE)))
def test_converged_means_that_the_residual_is_within_the_tolerance(k: int) -> None:
    variant, n, double, tolerance = _case(k)
    data = _data(variant, n)
    with jax.enable_x64(double):
        outcome = pde.solve(
            variant.problem,
            variant.solver,
            n,
            scheme=variant.scheme,
            spelling=variant.spelling,
            loop=variant.loop,
            tolerance=tolerance,
            data=data,
        )
        left = _left(outcome, data)
    assert outcome.tolerance is not None
    assert outcome.residual == pytest.approx(left, rel=1e-3, abs=1e-13)
    assert outcome.converged is (left <= outcome.tolerance)
    if tolerance is None and variant.loop != "unrolled":
        assert outcome.converged


@pytest.mark.parametrize(("factors", "steps", "best"), [((0.5, 0.1, 1e9), 3, 0.05), ((0.5, 1.0), 2, 0.5)])
def test_an_iteration_that_breaks_down_stops_and_keeps_its_best(
    factors: tuple[float, ...], steps: int, best: float
) -> None:
    """Its residual is multiplied by each factor in turn: it grows out of hand, or stays where it was."""

    def step(state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        _, residual, k = state
        residual = residual * jax.numpy.asarray(factors)[k]
        return 1.0 - residual, residual, k + 1

    def start(f: jax.Array) -> tuple[jax.Array, ...]:
        return jax.numpy.zeros_like(f), f, jax.numpy.asarray(0)

    u, count = watched_while(jax.numpy.ones(4), start=start, step=step, tolerance=1e-12, limit=100)
    assert count == steps
    np.testing.assert_allclose(u, 1.0 - best)


def test_bicgstab_in_32_bits() -> None:
    """Residuals that it measures and those that it leaves part where the precision ends, and it begins again."""
    with jax.enable_x64(False):
        outcome = pde.solve(pde.Problem(1, "dirichlet", "poisson", "ridge"), "bicgstab", 127, tolerance=1e-12)
        assert outcome.residual < 1e-2
        assert outcome.status is Status.STAGNATED
