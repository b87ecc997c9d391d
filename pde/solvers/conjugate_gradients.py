"""Conjugate gradients."""

from __future__ import annotations

import math

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers import rates
from pde.solvers.loops import advanced
from pde.solvers.solver import LOOPS, SPD, Plan, Solver


def _bound(model: Model, tolerance: float) -> int:
    """2 rate**k in the energy norm, so 2 sqrt(kappa) rate**k in the residual (Saad, 2003, section 6.11.3)."""
    kappa = rates.condition(model)
    return rates.count(tolerance, rates.chebyshev_rate(kappa), 2.0 * math.sqrt(kappa))


def _build(model: Model, plan: Plan) -> Part:
    step = part(krylov.conjugate_step, apply_operator=model.apply, ratio=part(krylov.quotient))
    return advanced(plan, part(krylov.conjugate_start), step, _bound(model, plan.tolerance))


CG = Solver("cg", SPD, LOOPS, _build, _bound)
