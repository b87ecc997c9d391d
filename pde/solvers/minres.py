"""Conjugate residuals, which minimise the residual as MINRES does."""

from __future__ import annotations

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers.chebyshev import CHEBYSHEV_ITERATION
from pde.solvers.loops import advanced
from pde.solvers.solver import LOOPS, SPD, Plan, Solver


def _bound(model: Model, tolerance: float) -> int:
    """No polynomial leaves a smaller residual, so Chebyshev's do not either (Saad, 2003, section 6.11.4)."""
    return CHEBYSHEV_ITERATION.bound(model, tolerance)


def _build(model: Model, plan: Plan) -> Part:
    start = part(krylov.minimal_start, apply_operator=model.apply)
    step = part(krylov.minimal_step, apply_operator=model.apply, ratio=part(krylov.quotient))
    return advanced(plan, start, step, _bound(model, plan.tolerance))


MINRES = Solver("minres", SPD, LOOPS, _build, _bound)
