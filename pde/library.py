"""The solvers as a library: the same parts as the programs, bound instead of written, jitted and cached."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import ArrayLike

from pde.block import part
from pde.errors import UserError
from pde.model import Model, Trait
from pde.problem import BOUNDARIES, EQUATIONS, Problem, compatibility, problems
from pde.scheme_high import SCHEMES
from pde.solvers import SOLVERS
from pde.variant import (
    Variant,
    check,
    check_size,
    has_spelling,
    returns_record,
    solver_part,
    spellings,
)

COMPATIBLE = 1e-2


@dataclass(frozen=True)
class Outcome:
    """A solution on its grid, and how it was found."""

    u: Array
    points: np.ndarray
    error: float
    """Largest difference from the known solution; nan where the data are the caller's."""
    iterations: int | None
    """None where the solver does not count them."""
    variant: Variant
    n: int

    converged: bool | None
    """Whether a while loop ended below its tolerance, not at its limit; None for what counts no iterations."""


SHORT_NAMES = {
    "multigrid": ("multigrid_v_parity", "multigrid_v_red_black"),
    "dst": ("sine_zeros",),
    "dct": ("cosine_extension",),
    "fft": ("real_fourier",),
}
"""Solvers by what they are; the first that fits, or else the last."""


def choose(problem: Problem, solver: str, scheme: str = "", spelling: str = "", loop: str = "") -> Variant:
    """The variant that the names ask for; what they leave open is the first that fits.

    Raises UserError where there is none.
    """
    names = SHORT_NAMES.get(solver, (solver,))
    if names[-1] not in SOLVERS:
        raise UserError(f"unknown solver {solver!r}: choose one of {', '.join((*SHORT_NAMES, *SOLVERS))}")
    schemes = [scheme] if scheme else [s.name for s in SCHEMES.values() if s.fits(problem)]
    if not schemes:
        raise UserError(
            f"no scheme expresses {problem.equation} with {problem.boundary} boundary and solution "
            f"{problem.known.name!r} in {problem.dimension}D: choose {_expressible(problem)}"
        )
    candidates = [_candidate(problem, scheme, spelling, name, loop) for name in names for scheme in schemes]
    for candidate in candidates:
        if _valid(candidate):
            return candidate
    last = candidates[-len(schemes)]
    check(last)
    return last


def _expressible(problem: Problem) -> str:
    """What is nearest to a problem that no scheme expresses: other data for its equation, or another equation."""
    first = {
        (p.equation, p.boundary): p.known.name
        for equation in EQUATIONS
        for boundary in BOUNDARIES
        for p in reversed(problems(problem.dimension, boundary, equation))
        if any(scheme.fits(p) for scheme in SCHEMES.values())
    }
    same = [f"{boundary} with {name!r}" for (equation, boundary), name in first.items() if equation == problem.equation]
    return ", ".join(same) or f"another equation, one of {', '.join(dict.fromkeys(e for e, _ in first))}"


def _candidate(problem: Problem, scheme: str, spelling: str, solver: str, loop: str) -> Variant:
    if scheme not in SCHEMES:
        raise UserError(f"unknown scheme {scheme!r}: choose one of {', '.join(SCHEMES)}")
    found = SCHEMES[scheme]
    usable = spellings(found, problem) or found.spellings
    default = "slices" if has_spelling(found, problem, "slices") else usable[0]
    loops = SOLVERS[solver].loops
    chosen_loop = loop or ("while" if "while" in loops else loops[0])
    return Variant(problem, scheme, spelling or default, solver, chosen_loop)


def _valid(variant: Variant) -> bool:
    try:
        check(variant)
    except UserError:
        return False
    return True


def solve(
    problem: Problem,
    solver: str = "multigrid",
    n: int = 63,
    *,
    scheme: str = "",
    spelling: str = "",
    loop: str = "",
    tolerance: float | None = None,
    data: Sequence[ArrayLike] | None = None,
) -> Outcome:
    """Solves the problem with n unknowns along the first axis and compares with the known solution.

    >>> solve(Problem(2, "dirichlet", "poisson", "sine"), solver="cg", n=63).error < 1e-3
    True

    `tolerance` is the relative residual at which an iteration ends: 1e-5 in 32 bits and 1e-10 or 1e-12 in 64 where
    none is given. An iteration that cannot reach it ends at the limit that theory grants, and `converged` says so.

    `data` are the caller's arrays in place of the problem's own, in the order and shapes of `variant.model(n).data`:
    f, then the boundary data. The known solution belongs to others then, and `error` is nan.

    Raises UserError for a combination, a size or data that make no sense, in one sentence with the cure.
    """
    variant = choose(problem, solver, scheme, spelling, loop)
    function = solver_function(variant, n, tolerance)
    model = variant.model(n)
    arrays = [item.values() for item in model.data] if data is None else _checked(model, data)
    output = function(*map(jnp.asarray, arrays))
    u, record = output if returns_record(variant) else (output, None)
    exact = problem.sample(model.points)[0]
    exact = exact - exact.mean() if problem.singular else exact
    error = float(jnp.max(jnp.abs(u - exact))) if data is None else math.nan
    iterations, converged = _progress(variant, model, tolerance, record)
    return Outcome(u, model.points, error, iterations, variant, n, converged)


def _progress(variant: Variant, model: Model, tolerance: float | None, record: Any) -> tuple[int | None, bool | None]:
    """The number of iterations, and whether they were enough, as far as the record of the loop tells."""
    if variant.loop == "while":
        limit = dict(solver_part(variant, model, _tolerance(tolerance)).bound)["limit"]
        return int(record), int(record) < limit
    return (len(record) if variant.loop == "recorded" else None), None


def solver_function(variant: Variant, n: int, tolerance: float | None = None) -> Callable[..., Any]:
    """The jitted function of the arrays in `variant.model(n).data`; `jax.vmap` takes it to batches of them.

    Its result scales with its arrays, from the smallest to the largest numbers, and is nan where they are not finite.
    `jax.grad` passes it, but for a while loop or GMRES on an operator that is not symmetric; through a while loop the
    gradient is the adjoint solution.

    Raises UserError for an invalid variant, size or tolerance.
    """
    check(variant)
    check_size(variant, n)
    return _compiled(variant, operator.index(n), _tolerance(tolerance))


def _tolerance(given: object) -> float | None:
    """The relative residual, None for that of the variant."""
    if given is None:
        return None if jax.config.read("jax_enable_x64") else 1e-5
    if isinstance(given, bool) or not isinstance(given, SupportsFloat) or not 0 < float(given) < 1:
        raise UserError(f"tolerance = {given!r} is not between 0 and 1: take 1e-5 in 32 bits, 1e-10 in 64")
    return float(given)


@functools.lru_cache(maxsize=64)
def _compiled(variant: Variant, n: int, tolerance: float | None) -> Callable[..., Any]:
    model = variant.model(n)
    solver = solver_part(variant, model, tolerance)
    if variant.loop == "while" and Trait.SYMMETRIC in model.traits:
        solver = part(differentiable_while, apply_operator=model.apply, solve_forward=solver)
    if variant.loop != "direct":
        block = {"while": scaled_while, "recorded": scaled_recorded}.get(variant.loop, scaled)
        solver = part(block, solve_system=solver)
    return jax.jit(model.wrap(solver).bind())


# What the library puts around an iteration. Those of the programs measure residuals by their squares, which overflow
# and vanish, and end at once where these are nan.


def differentiable_while(
    f: Array, *, apply_operator: Callable[[Array], Array], solve_forward: Callable[[Array], tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Solution whose derivatives solve the same symmetric system, and the count of iterations."""

    def solve_right(_: object, right: Array) -> tuple[Array, Array]:
        return solve_forward(right)

    return lax.custom_linear_solve(apply_operator, f, solve_right, symmetric=True, has_aux=True)


def _size(f: Array) -> Array:
    size = lax.stop_gradient(jnp.max(jnp.abs(f)))
    return jnp.where(size == 0.0, 1.0, size)


def scaled(f: Array, *, solve_system: Callable[[Array], Array]) -> Array:
    """Solution of the system divided by the largest element of f, times that."""
    size = _size(f)
    return size * solve_system(f / size)


def scaled_while(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """The scaled solution and the count of iterations."""
    size = _size(f)
    u, count = solve_system(f / size)
    return size * u, count


def scaled_recorded(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """The scaled solution and the norms of its residuals."""
    size = _size(f)
    u, norms = solve_system(f / size)
    return size * u, size * norms


def _checked(model: Model, data: Sequence[ArrayLike]) -> list[np.ndarray]:
    """The caller's arrays, if they have the model's shapes, are finite and, where only constants do, balance."""
    wanted = ", ".join(f"{item.name} of shape {item.shape}" for item in model.data)
    arrays = [np.asarray(array) for array in data]
    if [array.shape for array in arrays] != [item.shape for item in model.data]:
        raise UserError(f"data have the shapes {[array.shape for array in arrays]}: give {wanted}")
    for array, item in zip(arrays, model.data, strict=True):
        if not np.isfinite(array).all():
            raise UserError(f"{item.name} has {np.sum(~np.isfinite(array))} elements that are not finite: give numbers")
    if model.problem.boundary == "neumann" and model.problem.singular:
        inflow = sum(float(np.mean(sides, axis=tuple(range(1, sides.ndim))).sum()) for sides in arrays[1:])
        check_compatible(arrays[0], inflow)
    return arrays


def check_compatible(f: np.ndarray, inflow: float) -> None:
    """Raises UserError where sources and boundary fluxes of a Neumann problem do not balance."""
    total, scale = compatibility(f, inflow), float(np.mean(np.abs(f))) + abs(inflow) + 1e-300
    if abs(total) > COMPATIBLE * scale:
        raise UserError(
            f"the mean of f plus the boundary flux is {total:.3g}, but a pure Neumann problem has a "
            f"solution only if it is 0 (within {COMPATIBLE:g} of their size): "
            "subtract it from f, or add screening c > 0"
        )
