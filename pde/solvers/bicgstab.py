"""BiCGStab."""

from __future__ import annotations

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers.conjugate_gradients import CG
from pde.solvers.loops import advanced
from pde.solvers.solver import LOOPS, UNSYMMETRIC, Plan, Solver


def _bound(model: Model, tolerance: float) -> int:
    """None is known (van der Vorst, 1992); on these operators conjugate gradients need no fewer steps."""
    return CG.bound(model, tolerance) + 20


def _build(model: Model, plan: Plan) -> Part:
    step = part(krylov.stabilised_step, apply_operator=model.apply, ratio=part(krylov.quotient))
    return advanced(plan, part(krylov.stabilised_start), step, _bound(model, plan.tolerance))


BICGSTAB = Solver("bicgstab", UNSYMMETRIC, LOOPS, _build, _bound, erratic=True)
