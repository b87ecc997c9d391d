"""Compact fourth-order differences and bilinear elements: stencils T x I + I x T - theta h**2 T x T."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from pde.blocks import compact, entry, flux, matrices, operators, transforms
from pde.parts.part import Part, part
from pde.schemes.layout import DIRICHLET, PERIODIC, Axis
from pde.schemes.model import Data, Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.scheme import (
    MATRIX_SPELLINGS,
    STENCILS,
    Block,
    Scheme,
    common_traits,
    grid_points,
    has_matrix_form,
    loaded,
    matrix_form,
    outer_sum,
    source_data,
)
from pde.schemes.second_order import rim_values

T = Trait


@dataclass(frozen=True)
class Kind:
    """What tells compact differences from elements: theta, and the load of f by dimension."""

    theta: float
    loads: Mapping[int, Block]


_COMPACT = Kind(1.0 / 6.0, {1: compact.compact_load_1d, 2: compact.compact_load_2d, 3: compact.compact_load_3d})
_ELEMENTS = Kind(1.0 / 3.0, {1: compact.load_1d, 2: compact.load_2d})

_NINE_POINT: dict[str, Block] = {
    "slices": compact.nine_point_slices,
    "convolution": compact.nine_point_convolution,
    "rolls": compact.nine_point_rolls,
}
_NINETEEN_POINT: dict[str, Part] = {
    "slices": part(compact.nineteen_point_slices),
    "convolution": part(compact.nineteen_point_convolution),
}
_CORRECTED: dict[str, Block] = {
    "product": matrices.corrected_product,
    "einsum": matrices.corrected_einsum,
    "kron": matrices.corrected_kron,
}


# The operator.


def _spelled(problem: Problem, spelling: str) -> bool:
    """Elements have a spelling of their own, in two dimensions, which variable coefficients need."""
    d = problem.dimension
    if problem.equation == "variable":
        return d == 2 and spelling == "elements"
    if d == 1:
        return (spelling, d) in STENCILS or has_matrix_form(problem, spelling)
    if spelling in _CORRECTED:
        return d == 2 and problem.boundary == "dirichlet"
    return spelling in ({*_NINE_POINT, "elements"} if d == 2 else _NINETEEN_POINT)


def _stencil(spelling: str, theta: float, d: int) -> Part:
    """The stencil of constant coefficients, from values with ghosts."""
    if d == 1:
        return STENCILS[spelling, d]
    if d == 3:
        return _NINETEEN_POINT[spelling]
    if spelling == "elements":
        return part(compact.element_scatter_2d)
    return part(_NINE_POINT[spelling], centre=4.0 - 4.0 * theta, side=-1.0 + 2.0 * theta, corner=-theta)


def _difference(problem: Problem, spelling: str, theta: float) -> Part:
    if problem.equation == "variable":
        coefficient = part(flux.wave_2d, amplitude=problem.terms.amplitude)
        return part(compact.variable_elements_2d, coefficient=coefficient, centres=part(flux.interior_faces))
    return _stencil(spelling, theta, problem.dimension)


def _operator(problem: Problem, axis: Axis, ghosts: Part, spelling: str, theta: float) -> Part:
    if spelling not in MATRIX_SPELLINGS:
        difference = _difference(problem, spelling, theta)
        return part(operators.scaled, difference=difference, add_ghosts=ghosts, spacing=axis.spacing)
    if problem.dimension == 1:
        return matrix_form(spelling, (axis.matrix,))
    return part(_CORRECTED[spelling], axis_matrix=axis.matrix, correction=theta)


# The load.


def _closed_source(problem: Problem, shape: tuple[int, ...]) -> Data:
    """f at all vertices, the boundary ones included."""
    points = grid_points([np.linspace(0.0, 1.0, n + 2) for n in shape])
    return Data("f", points.shape[:-1], lambda: problem.sample(points)[1])


def _data(problem: Problem, shape: tuple[int, ...], points: np.ndarray) -> tuple[Data, ...]:
    if problem.boundary == "periodic":
        return (source_data(problem, points),)
    rim = Data("boundary", tuple(n + 2 for n in shape), lambda: rim_values(problem, shape))
    return (_closed_source(problem, shape), rim) if problem.inhomogeneous else (_closed_source(problem, shape),)


def _assembly(kind: Kind, problem: Problem, spelling: str) -> Callable[[Part], Part]:
    if problem.boundary == "periodic":
        return loaded(part(compact.periodic_load))
    load = part(kind.loads[problem.dimension])
    if not problem.inhomogeneous:
        return loaded(load)
    plain = "slices" if spelling in MATRIX_SPELLINGS else spelling
    difference = _difference(problem, plain, kind.theta)
    lift = part(entry.lifted_load, difference=difference, spacing=DIRICHLET.spacing)
    lifted = part(entry.lifted_after, plain_load=load, lift=lift)
    return lambda solver: part(entry.solve_boundary_1, load=lifted, solve_system=solver)


# The model.


def _model(kind: Kind, scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    d, theta, periodic = problem.dimension, kind.theta, problem.boundary == "periodic"
    axis, ghosts = PERIODIC if periodic else DIRICHLET, scheme.layout(problem).ghosts
    shape, width = (n,) * d, axis.width(n)
    points = grid_points([axis.points(n)] * d)
    centre = {1: 2.0, 2: 4.0 - 4.0 * theta, 3: 4.0}[d]
    amplitude = abs(problem.terms.amplitude)
    return Model(
        problem,
        n,
        shape,
        points,
        _operator(problem, axis, ghosts, spelling, theta),
        frozenset(_traits(problem)),
        scheme.order,
        _data(problem, shape, points),
        axis.spacing,
        width,
        lambda: _eigenvalues(axis.eigenvalues(n), theta, width, d),
        _assembly(kind, problem, spelling),
        slack=(1.0 - amplitude, 1.0 + amplitude),
        diagonal=part(matrices.constant_diagonal, spacing=axis.spacing, centre=centre),
        diagonal_range=lambda: (centre / width**2, centre / width**2),
        matrices=(axis.matrix,) if d == 1 else (),
        ghosts=ghosts,
        symbol=part(transforms.periodic_differences if periodic else transforms.sine_differences),
    )


def _traits(problem: Problem) -> set[Trait]:
    constant, line, periodic = problem.equation != "variable", problem.dimension == 1, problem.boundary == "periodic"
    facts = {
        T.SYMMETRIC: True,
        T.BOUNDED: True,
        T.ISOTROPIC: True,
        T.EQUAL_AXES: True,
        T.GALERKIN: True,
        T.NESTED: problem.dimension < 3 or not periodic,
        T.DIAGONAL: constant,
        T.BIPARTITE: line,
        T.SEPARABLE: line and constant,
        T.SINE: line and constant and not periodic,
        T.FOURIER: line and constant and periodic,
        T.TRIDIAGONAL: line and not periodic,
    }
    return common_traits(problem) | {trait for trait, holds in facts.items() if holds}


def _eigenvalues(t: np.ndarray, theta: float, width: float, d: int) -> np.ndarray:
    if d == 1:
        return t
    plane = np.add.outer(t, t) - theta * width**2 * np.multiply.outer(t, t)
    if d == 2:
        return plane
    pairs = np.multiply.outer(t, t)[:, :, None] + np.add.outer(t, t)[:, :, None] * t
    return outer_sum([t, t, t]) - width**2 / 6.0 * pairs


_PLAIN_1D = ("roll", "diff", "scatter", "gather")
COMPACT = Scheme(
    "compact",
    "vertex",
    4,
    (1, 2, 3),
    ("dirichlet", "periodic"),
    ("poisson",),
    ("slices", "convolution", "rolls", *_PLAIN_1D, *MATRIX_SPELLINGS),
    _spelled,
    partial(_model, _COMPACT),
    inhomogeneous=True,
)
ELEMENTS = Scheme(
    "elements",
    "vertex",
    2,
    (1, 2),
    ("dirichlet",),
    ("poisson", "variable"),
    ("elements", "slices", "convolution", "rolls", *_PLAIN_1D, *MATRIX_SPELLINGS),
    _spelled,
    partial(_model, _ELEMENTS),
    inhomogeneous=True,
)
