"""GMRES with restarts."""

from __future__ import annotations

import math

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers import rates
from pde.solvers.loops import advanced
from pde.solvers.solver import UNSYMMETRIC, Plan, Solver


def restart_length(model: Model) -> int:
    """Directions between restarts after which GMRES has gained a factor of ten."""
    size = math.prod(model.shape)
    return min(size, math.ceil(math.log(20.0) / -math.log(_rate(model))) + 1, 60)


def _rate(model: Model) -> float:
    return rates.chebyshev_rate(rates.condition(model))


def _bound(model: Model, tolerance: float) -> int:
    """Restarts, each gaining what conjugate residuals gain in as many steps (Saad, 2003, section 6.11.4)."""
    gain = 2.0 * _rate(model) ** restart_length(model)
    return math.ceil(math.log(tolerance) / math.log(min(gain, 0.5))) + rates.MARGIN


def _build(model: Model, plan: Plan) -> Part:
    step = part(
        krylov.arnoldi_step,
        apply_operator=model.apply,
        ratio=part(krylov.quotient),
        restart=restart_length(model),
    )
    return advanced(plan, part(krylov.arnoldi_start), step, _bound(model, plan.tolerance))


GMRES = Solver("gmres", UNSYMMETRIC, ("fori", "scan", "while"), _build, _bound)
