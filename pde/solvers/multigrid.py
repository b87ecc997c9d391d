"""Multigrid cycles and full multigrid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pde.blocks import multigrid
from pde.parts.part import Block, Part, part
from pde.schemes.model import Model, Trait
from pde.solvers import rates
from pde.solvers.gauss_seidel import red_black_sweep
from pde.solvers.jacobi import damped_sweep
from pde.solvers.loops import repeated
from pde.solvers.solver import LOOPS, SHORT_LOOPS, Bound, Plan, Solver

GRIDS = frozenset({Trait.NESTED, Trait.ISOTROPIC, Trait.DIAGONAL, Trait.BOUNDED, Trait.SEMIDEFINITE})
"""What a hierarchy of grids needs."""


@dataclass(frozen=True)
class Smoother:
    """A sweep, what it needs besides grids, and the bound of cycles with two of it on either side."""

    name: str
    sweep: Callable[[Model], Part]
    needs: frozenset[Trait]
    bound: Bound


def _damped_bound(model: Model, tolerance: float) -> int:
    """A quarter is left, about 5/7 a sweep in three dimensions (Trottenberg et al., Multigrid, 2001, section 2.9)."""
    return rates.count(tolerance, 0.25, 2.0)


def _red_black_bound(model: Model, tolerance: float) -> int:
    """A fifth is left, about (2/3)**2 for each of two sweeps in three dimensions (Yavneh, 1996)."""
    return rates.count(tolerance, 0.2, 2.0)


DAMPED = Smoother("damped", damped_sweep, frozenset(), _damped_bound)
RED_BLACK = Smoother("red_black", red_black_sweep, frozenset({Trait.BIPARTITE}), _red_black_bound)


def coarsest(model: Model) -> int:
    """Unknowns along an axis of the grid that is halved no more."""
    return 3 if model.n % 2 else 2


_AVERAGE: dict[int, Block] = {1: multigrid.average_1d, 2: multigrid.average_2d, 3: multigrid.average_3d}
_CELL_INTERPOLATE: dict[int, Block] = {1: multigrid.cell_interpolate_1d, 2: multigrid.cell_interpolate_2d}
_WEIGHT: dict[int, Block] = {1: multigrid.weight_1d, 2: multigrid.weight_2d, 3: multigrid.weight_3d}
_INTERPOLATE: dict[int, Block] = {1: multigrid.interpolate_1d, 2: multigrid.interpolate_2d, 3: multigrid.interpolate_3d}
_PERIOD_WEIGHT: dict[int, Block] = {1: multigrid.period_weight_1d, 2: multigrid.period_weight_2d}
_PERIOD_INTERPOLATE: dict[int, Block] = {1: multigrid.period_interpolate_1d, 2: multigrid.period_interpolate_2d}


def _transfers(model: Model) -> dict[str, Part]:
    d = model.problem.dimension
    if model.problem.boundary != "periodic" and Trait.GALERKIN not in model.traits:
        return {"restrict": part(_AVERAGE[d]), "prolong": part(_CELL_INTERPOLATE[d], add_ghosts=model.ghosts)}
    if model.problem.boundary == "periodic":
        return {"restrict": part(_PERIOD_WEIGHT[d]), "prolong": part(_PERIOD_INTERPOLATE[d])}
    return {"restrict": part(_WEIGHT[d]), "prolong": part(_INTERPOLATE[d])}


def _grids(model: Model, smoother: Smoother) -> dict[str, object]:
    """What every cycle is bound to but for its smoothing on a grid that is not the coarsest."""
    coarse = part(multigrid.smooth_fori, sweep=smoother.sweep(model), sweeps=16)
    return {"solve_coarse": coarse, "coarsest": coarsest(model), **_transfers(model)}


def _levels(model: Model, smoother: Smoother, smooth: Callable[..., object]) -> dict[str, object]:
    smoothing = part(smooth, sweep=smoother.sweep(model), sweeps=2)
    return {"apply_operator": model.apply, "smooth": smoothing, **_grids(model, smoother)}


def v_cycle(model: Model, plan: Plan, smoother: Smoother) -> Part:
    """One V-cycle."""
    smooth = multigrid.smooth_fori if plan.loop == "unrolled" else multigrid.smooth_unrolled
    return part(multigrid.v_cycle, **_levels(model, smoother, smooth))


def _w_cycle(model: Model, plan: Plan, smoother: Smoother) -> Part:
    return part(multigrid.w_cycle, **_levels(model, smoother, multigrid.smooth_fori))


def _f_cycle(model: Model, plan: Plan, smoother: Smoother) -> Part:
    levels = _levels(model, smoother, multigrid.smooth_fori)
    return part(multigrid.f_cycle, **levels, coarse_cycle=part(multigrid.v_cycle, **levels))


def _full_cycle(model: Model, plan: Plan, smoother: Smoother) -> Part:
    cycle = v_cycle(model, plan, smoother)
    full = part(multigrid.full_multigrid, cycle=cycle, **_grids(model, smoother))
    return part(multigrid.corrected_by, apply_operator=model.apply, solve_residual=full)


Cycle = Callable[[Model, Plan, Smoother], Part]


def _build(model: Model, plan: Plan, cycle: Cycle, smoother: Smoother) -> Part:
    return repeated(model, plan, cycle(model, plan, smoother), smoother.bound(model, plan.tolerance))


def _solver(name: str, loops: tuple[str, ...], cycle: Cycle, smoother: Smoother) -> Solver:
    build = partial(_build, cycle=cycle, smoother=smoother)
    needs = GRIDS | smoother.needs
    return Solver(f"{name}_{smoother.name}", needs, loops, build, smoother.bound, speed="fast", hierarchy=True)


MULTIGRID = tuple(
    _solver(*row, smoother)
    for smoother in (DAMPED, RED_BLACK)
    for row in (
        ("multigrid_v", SHORT_LOOPS, v_cycle),
        ("multigrid_w", LOOPS, _w_cycle),
        ("multigrid_f", LOOPS, _f_cycle),
        ("full_multigrid", LOOPS, _full_cycle),
    )
)
