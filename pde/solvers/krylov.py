"""Krylov methods and Chebyshev's iteration in a loop, as parts, with their preconditioners."""

from __future__ import annotations

from pde.blocks import krylov, relaxation
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers import rates
from pde.solvers.cycles import cycle_part
from pde.solvers.sweeps import MOST_UNROLLED, Plan, symmetric_sweep

LEAST_SPREAD = 1.0001
"""The iteration divides by the width of the spectrum, which great screening leaves none."""
_RATIO = part(krylov.quotient)


def advanced(plan: Plan, start: Part, step: Part, count: int) -> Part:
    block = getattr(krylov, f"advance_{plan.loop}")
    if plan.loop == "while":
        return part(block, start=start, step=step, tolerance=plan.tolerance, limit=count)
    if plan.loop == "unrolled":
        return part(block, start=start, step=step, iterations=min(count, MOST_UNROLLED))
    return part(block, start=start, step=step, tolerance=plan.tolerance, iterations=count)


def build_chebyshev(model: Model, plan: Plan) -> Part:
    low, high = (float(f"{v:.8g}") for v in model.spectrum())
    high = max(high, LEAST_SPREAD * low)
    start = part(relaxation.chebyshev_start, lowest=low, highest=high)
    step = part(relaxation.chebyshev_step, apply_operator=model.apply, lowest=low, highest=high)
    return advanced(plan, start, step, rates.chebyshev(model, plan.tolerance))


def build_descent(model: Model, plan: Plan) -> Part:
    step = part(krylov.descent_step, apply_operator=model.apply, ratio=_RATIO)
    return advanced(plan, part(krylov.descent_start), step, rates.descent(model, plan.tolerance))


def build_conjugate(model: Model, plan: Plan) -> Part:
    step = part(krylov.conjugate_step, apply_operator=model.apply, ratio=_RATIO)
    return advanced(plan, part(krylov.conjugate_start), step, rates.conjugate(model, plan.tolerance))


def build_minimal(model: Model, plan: Plan) -> Part:
    start = part(krylov.minimal_start, apply_operator=model.apply)
    step = part(krylov.minimal_step, apply_operator=model.apply, ratio=_RATIO)
    return advanced(plan, start, step, rates.chebyshev(model, plan.tolerance))


def build_stabilised(model: Model, plan: Plan) -> Part:
    step = part(krylov.stabilised_step, apply_operator=model.apply, ratio=_RATIO)
    return advanced(plan, part(krylov.stabilised_start), step, rates.stabilised(model, plan.tolerance))


def build_arnoldi(model: Model, plan: Plan) -> Part:
    step = part(krylov.arnoldi_step, apply_operator=model.apply, ratio=_RATIO, restart=rates.restart_length(model))
    return advanced(plan, part(krylov.arnoldi_start), step, rates.restarts(model, plan.tolerance))


def _preconditioner(model: Model, kind: str, loop: str) -> Part:
    if kind == "jacobi":
        return part(krylov.divide_by_diagonal, diagonal=model.diagonal)
    sweep = symmetric_sweep(model) if kind == "ssor" else cycle_part(model, "v", "damped", loop)
    return part(krylov.sweep_once, sweep=sweep)


def preconditioned_count(model: Model, plan: Plan, kind: str) -> int:
    return rates.cycles(plan.tolerance, 0.35) if kind == "multigrid" else rates.preconditioned(model, plan.tolerance)


def build_preconditioned(model: Model, plan: Plan, kind: str) -> Part:
    precondition = _preconditioner(model, kind, plan.loop)
    start = part(krylov.preconditioned_start, precondition=precondition)
    step = part(krylov.preconditioned_step, apply_operator=model.apply, precondition=precondition, ratio=_RATIO)
    return advanced(plan, start, step, preconditioned_count(model, plan, kind))


def build_library(model: Model, plan: Plan, name: str) -> Part:
    bound = {"apply_operator": model.apply, "tolerance": plan.tolerance}
    if name == "gmres":
        bound["restart"] = rates.restart_length(model)
        return part(krylov.library_gmres, **bound, limit=2 * rates.restarts(model, plan.tolerance))
    if name == "pcg":
        bound["precondition"] = _preconditioner(model, "jacobi", plan.loop)
    return part(getattr(krylov, f"library_{name}"), **bound, limit=2 * rates.stabilised(model, plan.tolerance))
