"""Direct solvers of three diagonals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pde.blocks import direct
from pde.parts.part import Part, part
from pde.schemes.model import Model, Trait
from pde.solvers.solver import DIRECT, Plan, Solver, uncounted


def _bands(model: Model) -> Part:
    block = model.apply.block.__name__
    if block.startswith("shifted_pads"):
        return part(direct.plain_bands, spacing=model.spacing)
    if block.startswith(("product", "einsum")) and not model.problem.terms.screening:
        return part(direct.matrix_bands, x_matrix=model.matrices[0])
    return part(direct.probed_bands, apply_operator=model.apply)


def _build(model: Model, plan: Plan, block: Callable[..., object]) -> Part:
    return part(block, bands=_bands(model))


def _build_cyclic(model: Model, plan: Plan) -> Part:
    return part(direct.solve_cyclic, bands=_bands(model), eliminate_odd=part(direct.reduce_cyclically))


_LINES = frozenset({Trait.TRIDIAGONAL, Trait.REGULAR})
THOMAS = Solver("thomas", _LINES, DIRECT, partial(_build, block=direct.solve_thomas), uncounted, (1,), "fast")
TRIDIAGONAL_SOLVE = Solver(
    "tridiagonal_solve", _LINES, DIRECT, partial(_build, block=direct.solve_tridiagonal), uncounted, (1,), "fast"
)
CYCLIC_REDUCTION = Solver(
    "cyclic_reduction", _LINES | {Trait.GALERKIN}, DIRECT, _build_cyclic, uncounted, (1,), "fast", hierarchy=True
)
