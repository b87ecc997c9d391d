"""Balance of fluxes over the dual cells of a stretched grid."""

from __future__ import annotations

import numpy as np

from pde.blocks import flux, matrices
from pde.parts.part import Part, part
from pde.schemes.layout import DIRICHLET
from pde.schemes.model import Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.scheme import (
    MATRIX_SPELLINGS,
    Scheme,
    common_traits,
    has_matrix_form,
    loaded,
    matrix_form,
    source_data,
)

T = Trait
STRETCH = 0.5
_VERTICES = part(flux.stretched_points, stretch=STRETCH)
_MATRIX = part(flux.balance_matrix, vertices=_VERTICES)
_BALANCES: dict[str, Part] = {
    "slices": part(flux.balance_slices, vertices=_VERTICES),
    "gather": part(flux.balance_gather, vertices=_VERTICES),
}


def _spelled(problem: Problem, spelling: str) -> bool:
    return spelling in _BALANCES or has_matrix_form(problem, spelling)


def _points(n: int) -> np.ndarray:
    """All vertices, both ends included."""
    s = np.linspace(0.0, 1.0, n + 2)
    return s + STRETCH / np.pi * np.sin(np.pi * s) * (s - 1.0)


def _dense(x: np.ndarray) -> np.ndarray:
    gradient = np.diff(np.eye(len(x))[:, 1:-1], axis=0)
    return gradient.T @ (gradient / np.diff(x)[:, None])


def _model(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    x = _points(n)
    points, dense = x[1:-1, None], _dense(x)
    diagonal = np.diagonal(dense)
    traits = {T.SYMMETRIC, T.BOUNDED, T.BIPARTITE, T.TRIDIAGONAL, T.DIAGONAL, T.SEPARABLE}
    return Model(
        problem,
        n,
        (n,),
        points,
        matrix_form(spelling, (_MATRIX,)) if spelling in MATRIX_SPELLINGS else _BALANCES[spelling],
        frozenset(common_traits(problem) | traits),
        scheme.order,
        (source_data(problem, points),),
        DIRICHLET.spacing,
        DIRICHLET.width(n),
        lambda: np.linalg.eigvalsh(dense),
        loaded(part(flux.balanced_load, widths=part(flux.dual_widths, vertices=_VERTICES))),
        diagonal=part(matrices.matrix_diagonal_1d, x_matrix=_MATRIX),
        diagonal_range=lambda: (float(diagonal.min()), float(diagonal.max())),
        matrices=(_MATRIX,),
    )


STRETCHED = Scheme(
    "stretched",
    "stretched",
    2,
    (1,),
    ("dirichlet",),
    ("poisson",),
    ("slices", "gather", "product", "einsum"),
    _spelled,
    _model,
)
