"""The catalogue: all valid variants, the ones that are validated, and a stratified part of these."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator

from pde.family import validated
from pde.family.variant import Variant, intervals, missing, spellings
from pde.schemes.problem import EQUATIONS, Problem, problems
from pde.schemes.scheme import Scheme
from pde.schemes.table import SCHEMES
from pde.solvers.table import SOLVERS


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
                if loop == "unrolled" and (model.order != 2 or problem.inhomogeneous):
                    continue  # few cycles leave more error than a higher order, or large boundary data, allow
                yield Variant(problem, scheme.name, spelling, solver.name, loop)


@functools.cache
def catalogue() -> tuple[Variant, ...]:
    """The variants that are validated: few, in which every pair of values of two axes occurs that is valid.

    Those of the table stay, so that a new solver or scheme adds rows and moves none. Of the others those that bring
    most new pairs come first, and among equals the order of a hash of their names.
    """
    table = validated.read()
    chosen = [variant for variant in variants() if variant.key in table]
    seen = {pair for variant in chosen for pair in _pairs(variant)}
    waiting = [(variant, _pairs(variant)) for variant in sorted(variants(), key=_hash) if variant.key not in table]
    for least in range(max((len(pairs) for _, pairs in waiting), default=0), 0, -1):
        left: list[tuple[Variant, frozenset[tuple[object, ...]]]] = []
        for variant, pairs in waiting:
            new = len(pairs - seen)
            if new >= least:
                chosen.append(variant)
                seen |= pairs
            elif new:
                left.append((variant, pairs))
        waiting = left
    return tuple(chosen)


def _pairs(variant: Variant) -> frozenset[tuple[object, ...]]:
    """The pairs of values that a variant covers; with the dimension, for an operator is another in each."""
    p, v = variant.problem, variant
    kind, method = (v.scheme, p.dimension), (v.solver, p.dimension)
    return frozenset(
        (
            (*kind, v.solver),
            (*kind, p.boundary, p.equation, p.solution),
            (*kind, v.spelling),
            (*kind, v.loop),
            (*method, v.loop),
            (*method, p.boundary),
            (*method, p.equation),
            (*method, v.spelling),
            (v.spelling, v.loop),
            (v.spelling, p.boundary),
            (v.spelling, p.equation),
        )
    )


def unvalidated() -> tuple[Variant, ...]:
    """Those of the catalogue that the table has no row of."""
    table = validated.read()
    return tuple(variant for variant in catalogue() if variant.key not in table)


def _hash(variant: Variant) -> bytes:
    return hashlib.blake2b(variant.key.encode(), digest_size=8).digest()


def stratified(part: int = 10) -> tuple[Variant, ...]:
    """One in `part` of the catalogue, spread evenly over solvers and schemes."""
    ordered = sorted(catalogue(), key=lambda v: (v.solver, v.scheme, _hash(v)))
    return tuple(ordered[::part])
