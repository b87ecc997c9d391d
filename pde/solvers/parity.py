"""A V-cycle on the four parities of a plane's points, each an array of its own."""

from __future__ import annotations

from pde.blocks import multigrid, parity
from pde.parts.part import Part, part
from pde.schemes.model import Model, Trait
from pde.solvers.loops import repeated
from pde.solvers.multigrid import GRIDS, RED_BLACK, coarsest
from pde.solvers.solver import SHORT_LOOPS, Plan, Solver


def _build(model: Model, plan: Plan) -> Part:
    cycle = part(
        parity.parity_cycle,
        spacing=model.spacing,
        split=part(parity.split_by_parity),
        smooth=part(multigrid.smooth_fori, sweep=part(parity.relax_by_parity), sweeps=2),
        restrict=part(parity.weight_by_parity),
        correct=part(parity.correct_edges),
        join=part(parity.join_by_parity),
        solve_coarse=part(multigrid.smooth_fori, sweep=RED_BLACK.sweep(model), sweeps=16),
        coarsest=coarsest(model),
    )
    return repeated(model, plan, cycle, RED_BLACK.bound(model, plan.tolerance))


MULTIGRID_V_PARITY = Solver(
    "multigrid_v_parity",
    GRIDS | {Trait.CONSTANT_INTERIOR},
    SHORT_LOOPS,
    _build,
    RED_BLACK.bound,
    dimensions=(2,),
    speed="fast",
    hierarchy=True,
)
