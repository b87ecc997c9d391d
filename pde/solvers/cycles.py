"""Multigrid cycles and full multigrid, as parts."""

from __future__ import annotations

from pde.blocks import multigrid, parity
from pde.parts.part import Part, part
from pde.schemes.model import Model, Trait
from pde.solvers import rates
from pde.solvers.sweeps import Plan, damped_sweep, red_black_sweep, repeated

T = Trait


def _transfers(model: Model) -> dict[str, Part]:
    d, boundary = model.problem.dimension, model.problem.boundary
    if boundary == "periodic":
        names = f"period_weight_{d}d", f"period_interpolate_{d}d"
    elif T.GALERKIN in model.traits:
        names = f"weight_{d}d", f"interpolate_{d}d"
    else:
        prolong = part(getattr(multigrid, f"cell_interpolate_{d}d"), add_ghosts=model.ghosts)
        return {"restrict": part(getattr(multigrid, f"average_{d}d")), "prolong": prolong}
    restrict, prolong = (part(getattr(multigrid, name)) for name in names)
    return {"restrict": restrict, "prolong": prolong}


def _coarsest(model: Model) -> int:
    return 3 if model.n % 2 else 2


def _smoother(model: Model, kind: str) -> Part:
    return red_black_sweep(model) if kind == "red_black" else damped_sweep(model)


def cycle_part(model: Model, shape: str, smoother: str, loop: str) -> Part:
    sweep = _smoother(model, smoother)
    smooth = part(
        multigrid.smooth_unrolled if shape == "v" and loop != "unrolled" else multigrid.smooth_fori,
        sweep=sweep,
        sweeps=2,
    )
    coarse = part(multigrid.smooth_fori, sweep=sweep, sweeps=16)
    bound = {
        "apply_operator": model.apply,
        "smooth": smooth,
        "solve_coarse": coarse,
        "coarsest": _coarsest(model),
        **_transfers(model),
    }
    if shape == "f":
        bound["coarse_cycle"] = part(multigrid.v_cycle, **bound)
    return part(getattr(multigrid, f"{shape}_cycle"), **bound)


def build_multigrid(model: Model, plan: Plan, shape: str, smoother: str) -> Part:
    cycle = cycle_part(model, shape, smoother, plan.loop)
    return repeated(model, plan, cycle, rates.cycles(plan.tolerance, CYCLE_RATE[smoother]))


def build_parity(model: Model, plan: Plan) -> Part:
    cycle = part(
        parity.parity_cycle,
        spacing=model.spacing,
        split=part(parity.split_by_parity),
        smooth=part(multigrid.smooth_fori, sweep=part(parity.relax_by_parity), sweeps=2),
        restrict=part(parity.weight_by_parity),
        correct=part(parity.correct_edges),
        join=part(parity.join_by_parity),
        solve_coarse=part(multigrid.smooth_fori, sweep=red_black_sweep(model), sweeps=16),
        coarsest=_coarsest(model),
    )
    return repeated(model, plan, cycle, rates.cycles(plan.tolerance, CYCLE_RATE["red_black"]))


def build_full(model: Model, plan: Plan, smoother: str) -> Part:
    cycle = cycle_part(model, "v", smoother, plan.loop)
    inner = dict(cycle.bound)
    full = part(
        multigrid.full_multigrid,
        cycle=cycle,
        solve_coarse=inner["solve_coarse"],
        coarsest=_coarsest(model),
        **_transfers(model),
    )
    sweep = part(multigrid.corrected_by, apply_operator=model.apply, solve_residual=full)
    return repeated(model, plan, sweep, rates.cycles(plan.tolerance, CYCLE_RATE[smoother]))


CYCLE_RATE = {"red_black": 0.2, "damped": 0.25}
"""Largest factor of the residual a cycle with two sweeps on either side is granted."""
