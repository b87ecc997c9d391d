"""Relaxations in a loop, as parts: sweeps for solvers and for smoothers."""

from __future__ import annotations

from dataclasses import dataclass

from pde.blocks import relaxation
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers import rates

MOST_UNROLLED = 6
"""Cycles or steps written out in a row; enough for the error of the discretisation to show."""


@dataclass(frozen=True)
class Plan:
    """How a solver is to be run: its loop and its relative residual."""

    loop: str
    tolerance: float


def repeated(model: Model, plan: Plan, sweep: Part, count: int) -> Part:
    block = getattr(relaxation, f"repeat_{plan.loop}")
    if plan.loop == "while":
        return part(block, sweep=sweep, apply_operator=model.apply, tolerance=plan.tolerance, limit=count)
    extra = {"apply_operator": model.apply} if plan.loop == "recorded" else {}
    count = min(count, MOST_UNROLLED) if plan.loop == "unrolled" else count
    return part(block, sweep=sweep, iterations=count, **extra)


def relaxation_parts(model: Model) -> dict[str, Part]:
    assert model.diagonal is not None
    return {"apply_operator": model.apply, "diagonal": model.diagonal}


def colouring(model: Model) -> Part:
    return part(getattr(relaxation, f"checkerboard_{model.problem.dimension}d"))


def damping(model: Model) -> float:
    """The smoothing damping of textbooks: 2/3, 4/5, 6/7 in one, two, three dimensions."""
    return (0.67, 0.8, 0.86)[model.problem.dimension - 1]


def build_jacobi(model: Model, plan: Plan) -> Part:
    sweep = part(relaxation.jacobi_sweep, **relaxation_parts(model))
    return repeated(model, plan, sweep, rates.jacobi(model, plan.tolerance))


def build_damped(model: Model, plan: Plan) -> Part:
    return repeated(model, plan, damped_sweep(model), rates.damped_jacobi(model, plan.tolerance, damping(model)))


def damped_sweep(model: Model) -> Part:
    return part(relaxation.damped_sweep, **relaxation_parts(model), damping=damping(model))


def red_black_sweep(model: Model) -> Part:
    return part(relaxation.red_black_sweep, **relaxation_parts(model), red=colouring(model))


def build_red_black(model: Model, plan: Plan) -> Part:
    return repeated(model, plan, red_black_sweep(model), rates.gauss_seidel(model, plan.tolerance))


def build_overrelaxed(model: Model, plan: Plan) -> Part:
    omega = round(rates.best_relaxation(model), 6)
    sweep = part(relaxation.overrelaxed_sweep, **relaxation_parts(model), red=colouring(model), relaxation=omega)
    return repeated(model, plan, sweep, rates.overrelaxation(model, plan.tolerance))


def symmetric_sweep(model: Model) -> Part:
    return part(relaxation.symmetric_sweep, **relaxation_parts(model), red=colouring(model), relaxation=1.0)


def build_symmetric(model: Model, plan: Plan) -> Part:
    return repeated(model, plan, symmetric_sweep(model), rates.gauss_seidel(model, plan.tolerance))


def build_lexicographic(model: Model, plan: Plan, relaxed: bool) -> Part:
    omega = round(rates.best_relaxation(model), 6) if relaxed else 1.0
    block = getattr(relaxation, f"lexicographic_sweep_{model.problem.dimension}d")
    count = (rates.overrelaxation if relaxed else rates.gauss_seidel)(model, plan.tolerance)
    return repeated(model, plan, part(block, spacing=model.spacing, relaxation=omega), count)
