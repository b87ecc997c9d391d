"""BiCGStab(2), which also stabilises where eigenvalues are far from real."""

from __future__ import annotations

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers.bicgstab import BICGSTAB
from pde.solvers.loops import advanced
from pde.solvers.solver import LOOPS, UNSYMMETRIC, Plan, Solver


def _bound(model: Model, tolerance: float) -> int:
    """None is known (Sleijpen and Fokkema, 1993); a step gains what two of BiCGStab gain."""
    return (BICGSTAB.bound(model, tolerance) + 1) // 2


def _build(model: Model, plan: Plan) -> Part:
    step = part(krylov.twice_stabilised_step, apply_operator=model.apply, ratio=part(krylov.quotient))
    return advanced(plan, part(krylov.stabilised_start), step, _bound(model, plan.tolerance))


BICGSTAB2 = Solver("bicgstab2", UNSYMMETRIC, LOOPS, _build, _bound, erratic=True)
