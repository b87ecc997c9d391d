"""The catalogue: all valid variants, the ones that are validated, and a stratified part of these."""

from __future__ import annotations

import functools
import hashlib
from collections import defaultdict
from collections.abc import Iterator

from pde.problem import EQUATIONS, Problem, problems
from pde.scheme import Scheme
from pde.scheme_high import SCHEMES
from pde.solvers import SOLVERS
from pde.variant import Variant, intervals, missing, spellings


@functools.cache
def variants() -> tuple[Variant, ...]:
    """Every valid combination, in a fixed order.

    A solver that does not apply the operator has one spelling, the first.
    """
    found = (
        variant
        for scheme in SCHEMES.values()
        for problem in _problems(scheme)
        for spelling in spellings(scheme, problem)
        for variant in _solved(scheme, problem, spelling)
    )
    return tuple(variant for variant in found if intervals(variant))


def _problems(scheme: Scheme) -> Iterator[Problem]:
    for dimension in scheme.dimensions:
        for boundary in scheme.boundaries:
            for equation in EQUATIONS:
                yield from (p for p in problems(dimension, boundary, equation) if scheme.fits(p))


def _solved(scheme: Scheme, problem: Problem, spelling: str) -> Iterator[Variant]:
    cells = scheme.grid == "cell" or problem.boundary in ("periodic", "channel")
    model = scheme.build(scheme, problem, spelling, 8 if cells else 7)
    first = spelling == spellings(scheme, problem)[0]
    for solver in SOLVERS.values():
        if problem.dimension in solver.dimensions and not missing(solver, model) and (first or solver.spelled):
            for loop in solver.loops:
                yield Variant(problem, scheme.name, spelling, solver.name, loop)


@functools.cache
def catalogue(each: int = 1) -> tuple[Variant, ...]:
    """The variants that are validated: of every scheme, dimension, boundary, equation and solver, `each`.

    Solution, spelling and loop are spread over them by a hash of their names.
    """
    groups: dict[tuple[object, ...], list[Variant]] = defaultdict(list)
    for variant in variants():
        p = variant.problem
        groups[variant.scheme, p.dimension, p.boundary, p.equation, variant.solver].append(variant)
    return tuple(variant for group in groups.values() for variant in sorted(group, key=_hash)[:each])


def _hash(variant: Variant) -> bytes:
    return hashlib.blake2b(variant.key.encode(), digest_size=8).digest()


def stratified(part: int = 10) -> tuple[Variant, ...]:
    """One in `part` of the catalogue, spread evenly over solvers and schemes."""
    ordered = sorted(catalogue(), key=lambda v: (v.solver, v.scheme, _hash(v)))
    return tuple(ordered[::part])
