"""Direct solvers by the eigenvectors of the axes' matrices."""

from __future__ import annotations

from pde.blocks import direct
from pde.parts.part import Block, Part, part
from pde.schemes.model import Model, Trait
from pde.schemes.scheme import AXES
from pde.solvers.solver import DIRECT, Plan, Solver, uncounted

SUMS = frozenset({Trait.SEPARABLE, Trait.SYMMETRIC})


def inverted(model: Model) -> Part:
    """From eigenvalues to what their modes are multiplied with."""
    if model.problem.singular:
        return part(direct.pseudo_reciprocal)
    screening = model.problem.terms.screening
    return part(direct.reciprocal, screening=screening) if screening else part(direct.plain_reciprocal)


_DIAGONALISE: dict[int, Block] = {1: direct.diagonalise_1d, 2: direct.diagonalise_2d, 3: direct.diagonalise_3d}


def _build(model: Model, plan: Plan) -> Part:
    bound = dict(zip(AXES, model.matrices, strict=False))
    return part(_DIAGONALISE[model.problem.dimension], **bound, invert=inverted(model))


def _build_half(model: Model, plan: Plan) -> Part:
    return part(direct.half_diagonalised, x_matrix=model.matrices[0], y_matrix=model.matrices[1])


FAST_DIAGONALISATION = Solver("fast_diagonalisation", SUMS, DIRECT, _build, uncounted, speed="fast", spelled=False)
HALF_DIAGONALISATION = Solver(
    "half_diagonalisation",
    SUMS | {Trait.REGULAR, Trait.UNSHIFTED},
    DIRECT,
    _build_half,
    uncounted,
    dimensions=(2,),
    speed="fast",
    spelled=False,
)
