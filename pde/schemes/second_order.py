"""Second-order differences at vertices and volumes in cells, on equal spacings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pde.blocks import entry, flux, matrices, operators, transforms
from pde.parts.part import Part, part
from pde.schemes.layout import Layout
from pde.schemes.model import Data, Model, Trait
from pde.schemes.problem import ROBIN_RATE, Problem
from pde.schemes.scheme import (
    AXES,
    MATRIX_SPELLINGS,
    STENCILS,
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


# Which spelling exists where, and which block it is.

_PADS: dict[int, Block] = {1: operators.shifted_pads_1d, 2: operators.shifted_pads_2d, 3: operators.shifted_pads_3d}
_WAVES: dict[int, Block] = {1: flux.wave_1d, 2: flux.wave_2d, 3: flux.wave_3d}
_FLUXES: dict[tuple[str, int], Block] = {
    ("slices", 1): flux.flux_slices_1d,
    ("slices", 2): flux.flux_slices_2d,
    ("slices", 3): flux.flux_slices_3d,
    ("diff", 1): flux.flux_diff_1d,
    ("diff", 2): flux.flux_diff_2d,
    ("diff", 3): flux.flux_diff_3d,
    ("gather", 1): flux.flux_gather_1d,
    ("scatter", 1): flux.flux_scatter_1d,
    ("scatter", 2): flux.flux_scatter_2d,
    ("lines", 2): flux.flux_lines_2d,
}
_FLUX_DIAGONALS: dict[int, Block] = {1: flux.flux_diagonal_1d, 2: flux.flux_diagonal_2d, 3: flux.flux_diagonal_3d}
_MATRIX_DIAGONALS: dict[int, Block] = {
    1: matrices.matrix_diagonal_1d,
    2: matrices.matrix_diagonal_2d,
    3: matrices.matrix_diagonal_3d,
}
_SYMBOLS: dict[tuple[str, str], Part] = {
    ("vertex", "periodic"): part(transforms.periodic_differences),
    ("vertex", "dirichlet"): part(transforms.sine_differences),
    ("cell", "neumann"): part(transforms.cosine_differences),
}


def _spelled(problem: Problem, spelling: str) -> bool:
    if problem.equation == "variable":
        return (spelling, problem.dimension) in _FLUXES
    if spelling == "pads":
        return problem.boundary == "dirichlet"
    if spelling == "rolls":
        return problem.boundary == "periodic"
    return (spelling, problem.dimension) in STENCILS or has_matrix_form(problem, spelling)


# Boundary data.


def _boundary_data(scheme: Scheme, problem: Problem, shape: tuple[int, ...]) -> tuple[Data, ...]:
    """The arrays that carry inhomogeneous data: values on a rim, or one array of both sides for each axis."""
    if not problem.inhomogeneous:
        return ()
    if scheme.grid != "cell":
        return (Data("boundary", tuple(n + 2 for n in shape), lambda: rim_values(problem, shape)),)
    names = ("sides",) if problem.dimension == 1 else ("x_sides", "y_sides", "z_sides")[: problem.dimension]
    return tuple(
        Data(name, (2, *shape[:axis], *shape[axis + 1 :]), lambda axis=axis: _sides(problem, shape, axis))
        for axis, name in enumerate(names)
    )


def rim_values(problem: Problem, shape: tuple[int, ...]) -> np.ndarray:
    """Boundary values of the solution on the rim of a padded array that is zero inside."""
    values = problem.sample(grid_points([np.linspace(0, 1, n + 2) for n in shape]))[0].copy()
    values[(slice(1, -1),) * len(shape)] = 0.0
    return values


def _sides(problem: Problem, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Data on both faces of an axis: values, outward fluxes, or du/dn + rate u."""
    axes = [(np.arange(n) + 0.5) / n for n in shape]
    axes[axis] = np.array([0.0, 1.0])
    u, _, gradient = problem.sample(grid_points(axes))
    outward = np.moveaxis(gradient[..., axis], axis, 0) * np.array([-1.0, 1.0]).reshape(2, *[1] * (len(shape) - 1))
    u = np.moveaxis(u, axis, 0)
    return {"dirichlet": u, "neumann": outward, "robin": outward + ROBIN_RATE * u}[problem.boundary]


_GAINS: dict[str, Part] = {
    "dirichlet": part(entry.dirichlet_gain),
    "neumann": part(entry.neumann_gain),
    "robin": part(entry.robin_gain, rate=ROBIN_RATE),
}
_SIDES: dict[int, tuple[Block, Block]] = {
    1: (entry.sides_load_1d, entry.solve_sides_1),
    2: (entry.sides_load_2d, entry.solve_boundary_2),
    3: (entry.sides_load_3d, entry.solve_boundary_3),
}
"""The load that adds the data of all sides, and the entry that takes them, by dimension."""


def _assembly(problem: Problem, difference: Part, spacing: Part, cell: bool) -> Callable[[Part], Part]:
    if not problem.inhomogeneous:
        return lambda solver: solver
    if not cell:
        load = part(entry.lifted_load, difference=difference, spacing=spacing)
        return lambda solver: part(entry.solve_boundary_1, load=load, solve_system=solver)
    block, outer = _SIDES[problem.dimension]
    load = part(block, gain=_GAINS[problem.boundary])
    return lambda solver: part(outer, load=load, solve_system=solver)


# The model.


def _flux_bindings(problem: Problem, layout: Layout) -> dict[str, Part]:
    coefficient = part(_WAVES[problem.dimension], amplitude=problem.terms.amplitude)
    axis = layout.axes[0]
    bound = {"coefficient": coefficient, "faces": axis.faces}
    return bound if problem.dimension == 1 else bound | {"points": axis.centres}


def _difference(problem: Problem, layout: Layout, spelling: str) -> Part | None:
    """The difference of values with ghosts; None where the spelling has none of its own."""
    if problem.equation == "variable":
        return part(_FLUXES[spelling, problem.dimension], **_flux_bindings(problem, layout))
    return STENCILS.get((spelling, problem.dimension))


def _operator(layout: Layout, difference: Part | None, spelling: str, d: int) -> Part:
    spacing = layout.axes[0].spacing
    if spelling in MATRIX_SPELLINGS:
        return matrix_form(spelling, tuple(a.matrix for a in layout.axes[:d]))
    if spelling == "pads":
        return part(_PADS[d], spacing=spacing)
    if spelling == "rolls":
        return part(operators.periodic_rolls, spacing=spacing)
    return part(operators.scaled, difference=difference, add_ghosts=layout.ghosts, spacing=spacing)


def _differences(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Second-order differences at vertices, or volumes in cells, on equal spacings."""
    layout, d, terms = scheme.layout(problem), problem.dimension, problem.terms
    axes, shape = layout.axes[:d], _shape(layout, n, d)
    spacing, width = axes[0].spacing, axes[0].width(shape[0])
    points = grid_points([a.points(m) for a, m in zip(axes, shape, strict=True)])
    difference = _difference(problem, layout, spelling)
    return Model(
        problem,
        n,
        shape,
        points,
        with_screening(_operator(layout, difference, spelling, d), terms.screening),
        frozenset(_difference_traits(scheme, problem, layout)),
        scheme.order,
        (source_data(problem, points), *_boundary_data(scheme, problem, shape)),
        spacing,
        width,
        lambda: outer_sum([a.eigenvalues(m) for a, m in zip(axes, shape, strict=True)]) + terms.screening,
        _assembly(problem, difference or STENCILS["slices", d], spacing, scheme.grid == "cell"),
        slack=(1.0 - abs(terms.amplitude), 1.0 + abs(terms.amplitude)),
        diagonal=_difference_diagonal(scheme, problem, layout),
        diagonal_range=lambda: _diagonal_range(scheme, problem, d, width),
        matrices=() if problem.equation == "variable" else tuple(a.matrix for a in axes),
        ghosts=layout.ghosts,
        symbol=_SYMBOLS.get((scheme.grid, problem.boundary)),
    )


def _shape(layout: Layout, n: int, dimension: int) -> tuple[int, ...]:
    """n unknowns along the first axis, and as many on the others as keep the spacing equal."""
    first, others = layout.axes[0], layout.axes[1:dimension]
    return (n, *(n if a.spacing == first.spacing else n - 1 for a in others))


def _difference_diagonal(scheme: Scheme, problem: Problem, layout: Layout) -> Part:
    d, spacing = problem.dimension, layout.axes[0].spacing
    if problem.equation == "variable":
        plain = part(_FLUX_DIAGONALS[d], **_flux_bindings(problem, layout), spacing=spacing)
    elif scheme.grid == "cell":
        plain = part(_MATRIX_DIAGONALS[d], **{key: a.matrix for key, a in zip(AXES, layout.axes[:d], strict=False)})
    else:
        plain = part(matrices.constant_diagonal, spacing=spacing, centre=2.0 * d)
    screening = problem.terms.screening
    return part(matrices.shifted_diagonal, plain_diagonal=plain, screening=screening) if screening else plain


def _diagonal_range(scheme: Scheme, problem: Problem, d: int, width: float) -> tuple[float, float]:
    low, high = (1.0, 3.0) if scheme.grid == "cell" else (2.0, 2.0)
    spread = abs(problem.terms.amplitude)
    c = problem.terms.screening
    return d * low * (1 - spread) / width**2 + c, d * high * (1 + spread) / width**2 + c


def _difference_traits(scheme: Scheme, problem: Problem, layout: Layout) -> set[Trait]:
    d, constant = problem.dimension, problem.equation != "variable"
    cell, period = scheme.grid == "cell", problem.boundary in ("periodic", "channel")
    found = common_traits(problem)
    facts = {
        T.SYMMETRIC: not layout.closed,
        T.BOUNDED: True,
        T.DIAGONAL: constant or not cell,
        T.BIPARTITE: True,
        T.SEPARABLE: constant and not layout.closed,
        T.EQUAL_AXES: constant and problem.boundary not in ("mixed", "channel"),
        T.TRIDIAGONAL: d == 1 and not period and not problem.singular,
        T.ISOTROPIC: True,
        T.NESTED: d < 3 or (problem.boundary == "dirichlet" and not cell),
        T.GALERKIN: not cell and not layout.closed,
        T.CONSTANT_INTERIOR: constant and problem.boundary == "dirichlet" and not cell and problem.terms.screening == 0,
        T.SINE: constant and problem.boundary == "dirichlet" and not cell,
        T.COSINE: constant and problem.boundary == "neumann" and cell,
        T.FOURIER: constant and problem.boundary == "periodic",
    }
    if problem.boundary == "channel" or layout.closed:
        facts[T.NESTED] = False
    return found | {trait for trait, holds in facts.items() if holds}


_VERTEX_BOUNDARIES = ("dirichlet", "periodic", "channel")
_CELL_BOUNDARIES = ("dirichlet", "neumann", "robin", "mixed")
_PLAIN = ("slices", "roll", "convolution", "diff", "scatter", "lines", "gather", *MATRIX_SPELLINGS)

SECOND_ORDER = (
    Scheme(
        "differences",
        "vertex",
        2,
        (1, 2, 3),
        _VERTEX_BOUNDARIES,
        ("poisson", "screened", "variable"),
        (*_PLAIN, "pads", "rolls"),
        _spelled,
        _differences,
        inhomogeneous=True,
    ),
    Scheme(
        "volumes",
        "cell",
        2,
        (1, 2, 3),
        _CELL_BOUNDARIES,
        ("poisson", "screened", "variable"),
        _PLAIN,
        _spelled,
        _differences,
        inhomogeneous=True,
        coarseness=4 / 3,
    ),
    Scheme(
        "closed_differences",
        "vertex",
        2,
        (1, 2, 3),
        ("neumann",),
        ("screened",),
        ("slices", "roll", "convolution", "diff", "scatter", "lines", *MATRIX_SPELLINGS),
        _spelled,
        _differences,
    ),
)
