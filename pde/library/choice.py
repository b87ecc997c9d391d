"""The variant that a caller's names ask for."""

from __future__ import annotations

from pde.errors import UserError, check_name, shown
from pde.family.variant import Variant, check, has_spelling, spellings
from pde.schemes.problem import BOUNDARIES, EQUATIONS, Problem, problems
from pde.schemes.table import SCHEMES
from pde.solvers.table import SOLVERS

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
    if not isinstance(problem, Problem):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"{shown(problem)} is no problem: make one with pde.Problem(dimension, boundary, ...)")
    check_name("solver", solver, (*SHORT_NAMES, *SOLVERS))
    for what, name in (("scheme", scheme), ("spelling", spelling), ("loop", loop)):
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"{what} {shown(name)} is no text: give a str, or leave it out")
    names = SHORT_NAMES.get(solver, (solver,))
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
