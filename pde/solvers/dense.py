"""Direct solvers with a matrix over all unknowns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pde.blocks import direct, matrices
from pde.parts.part import Part, part
from pde.schemes.model import Model, Trait
from pde.solvers.solver import DIRECT, Plan, Solver, uncounted

Block = Callable[..., object]


def _axis_or_columns(model: Model) -> Part:
    """The axis's own matrix where that is all, else the operator's columns."""
    if len(model.matrices) == 1 and model.problem.terms.screening == 0.0:
        return part(direct.axis_dense, x_matrix=model.matrices[0])
    return _columns(model)


def _columns(model: Model) -> Part:
    return part(matrices.dense_matrix, apply_operator=model.apply)


def _jacobian(model: Model) -> Part:
    return part(matrices.jacobian_matrix, apply_operator=model.apply)


def _build(model: Model, plan: Plan, block: Block, matrix: Callable[[Model], Part]) -> Part:
    found = matrix(model)
    if model.problem.singular:
        found = part(direct.pinned_matrix, plain_matrix=found)
    return part(block, matrix=found)


def _solver(name: str, needs: frozenset[Trait], block: Block, matrix: Callable[[Model], Part]) -> Solver:
    return Solver(name, needs, DIRECT, partial(_build, block=block, matrix=matrix), uncounted, speed="dense")


_EXPLICIT = frozenset({Trait.EXPLICIT})
_DEFINITE = frozenset({Trait.EXPLICIT, Trait.SYMMETRIC, Trait.SEMIDEFINITE})
LU = _solver("lu", _EXPLICIT, direct.solve_lu, _axis_or_columns)
DENSE = _solver("dense", _EXPLICIT, direct.solve_dense, _jacobian)
INVERSE = _solver("inverse", _EXPLICIT, direct.solve_inverse, _columns)
CHOLESKY = _solver("cholesky", _DEFINITE, direct.solve_cholesky, _axis_or_columns)
# XLA's CPU backend refuses the layout that its transposed columns give to a Fourier transform.
TRIANGLES = _solver("triangles", _DEFINITE | {Trait.LOCAL}, direct.solve_triangles, _jacobian)
