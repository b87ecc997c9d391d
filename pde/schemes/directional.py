"""Second-order differences with a weight for every axis: different spacings or diffusivities."""

from __future__ import annotations

from pde.blocks import matrices, operators
from pde.parts.part import Part, part
from pde.schemes.layout import PERIODIC, Axis, Layout
from pde.schemes.model import Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.scheme import (
    LINE,
    MATRIX_SPELLINGS,
    Block,
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
_DIRECTIONAL: dict[tuple[str, int], Block] = {
    ("slices", 2): operators.directional_slices_2d,
    ("slices", 3): operators.directional_slices_3d,
    ("diff", 2): operators.directional_diff_2d,
    ("diff", 3): operators.directional_diff_3d,
    ("lines", 2): operators.directional_lines_2d,
    ("convolution", 2): operators.directional_convolution_2d,
}


def _spelled(problem: Problem, spelling: str) -> bool:
    return (spelling, problem.dimension) in _DIRECTIONAL or has_matrix_form(problem, spelling)


def _operator(layout: Layout, weighted: tuple[Part, ...], weights: list[float], spelling: str) -> Part:
    if spelling in MATRIX_SPELLINGS:
        return matrix_form(spelling, weighted)
    bound = dict(zip(("x_weight", "y_weight", "z_weight"), weights, strict=False))
    lines = {"along_line": LINE} if spelling == "lines" else {}
    return part(_DIRECTIONAL[spelling, len(weights)], add_ghosts=layout.ghosts, **lines, **bound)


def _weighted(axis: Axis, weight: float) -> Part:
    return part(matrices.weighted_matrix, axis_matrix=axis.matrix, weight=weight) if weight != 1.0 else axis.matrix


def _directional(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Second-order differences with a weight for every axis; on a rectangle of n by 2 n + 1 vertices."""
    layout, d, terms = scheme.layout(problem), problem.dimension, problem.terms
    axes = layout.axes[:d]
    shape = (n, 2 * n if axes[1] is PERIODIC else 2 * n + 1) if scheme.grid == "rectangle" else (n,) * d
    widths = [a.width(m) for a, m in zip(axes, shape, strict=True)]
    weights = [float(terms.weights[k] / widths[k] ** 2) for k in range(d)]
    points = grid_points([a.points(m) for a, m in zip(axes, shape, strict=True)])
    weighted = tuple(_weighted(a, w) for a, w in zip(axes, terms.weights, strict=False))
    centre = 2.0 * sum(weights) + terms.screening
    traits = common_traits(problem) | {T.SYMMETRIC, T.BOUNDED, T.DIAGONAL, T.BIPARTITE, T.SEPARABLE}
    return Model(
        problem,
        n,
        shape,
        points,
        with_screening(_operator(layout, weighted, weights, spelling), terms.screening),
        frozenset(traits),
        scheme.order,
        (source_data(problem, points),),
        axes[0].spacing,
        widths[0],
        lambda: (
            outer_sum([w * a.eigenvalues(m) for a, m, w in zip(axes, shape, terms.weights, strict=False)])
            + terms.screening
        ),
        diagonal=part(matrices.literal_diagonal, value=centre),
        diagonal_range=lambda: (centre, centre),
        matrices=weighted,
        ghosts=layout.ghosts,
    )


DIRECTIONAL = (
    Scheme(
        "anisotropic_differences",
        "vertex",
        2,
        (2, 3),
        ("dirichlet", "periodic"),
        ("anisotropic",),
        ("slices", "diff", "lines", "convolution", *MATRIX_SPELLINGS),
        _spelled,
        _directional,
    ),
    Scheme(
        "rectangular_differences",
        "rectangle",
        2,
        (2,),
        ("dirichlet", "periodic"),
        ("poisson", "screened", "anisotropic"),
        ("slices", "diff", "lines", "convolution", *MATRIX_SPELLINGS),
        _spelled,
        _directional,
    ),
)
