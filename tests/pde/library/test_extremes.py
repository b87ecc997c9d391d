"""Answers at the ends of what is legal: rigid coefficients, tiny and infinite data; gradients."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pde
from pde.library import choose, solver_function

RIDGE = pde.Problem(2, "dirichlet", "poisson", "ridge")
FIELD = np.random.default_rng(0).standard_normal((7, 7))


def _field(solver: str, f: np.ndarray, loop: str = "") -> np.ndarray:
    found: Any = solver_function(choose(RIDGE, solver, loop=loop), 7)(jnp.asarray(f))
    return np.asarray(found[0] if isinstance(found, tuple) else found)


@pytest.mark.parametrize(("solver", "loop"), [("cg", ""), ("sor", "recorded"), ("cg", "fori"), ("library_cg", "")])
def test_solutions_scale_with_their_data(solver: str, loop: str) -> None:
    wanted = _field(solver, FIELD, loop)
    for size in (1e-300, 1e-170, 1e160):
        np.testing.assert_allclose(_field(solver, size * FIELD, loop) / size, wanted, atol=1e-12)
    assert not _field(solver, 0 * FIELD, loop).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_data_that_are_not_finite_have_no_finite_solution(bad: float) -> None:
    f = FIELD.copy()
    f[0, 0] = bad
    assert np.isnan(_field("cg", f)).all()
    with pytest.raises(pde.UserError, match="f has 1 elements that are not finite: give numbers"):
        pde.solve(RIDGE, "cg", 7, data=[f])


@pytest.mark.parametrize("screening", [1e8, 1e13])
@pytest.mark.parametrize("solver", ["sor", "chebyshev_iteration", "jacobi", "multigrid", "dst"])
def test_great_screening(solver: str, screening: float) -> None:
    problem = pde.Problem(2, "dirichlet", "screened", "ridge", screening=screening)
    assert pde.solve(problem, solver, 7).error < 1e-6


def test_screening_of_zero_is_the_plain_equation() -> None:
    screened, plain = (
        pde.solve(pde.Problem(2, "neumann", equation, "crest", screening=c), "dct", 8).error
        for equation, c in (("screened", 0.0), ("poisson", None))
    )
    assert screened == pytest.approx(plain, rel=1e-9)


def test_rigid_diffusivity() -> None:
    problem = pde.Problem(2, "periodic", "anisotropic", "swell", weights=(1.0, 1e6))
    errors = [pde.solve(problem, "fast_diagonalisation", n).error for n in (32, 64)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)
    assert pde.solve(problem, "cg", 64).error == pytest.approx(errors[1], rel=1e-3)


@pytest.mark.parametrize("boundary", ["dirichlet", "neumann", "robin"])
def test_a_solution_of_the_callers_own(boundary: str) -> None:
    own = pde.Solution("own", lambda x: jnp.sum(x**4) + jnp.cos(x[0] * x[1]), inhomogeneous=frozenset({boundary}))
    errors = [pde.solve(pde.Problem(2, boundary, "poisson", own), "cg", n).error for n in (15, 31)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.25)


@pytest.mark.parametrize(
    ("problem", "solver"),
    [
        (RIDGE, "pcg_jacobi"),
        (pde.Problem(2, "neumann", "poisson", "crest"), "cg"),
        (pde.Problem(1, "robin", "poisson", "front"), "bicgstab"),
    ],
    ids=["dirichlet", "neumann", "robin"],
)
def test_the_gradient_through_a_while_loop_is_the_adjoint(problem: pde.Problem, solver: str) -> None:
    variant = choose(problem, solver)
    model = variant.model(8 if problem.boundary != "dirichlet" else 7)
    function, apply = solver_function(variant, model.n, 1e-13), model.apply.bind()
    data = [jnp.asarray(item.values()) for item in model.data]
    target = jnp.asarray(np.random.default_rng(1).standard_normal(model.shape))
    identity = jnp.eye(target.size).reshape(-1, *model.shape)
    matrix = np.asarray(jax.vmap(apply)(identity)).reshape(target.size, -1)
    u = function(*data)[0]
    misfit_gradient = jax.grad(lambda f: 0.5 * jnp.sum((function(f, *data[1:])[0] - target) ** 2))
    gradient = jax.jit(misfit_gradient)(data[0])
    misfit = np.ravel(u - target) - (np.mean(u - target) if problem.singular else 0.0)
    adjoint = np.linalg.lstsq(matrix.T, misfit)[0]
    np.testing.assert_allclose(np.ravel(gradient), adjoint, rtol=1e-6, atol=1e-9 * np.abs(adjoint).max())
    batch = jnp.stack([data[0], 1e-200 * data[0]])
    np.testing.assert_allclose(jax.vmap(lambda f: function(f, *data[1:])[0])(batch)[0], u, atol=1e-11)


def test_precision_is_that_of_the_call() -> None:
    problem = pde.Problem(2, "dirichlet", "poisson", "bump")
    with jax.enable_x64(False):
        assert pde.solve(problem, "cg", 9).u.dtype == np.float32
    f = jnp.asarray(np.random.default_rng(0).standard_normal((9, 9)))
    variant = choose(problem, "cg")
    residual = f - variant.model(9).apply.bind()(solver_function(variant, 9)(f)[0])
    assert jnp.linalg.norm(residual) < 1e-9 * jnp.linalg.norm(f)


def test_an_iteration_that_ends_at_its_limit_says_so() -> None:
    assert pde.solve(RIDGE, "sor", 7).converged is True
    assert pde.solve(RIDGE, "sor", 7, tolerance=1e-40).status is pde.Status.STAGNATED
    assert pde.solve(RIDGE, "dst", 7).converged is None


@pytest.mark.parametrize("n", [7.0, 7.5, True, "7", None, float("nan")])
def test_n_is_a_whole_number(n: Any) -> None:
    pde.solve(RIDGE, "cg", 7)
    with pytest.raises(pde.UserError, match="is not a whole number: give an int"):
        pde.solve(RIDGE, "cg", n)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"dimension": True}, "dimension = True is not a whole number"),
    ({"equation": "screened", "screening": -1.0}, "c = -1 is negative or not finite, which makes .*: take c >= 0"),
    ({"equation": "screened", "screening": float("nan")}, "c = nan is negative or not finite"),
    ({"screening": 5.0}, "screening = 5.0 does not enter equation 'poisson': take equation 'screened'"),
    ({"equation": "anisotropic", "weights": (1.0,)}, "are not 2 finite numbers above 0"),
    ({"equation": "anisotropic", "weights": (1.0, 0.0)}, "are not 2 finite numbers above 0"),
    ({"equation": "variable", "amplitude": 1.0}, "amplitude = 1 is not between -1 and 1"),
]


@pytest.mark.parametrize(("given", "sentence"), MISTAKES, ids=[sentence for _, sentence in MISTAKES])
def test_coefficients_out_of_bounds(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(pde.UserError, match=sentence):
        pde.Problem(**given)


def test_data_of_the_callers_own() -> None:
    neumann = pde.Problem(1, "neumann", "poisson", "cosine")
    for n in (3, 4, 8):  # the problem's own data balance, whatever their sampling adds up to
        assert pde.solve(pde.Problem(1, "neumann", "variable", "cosine"), "cg", n).error < 1
    with pytest.raises(pde.UserError, match="subtract it from f, or add screening c > 0"):
        pde.solve(neumann, "cg", 8, data=[np.ones(8)])
    with pytest.raises(pde.UserError, match=r"data have the shapes \[\(7,\)\]: give f of shape \(8,\)"):
        pde.solve(neumann, "cg", 8, data=[np.ones(7)])
    outcome = pde.solve(neumann, "cg", 8, data=[np.linspace(-1, 1, 8)])
    assert np.isnan(outcome.error)
    assert np.isfinite(outcome.u).all()


def test_what_no_scheme_expresses_is_told_with_what_one_does() -> None:
    with pytest.raises(pde.UserError, match="robin with 'robin_cosine'"):
        pde.solve(pde.Problem(2, "robin", "variable", "front"), "cg", 8)
    with pytest.raises(pde.UserError, match="another equation, one of poisson, screened, variable"):
        pde.solve(pde.Problem(1, "dirichlet", "anisotropic", "sine"), "cg", 7)
