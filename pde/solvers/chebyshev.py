"""Chebyshev's iteration."""

from __future__ import annotations

from pde.blocks import relaxation
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers import rates
from pde.solvers.loops import advanced
from pde.solvers.solver import LOOPS, SPD, Plan, Solver

LEAST_SPREAD = 1.0001
"""The iteration divides by the width of the spectrum, which great screening leaves none."""


def _bound(model: Model, tolerance: float) -> int:
    """2 rate**k in the residual, the least of all polynomials on the spectrum (Saad, 2003, section 6.11.1)."""
    return rates.count(tolerance, rates.chebyshev_rate(rates.condition(model)), 2.0)


def _build(model: Model, plan: Plan) -> Part:
    low, high = (float(f"{v:.8g}") for v in model.spectrum())
    high = max(high, LEAST_SPREAD * low)
    start = part(relaxation.chebyshev_start, lowest=low, highest=high)
    step = part(relaxation.chebyshev_step, apply_operator=model.apply, lowest=low, highest=high)
    return advanced(plan, start, step, _bound(model, plan.tolerance))


CHEBYSHEV_ITERATION = Solver("chebyshev_iteration", SPD, LOOPS, _build, _bound)
