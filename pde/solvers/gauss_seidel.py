"""Gauss-Seidel, successive over-relaxation and the symmetric sweep, in two colours or point after point."""

from __future__ import annotations

import math
from functools import partial

from pde.blocks import relaxation
from pde.parts.part import Block, Part, part
from pde.schemes.model import Model, Trait
from pde.solvers import rates
from pde.solvers.jacobi import RELAXED, pointwise
from pde.solvers.loops import repeated
from pde.solvers.solver import LOOPS, Plan, Solver


def red_black_sweep(model: Model) -> Part:
    """One Gauss-Seidel sweep in two colours."""
    return part(relaxation.red_black_sweep, **_coloured(model))


_CHECKERBOARD: dict[int, Block] = {
    1: relaxation.checkerboard_1d,
    2: relaxation.checkerboard_2d,
    3: relaxation.checkerboard_3d,
}
_LEXICOGRAPHIC: dict[int, Block] = {1: relaxation.lexicographic_sweep_1d, 2: relaxation.lexicographic_sweep_2d}


def symmetric_sweep(model: Model) -> Part:
    """One symmetric Gauss-Seidel sweep in two colours."""
    return part(relaxation.symmetric_sweep, **_coloured(model), relaxation=1.0)


def _coloured(model: Model) -> dict[str, Part]:
    red = part(_CHECKERBOARD[model.problem.dimension])
    return {**pointwise(model), "red": red}


def _best_relaxation(model: Model) -> float:
    """Young's best relaxation, from the radius of Jacobi's iteration (Young, 1971, section 6.2)."""
    return 2.0 / (1.0 + math.sqrt(1.0 - rates.jacobi_radius(model) ** 2))


def _bound(model: Model, tolerance: float) -> int:
    """The square of Jacobi's radius, for the ordering is consistent (Young, 1971, chapter 5).

    The symmetric sweep has it too: a colour that is relaxed twice in a row is relaxed once.
    """
    return rates.count(tolerance, rates.jacobi_radius(model) ** 2, 4.0)


def _overrelaxed_bound(model: Model, tolerance: float) -> int:
    """At its best k (omega - 1)**k, for the eigenvalue is defective (Young, 1971, section 7.2)."""
    rate = max(_best_relaxation(model) - 1.0, rates.LEAST_RATE)
    k = rates.count(tolerance, rate)
    return k + math.ceil(math.log(4.0 * k * math.sqrt(rates.condition(model))) / -math.log(rate))


def _build_red_black(model: Model, plan: Plan) -> Part:
    return repeated(model, plan, red_black_sweep(model), _bound(model, plan.tolerance))


def _build_symmetric(model: Model, plan: Plan) -> Part:
    return repeated(model, plan, symmetric_sweep(model), _bound(model, plan.tolerance))


def _build_overrelaxed(model: Model, plan: Plan) -> Part:
    omega = round(_best_relaxation(model), 6)
    sweep = part(relaxation.overrelaxed_sweep, **_coloured(model), relaxation=omega)
    return repeated(model, plan, sweep, _overrelaxed_bound(model, plan.tolerance))


def _build_lexicographic(model: Model, plan: Plan, relaxed: bool) -> Part:
    omega = round(_best_relaxation(model), 6) if relaxed else 1.0
    block = _LEXICOGRAPHIC[model.problem.dimension]
    count = (_overrelaxed_bound if relaxed else _bound)(model, plan.tolerance)
    return repeated(model, plan, part(block, spacing=model.spacing, relaxation=omega), count)


_COLOURS = RELAXED | {Trait.BIPARTITE, Trait.REGULAR}
_POINTS = frozenset({Trait.CONSTANT_INTERIOR})
GAUSS_SEIDEL = Solver(
    "gauss_seidel", _POINTS, LOOPS, partial(_build_lexicographic, relaxed=False), _bound, (1, 2), "slow"
)
SOR_LEXICOGRAPHIC = Solver(
    "sor_lexicographic",
    _POINTS,
    LOOPS,
    partial(_build_lexicographic, relaxed=True),
    _overrelaxed_bound,
    (1, 2),
    "slow",
)
RED_BLACK = Solver("red_black", _COLOURS, LOOPS, _build_red_black, _bound, speed="slow")
SOR = Solver("sor", _COLOURS, LOOPS, _build_overrelaxed, _overrelaxed_bound)
SSOR = Solver("ssor", _COLOURS, LOOPS, _build_symmetric, _bound, speed="slow")
