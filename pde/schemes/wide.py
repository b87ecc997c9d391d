"""Fourth-order differences over five points: on a period, or one-sided next to the ends."""

from __future__ import annotations

import numpy as np

from pde.blocks import matrices, operators, transforms, wide
from pde.parts.part import Part, part
from pde.schemes.layout import DIRICHLET, PERIODIC
from pde.schemes.model import Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.scheme import (
    MATRIX_SPELLINGS,
    Scheme,
    common_traits,
    grid_points,
    has_matrix_form,
    matrix_form,
    outer_sum,
    source_data,
    with_screening,
)

T = Trait
_STENCILS: dict[tuple[str, int], Part] = {
    ("slices", 1): part(wide.wide_slices_1d),
    ("slices", 2): part(wide.wide_slices_2d),
    ("convolution", 1): part(wide.wide_convolution_1d),
    ("lines", 2): part(wide.wide_lines_2d, along_line=part(wide.wide_slices_1d)),
}
_LINE = part(wide.wide_ends_1d)
_ENDS: dict[int, Part] = {1: _LINE, 2: part(wide.wide_ends_lines, along_line=_LINE)}


def _spelled(problem: Problem, spelling: str) -> bool:
    here = spelling == "rolls" or (spelling, problem.dimension) in _STENCILS
    return here or has_matrix_form(problem, spelling)


def _operator(problem: Problem, matrix: Part, spelling: str) -> Part:
    d = problem.dimension
    if spelling in MATRIX_SPELLINGS:
        return matrix_form(spelling, (matrix,) * d)
    if spelling == "rolls":
        return part(wide.wide_rolls, spacing=PERIODIC.spacing)
    ghosts = part(wide.double_wrap)
    return part(operators.scaled, difference=_STENCILS[spelling, d], add_ghosts=ghosts, spacing=PERIODIC.spacing)


def _periodic(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    d, terms = problem.dimension, problem.terms
    matrix = part(wide.wide_periodic_matrix)
    points = grid_points([PERIODIC.points(n)] * d)
    traits = common_traits(problem) | {T.SYMMETRIC, T.BOUNDED, T.ISOTROPIC, T.SEPARABLE, T.EQUAL_AXES, T.FOURIER}
    traits -= {T.DOMINANT}  # the largest eigenvalue is 16/3 of 5/2 an axis
    centre = 2.5 * d * n**2 + terms.screening
    return Model(
        problem,
        n,
        (n,) * d,
        points,
        with_screening(_operator(problem, matrix, spelling), terms.screening),
        frozenset(traits | {T.DIAGONAL}),
        scheme.order,
        (source_data(problem, points),),
        PERIODIC.spacing,
        PERIODIC.width(n),
        lambda: outer_sum([_eigenvalues(n)] * d) + terms.screening,
        diagonal=part(matrices.literal_diagonal, value=float(centre)),
        diagonal_range=lambda: (centre, centre),
        matrices=(matrix,) * d,
        symbol=part(transforms.wide_differences),
    )


def _eigenvalues(n: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(n) / n
    return n**2 * (15.0 - 16.0 * np.cos(angle) + np.cos(2.0 * angle)) / 6.0


def _spelled_at_ends(problem: Problem, spelling: str) -> bool:
    return spelling == "slices" or has_matrix_form(problem, spelling)


def _with_ends(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """One-sided next to the ends, and so not symmetric."""
    d, terms = problem.dimension, problem.terms
    points = grid_points([DIRICHLET.points(n)] * d)
    matrix = part(wide.wide_dirichlet_matrix, closed_matrix=part(wide.wide_closed_matrix))
    apply = matrix_form(spelling, (matrix,) * d) if spelling in MATRIX_SPELLINGS else _ENDS[d]
    return Model(
        problem,
        n,
        (n,) * d,
        points,
        with_screening(apply, terms.screening),
        frozenset({T.REGULAR, T.EXPLICIT, T.MODERATE}),
        scheme.order,
        (source_data(problem, points),),
        DIRICHLET.spacing,
        DIRICHLET.width(n),
        lambda: 4.0 / 3.0 * outer_sum([DIRICHLET.eigenvalues(n)] * d) + terms.screening,
        matrices=(matrix,) * d,
    )


WIDE = Scheme(
    "wide",
    "vertex",
    4,
    (1, 2, 3),
    ("periodic",),
    ("poisson", "screened"),
    ("slices", "convolution", "lines", "rolls", *MATRIX_SPELLINGS),
    _spelled,
    _periodic,
    coarseness=1.5,
)
WIDE_ENDS = Scheme(
    "wide_ends",
    "vertex",
    4,
    (1, 2),
    ("dirichlet",),
    ("poisson", "screened"),
    ("slices", *MATRIX_SPELLINGS),
    _spelled_at_ends,
    _with_ends,
    solutions=("sine",),
    coarseness=4.0,
)
