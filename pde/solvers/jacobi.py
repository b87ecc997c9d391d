"""Jacobi's iteration, plain and damped."""

from __future__ import annotations

from pde.blocks import relaxation
from pde.parts.part import Part, part
from pde.schemes.model import Model, Trait
from pde.solvers import rates
from pde.solvers.loops import repeated
from pde.solvers.solver import LOOPS, Plan, Solver


def pointwise(model: Model) -> dict[str, Part]:
    """What a sweep that divides residuals by the diagonal is bound to."""
    assert model.diagonal is not None
    return {"apply_operator": model.apply, "diagonal": model.diagonal}


def damped_sweep(model: Model) -> Part:
    """One damped sweep."""
    return part(relaxation.damped_sweep, **pointwise(model), damping=_damping(model))


def _damping(model: Model) -> float:
    """The smoothing damping of textbooks: 2/3, 4/5, 6/7 in one, two, three dimensions."""
    return (0.67, 0.8, 0.86)[model.problem.dimension - 1]


def _bound(model: Model, tolerance: float) -> int:
    """The error falls by the spectral radius (Saad, 2003, section 4.2.1)."""
    return rates.count(tolerance, rates.jacobi_radius(model), 2.0)


def _build(model: Model, plan: Plan) -> Part:
    sweep = part(relaxation.jacobi_sweep, **pointwise(model))
    return repeated(model, plan, sweep, _bound(model, plan.tolerance))


def _damped_bound(model: Model, tolerance: float) -> int:
    """The error falls by the spectral radius (Saad, 2003, section 4.2.1)."""
    return rates.count(tolerance, rates.jacobi_radius(model, _damping(model)), 2.0)


def _build_damped(model: Model, plan: Plan) -> Part:
    return repeated(model, plan, damped_sweep(model), _damped_bound(model, plan.tolerance))


RELAXED = frozenset({Trait.BOUNDED, Trait.DIAGONAL, Trait.SEMIDEFINITE, Trait.EXPLICIT})
JACOBI = Solver("jacobi", RELAXED | {Trait.REGULAR, Trait.DOMINANT}, LOOPS, _build, _bound, speed="slow")
DAMPED_JACOBI = Solver("damped_jacobi", RELAXED, LOOPS, _build_damped, _damped_bound, speed="slow")
