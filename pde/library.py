"""The solvers as a library: the same parts as the programs, bound instead of written, jitted and cached."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from pde.errors import UserError
from pde.problem import BOUNDARIES, Problem, compatibility
from pde.scheme_high import SCHEMES
from pde.solvers import SOLVERS
from pde.variant import (
    Variant,
    check,
    check_size,
    has_spelling,
    returns_record,
    spellings,
    whole,
)

COMPATIBLE = 1e-2


@dataclass(frozen=True)
class Outcome:
    """A solution on its grid, and how it was found."""

    u: Array
    points: np.ndarray
    error: float
    """Largest difference from the known solution."""
    iterations: int | None
    """None where the solver does not count them."""
    variant: Variant
    n: int


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
            f"{problem.solution!r} in {problem.dimension}D: choose another boundary, one of "
            f"{', '.join(BOUNDARIES)}"
        )
    candidates = [_candidate(problem, scheme, spelling, name, loop) for name in names for scheme in schemes]
    for candidate in candidates:
        if _valid(candidate):
            return candidate
    last = candidates[-len(schemes)]
    check(last)
    return last


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
) -> Outcome:
    """Solves the problem with n unknowns along the first axis and compares with the known solution.

    >>> solve(Problem(2, "dirichlet", "poisson", "sine"), solver="cg", n=63).error < 1e-3
    True

    Raises UserError for a combination or a size that makes no sense, in one sentence with the cure.
    """
    variant = choose(problem, solver, scheme, spelling, loop)
    function = solver_function(variant, n, tolerance)
    model = variant.model(n)
    arrays = [jnp.asarray(item.values()) for item in model.data]
    _check_compatible(variant, [np.asarray(a) for a in arrays])
    output = function(*arrays)
    u, record = output if returns_record(variant) else (output, None)
    exact = problem.sample(model.points)[0]
    exact = exact - exact.mean() if problem.singular else exact
    iterations = None if record is None else int(record) if variant.loop == "while" else len(record)
    return Outcome(u, model.points, float(jnp.max(jnp.abs(u - exact))), iterations, variant, n)


@functools.lru_cache(maxsize=64)
def solver_function(variant: Variant, n: int, tolerance: float | None = None) -> Callable[..., Array]:
    """The jitted function of the arrays in `variant.model(n).data`; `jax.vmap` takes it to batches of them.

    Raises UserError for an invalid variant or size.
    """
    check(variant)
    check_size(variant, n)
    if tolerance is not None and not 0 < tolerance < 1:
        raise UserError(f"tolerance = {tolerance} is not between 0 and 1: take 1e-5 in 32 bits, 1e-10 in 64")
    if tolerance is None and not jax.config.read("jax_enable_x64"):
        tolerance = 1e-5
    return jax.jit(whole(variant, variant.model(n), tolerance).bind())


def _check_compatible(variant: Variant, arrays: list[np.ndarray]) -> None:
    """A Neumann problem has a solution only where the sources balance the outflow."""
    if variant.problem.boundary != "neumann" or not variant.problem.singular:
        return
    outflow = sum(float(np.mean(sides, axis=tuple(range(1, sides.ndim))).sum()) for sides in arrays[1:])
    check_compatible(arrays[0], outflow)


def check_compatible(f: np.ndarray, inflow: float) -> None:
    """Raises UserError where sources and boundary fluxes of a Neumann problem do not balance."""
    total, scale = compatibility(f, inflow), float(np.mean(np.abs(f))) + abs(inflow) + 1e-300
    if abs(total) > COMPATIBLE * scale:
        raise UserError(
            f"the mean of f plus the boundary flux is {total:.3g}, but a pure Neumann problem has a "
            f"solution only if it is 0 (within {COMPATIBLE:g} of their size): "
            "subtract it from f, or add screening c > 0"
        )
