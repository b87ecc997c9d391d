"""Conjugate gradients with a preconditioner: the diagonal, a symmetric sweep, a multigrid cycle."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model, Trait
from pde.solvers import rates
from pde.solvers.gauss_seidel import symmetric_sweep
from pde.solvers.loops import advanced
from pde.solvers.multigrid import DAMPED, GRIDS, v_cycle
from pde.solvers.solver import LOOPS, SHORT_LOOPS, SPD, Bound, Plan, Solver

CYCLE_RATE = 0.35
"""What a cycle that leaves 0.6 of the error, more than any here, makes of conjugate gradients."""


def _bound(model: Model, tolerance: float) -> int:
    """As conjugate gradients, the diagonal's spread in the condition (Saad, 2003, sections 6.11.3 and 9.2)."""
    smallest, largest = model.diagonal_range()
    kappa = rates.condition(model) * largest / smallest
    lead = 2.0 * math.sqrt(kappa) * math.sqrt(largest / smallest)
    return rates.count(tolerance, rates.chebyshev_rate(kappa), lead)


def _multigrid_bound(model: Model, tolerance: float) -> int:
    """As conjugate gradients of condition (1 + q) / (1 - q), where a cycle leaves q (Saad, 2003, section 6.11.3)."""
    return rates.count(tolerance, CYCLE_RATE, 2.0)


def diagonal(model: Model, plan: Plan) -> Part:
    """Jacobi's preconditioner."""
    return part(krylov.divide_by_diagonal, diagonal=model.diagonal)


def _symmetric(model: Model, plan: Plan) -> Part:
    return part(krylov.sweep_once, sweep=symmetric_sweep(model))


def _cycle(model: Model, plan: Plan) -> Part:
    return part(krylov.sweep_once, sweep=v_cycle(model, plan, DAMPED))


def _build(model: Model, plan: Plan, preconditioner: Callable[[Model, Plan], Part], bound: Bound) -> Part:
    precondition = preconditioner(model, plan)
    start = part(krylov.preconditioned_start, precondition=precondition)
    step = part(
        krylov.preconditioned_step,
        apply_operator=model.apply,
        precondition=precondition,
        ratio=part(krylov.quotient),
    )
    return advanced(plan, start, step, bound(model, plan.tolerance))


_DIAGONAL = SPD | {Trait.DIAGONAL}
PCG_JACOBI = Solver("pcg_jacobi", _DIAGONAL, LOOPS, partial(_build, preconditioner=diagonal, bound=_bound), _bound)
PCG_SSOR = Solver(
    "pcg_ssor",
    _DIAGONAL | {Trait.BIPARTITE},
    LOOPS,
    partial(_build, preconditioner=_symmetric, bound=_bound),
    _bound,
)
PCG_MULTIGRID = Solver(
    "pcg_multigrid",
    SPD | GRIDS | {Trait.GALERKIN},
    SHORT_LOOPS,
    partial(_build, preconditioner=_cycle, bound=_multigrid_bound),
    _multigrid_bound,
    speed="fast",
    hierarchy=True,
)
