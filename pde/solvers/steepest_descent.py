"""Steepest descent."""

from __future__ import annotations

import math

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers import rates
from pde.solvers.loops import advanced
from pde.solvers.solver import LOOPS, SPD, Plan, Solver


def _bound(model: Model, tolerance: float) -> int:
    """((kappa - 1) / (kappa + 1))**k in the energy norm (Saad, 2003, section 5.3.1)."""
    kappa = rates.condition(model)
    return rates.count(tolerance, (kappa - 1.0) / (kappa + 1.0), math.sqrt(kappa))


def _build(model: Model, plan: Plan) -> Part:
    step = part(krylov.descent_step, apply_operator=model.apply, ratio=part(krylov.quotient))
    return advanced(plan, part(krylov.descent_start), step, _bound(model, plan.tolerance))


STEEPEST_DESCENT = Solver("steepest_descent", SPD, LOOPS, _build, _bound, speed="slow")
