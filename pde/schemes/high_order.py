"""Schemes beyond second-order differences: compact, wide, finite elements, stretched grids."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pde.blocks import compact, entry, flux, matrices, operators, transforms, wide
from pde.parts.part import Part, part
from pde.schemes.layout import DIRICHLET, PERIODIC
from pde.schemes.model import Data, Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.second_order import (
    MATRIX_SPELLINGS,
    SECOND_ORDER,
    Scheme,
    common_traits,
    grid_points,
    matrix_form,
    outer_sum,
    rim_values,
    source_data,
    with_screening,
    zero_mean,
)
from pde.schemes.spectral import chebyshev_model, spectral_model

T = Trait
STRETCH = 0.5
_SLICES = (operators.slices_1d, operators.slices_2d, operators.slices_3d)


def _closed_source(problem: Problem, shape: tuple[int, ...]) -> Data:
    """f at all vertices, the boundary ones included."""
    points = grid_points([np.linspace(0.0, 1.0, n + 2) for n in shape])
    return Data("f", points.shape[:-1], lambda: problem.sample(points)[1])


def _loaded(load: Part, lift: Part | None) -> Callable[[Part], Part]:
    """A wrap that samples f through a load, and moves boundary values over where there are any."""
    if lift is None:
        return lambda solver: part(entry.solve_with_load, load=load, solve_system=solver)
    return lambda solver: part(
        entry.solve_boundary_1, load=part(entry.lifted_after, plain_load=load, lift=lift), solve_system=solver
    )


def _nine_point(theta: float) -> dict[str, float]:
    """Weights of T x I + I x T - theta h**2 T x T times h**2."""
    return {"centre": 4.0 - 4.0 * theta, "side": -1.0 + 2.0 * theta, "corner": -theta}


def _nine_point_difference(spelling: str, theta: float, d: int) -> Part | None:
    if d == 1:
        return part(operators.slices_1d)
    if d == 3:
        return (
            part(getattr(compact, f"nineteen_point_{spelling}"))
            if hasattr(compact, f"nineteen_point_{spelling}")
            else None
        )
    if spelling == "elements":
        return part(compact.element_scatter_2d)
    block = getattr(compact, f"nine_point_{spelling}", None)
    return part(block, **_nine_point(theta)) if block else None


def _compact(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Stencils T x I + I x T - theta h**2 T x T: theta = 1/6 in compact differences, 1/3 in elements."""
    elements = scheme.name == "elements"
    theta = 1.0 / 3.0 if elements else 1.0 / 6.0
    d, periodic = problem.dimension, problem.boundary == "periodic"
    axis = PERIODIC if periodic else DIRICHLET
    layout = scheme.layout(problem)
    shape, width = (n,) * d, axis.width(n)
    points = grid_points([axis.points(n)] * d)
    difference = _compact_difference(scheme, problem, spelling, theta)
    apply = (
        part(operators.scaled, difference=difference, add_ghosts=layout.ghosts, spacing=axis.spacing)
        if difference
        else _compact_matrix_form(spelling, axis.matrix, theta, d)
    )
    source, wrap = _compact_load(
        problem, elements, difference or _nine_point_difference("slices", theta, d), shape, points
    )
    t = outer_sum([axis.eigenvalues(n)] * d)
    traits = common_traits(problem) | {
        T.SYMMETRIC,
        T.BOUNDED,
        T.ISOTROPIC,
        T.DIAGONAL,
        T.EQUAL_AXES,
        T.GALERKIN,
    }
    traits |= {T.NESTED} if d < 3 or not periodic else set()
    if d == 1:
        traits |= {T.BIPARTITE, T.SEPARABLE, T.SINE} if not periodic else {T.BIPARTITE, T.SEPARABLE, T.FOURIER}
        traits |= set() if periodic else {T.TRIDIAGONAL}
    if problem.equation == "variable":
        traits -= {T.DIAGONAL, T.SEPARABLE, T.SINE, T.FOURIER}
    centre = {1: 2.0, 2: 4.0 - 4.0 * theta, 3: 4.0}[d]
    spread = (1.0 - abs(problem.terms.amplitude), 1.0 + abs(problem.terms.amplitude))
    return Model(
        problem,
        n,
        shape,
        points,
        apply,
        frozenset(traits),
        scheme_order(scheme),
        source,
        zero_mean(problem, wrap),
        axis.spacing,
        width,
        lambda: _compact_eigenvalues(axis.eigenvalues(n), theta, width, d) if d > 1 else t,
        spread,
        part(matrices.constant_diagonal, spacing=axis.spacing, centre=centre),
        lambda: (centre / width**2, centre / width**2),
        (axis.matrix,) * d if d == 1 else (),
        layout.ghosts,
        part(transforms.periodic_differences if periodic else transforms.sine_differences),
    )


def scheme_order(scheme: Scheme) -> int | None:
    """Theoretical order of accuracy; None where it is spectral."""
    if scheme.name in ("fourier", "sine", "cosine", "chebyshev"):
        return None
    return 4 if scheme.name in ("compact", "wide", "wide_ends") else 2


def _compact_eigenvalues(t: np.ndarray, theta: float, width: float, d: int) -> np.ndarray:
    plane = np.add.outer(t, t) - theta * width**2 * np.multiply.outer(t, t)
    if d == 2:
        return plane
    pairs = np.multiply.outer(t, t)[:, :, None] + np.add.outer(t, t)[:, :, None] * t
    return outer_sum([t, t, t]) - width**2 / 6.0 * pairs


def _compact_difference(scheme: Scheme, problem: Problem, spelling: str, theta: float) -> Part | None:
    if problem.equation == "variable":
        coefficient = part(flux.wave_2d, amplitude=problem.terms.amplitude)
        return part(compact.variable_elements_2d, coefficient=coefficient, centres=part(flux.interior_faces))
    if problem.dimension == 1 and spelling not in MATRIX_SPELLINGS:
        return part(getattr(operators, f"{spelling}_1d"))
    return None if spelling in MATRIX_SPELLINGS else _nine_point_difference(spelling, theta, problem.dimension)


def _compact_matrix_form(spelling: str, matrix: Part, theta: float, d: int) -> Part:
    if d == 1:
        return matrix_form(spelling, (matrix,))
    return part(getattr(matrices, f"corrected_{spelling}"), axis_matrix=matrix, correction=theta)


def _compact_load(
    problem: Problem, elements: bool, difference: Part | None, shape: tuple[int, ...], points: np.ndarray
) -> tuple[tuple[Data, ...], Callable[[Part], Part]]:
    d = problem.dimension
    if problem.boundary == "periodic":
        return (source_data(problem, points),), _loaded(part(compact.periodic_load), None)
    name = "load" if elements else "compact_load"
    load = part(getattr(compact, f"{name}_{d}d"))
    if not problem.inhomogeneous:
        return (_closed_source(problem, shape),), _loaded(load, None)
    lift = part(entry.lifted_load, difference=difference, spacing=DIRICHLET.spacing)
    rim = Data("boundary", tuple(n + 2 for n in shape), lambda: rim_values(problem, shape))
    return (_closed_source(problem, shape), rim), _loaded(load, lift)


def _wide(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Fourth-order differences over five points on a period."""
    d, shape, terms = problem.dimension, (n,) * problem.dimension, problem.terms
    matrix = part(wide.wide_periodic_matrix)
    points = grid_points([PERIODIC.points(n)] * d)
    if spelling in MATRIX_SPELLINGS:
        apply = matrix_form(spelling, (matrix,) * d)
    elif spelling == "rolls":
        apply = part(wide.wide_rolls, spacing=PERIODIC.spacing)
    else:
        lines = {"along_line": part(wide.wide_slices_1d)} if spelling == "lines" else {}
        difference = part(getattr(wide, f"wide_{spelling}_{d}d"), **lines)
        apply = part(
            operators.scaled,
            difference=difference,
            add_ghosts=part(wide.double_wrap),
            spacing=PERIODIC.spacing,
        )
    angle = 2 * np.pi * np.arange(n) / n
    values = n**2 * (15.0 - 16.0 * np.cos(angle) + np.cos(2.0 * angle)) / 6.0
    traits = common_traits(problem) | {
        T.SYMMETRIC,
        T.BOUNDED,
        T.ISOTROPIC,
        T.SEPARABLE,
        T.EQUAL_AXES,
        T.FOURIER,
        T.DIAGONAL,
    }
    traits -= {T.DOMINANT}  # the largest eigenvalue is 16/3 of 5/2 an axis
    centre = 2.5 * d * n**2 + terms.screening
    return Model(
        problem,
        n,
        shape,
        points,
        with_screening(apply, terms.screening),
        frozenset(traits),
        4,
        (source_data(problem, points),),
        zero_mean(problem, lambda solver: solver),
        PERIODIC.spacing,
        1 / n,
        lambda: outer_sum([values] * d) + terms.screening,
        diagonal=part(matrices.literal_diagonal, value=float(centre)),
        diagonal_range=lambda: (centre, centre),
        matrices=(matrix,) * d,
        symbol=part(transforms.wide_differences),
    )


def _wide_ends(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Fourth-order differences over five points, one-sided next to the ends: not symmetric."""
    d, terms = problem.dimension, problem.terms
    points = grid_points([DIRICHLET.points(n)] * d)
    matrix = part(wide.wide_dirichlet_matrix, closed_matrix=part(wide.wide_closed_matrix))
    if spelling in MATRIX_SPELLINGS:
        apply = matrix_form(spelling, (matrix,) * d)
    elif d == 1:
        apply = part(wide.wide_ends_1d)
    else:
        apply = part(wide.wide_ends_lines, along_line=part(wide.wide_ends_1d))
    return Model(
        problem,
        n,
        (n,) * d,
        points,
        with_screening(apply, terms.screening),
        frozenset({T.REGULAR, T.EXPLICIT, T.MODERATE}),
        4,
        (source_data(problem, points),),
        lambda solver: solver,
        DIRICHLET.spacing,
        DIRICHLET.width(n),
        lambda: 4.0 / 3.0 * outer_sum([DIRICHLET.eigenvalues(n)] * d) + terms.screening,
        matrices=(matrix,) * d,
    )


def _stretched(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Balance of fluxes over the dual cells of a stretched grid."""
    vertices = part(flux.stretched_points, stretch=STRETCH)
    s = np.linspace(0.0, 1.0, n + 2)
    x = s + STRETCH / np.pi * np.sin(np.pi * s) * (s - 1.0)
    matrix = part(flux.balance_matrix, vertices=vertices)
    points = x[1:-1, None]
    if spelling in MATRIX_SPELLINGS:
        apply = matrix_form(spelling, (matrix,))
    else:
        apply = part(getattr(flux, f"balance_{spelling}"), vertices=vertices)
    gradient = np.diff(np.eye(n + 2)[:, 1:-1], axis=0)
    dense = gradient.T @ (gradient / np.diff(x)[:, None])
    load = part(flux.balanced_load, widths=part(flux.dual_widths, vertices=vertices))
    diagonal = np.diagonal(dense)
    traits = common_traits(problem) | {
        T.SYMMETRIC,
        T.BOUNDED,
        T.BIPARTITE,
        T.TRIDIAGONAL,
        T.DIAGONAL,
        T.SEPARABLE,
    }
    return Model(
        problem,
        n,
        (n,),
        points,
        apply,
        frozenset(traits),
        2,
        (source_data(problem, points),),
        _loaded(load, None),
        DIRICHLET.spacing,
        DIRICHLET.width(n),
        lambda: np.linalg.eigvalsh(dense),
        diagonal=part(matrices.matrix_diagonal_1d, x_matrix=matrix),
        diagonal_range=lambda: (float(diagonal.min()), float(diagonal.max())),
        matrices=(matrix,),
    )


_PLAIN_1D = ("roll", "diff", "scatter", "gather")
HIGH_ORDER = (
    Scheme(
        "compact",
        "vertex",
        (1, 2, 3),
        ("dirichlet", "periodic"),
        ("poisson",),
        ("slices", "convolution", "rolls", *_PLAIN_1D, *MATRIX_SPELLINGS),
        _compact,
        inhomogeneous=True,
    ),
    Scheme(
        "elements",
        "vertex",
        (1, 2),
        ("dirichlet",),
        ("poisson", "variable"),
        ("elements", "slices", "convolution", "rolls", *_PLAIN_1D, *MATRIX_SPELLINGS),
        _compact,
        inhomogeneous=True,
    ),
    Scheme(
        "wide",
        "vertex",
        (1, 2, 3),
        ("periodic",),
        ("poisson", "screened"),
        ("slices", "convolution", "lines", "rolls", *MATRIX_SPELLINGS),
        _wide,
        coarseness=1.5,
    ),
    Scheme(
        "wide_ends",
        "vertex",
        (1, 2),
        ("dirichlet",),
        ("poisson", "screened"),
        ("slices", *MATRIX_SPELLINGS),
        _wide_ends,
        solutions=("sine",),
        coarseness=4.0,
    ),
    Scheme(
        "stretched",
        "stretched",
        (1,),
        ("dirichlet",),
        ("poisson",),
        ("slices", "gather", "product", "einsum"),
        _stretched,
    ),
    Scheme("fourier", "vertex", (1, 2, 3), ("periodic",), ("poisson", "screened"), ("modes",), spectral_model),
    Scheme(
        "sine",
        "vertex",
        (1, 2, 3),
        ("dirichlet",),
        ("poisson", "screened"),
        ("modes",),
        spectral_model,
        solutions=("sine", "ridge"),
    ),
    Scheme("cosine", "cell", (1, 2, 3), ("neumann",), ("poisson", "screened"), ("modes",), spectral_model),
    Scheme(
        "chebyshev",
        "chebyshev",
        (1, 2),
        ("dirichlet",),
        ("poisson", "screened", "variable"),
        MATRIX_SPELLINGS,
        chebyshev_model,
    ),
)
SCHEMES = {scheme.name: scheme for scheme in (*SECOND_ORDER, *HIGH_ORDER)}


def spelled_high(scheme: Scheme, problem: Problem, spelling: str) -> bool:
    """Whether a scheme of this page has its operator for the problem in the spelling."""
    d, matrix = problem.dimension, spelling in MATRIX_SPELLINGS
    if scheme.build is _compact:
        if problem.equation == "variable":
            return d == 2 and spelling == "elements"
        if d == 1:
            return hasattr(matrices if matrix else operators, f"{spelling}_1d")
        if matrix:
            return d == 2 and problem.boundary == "dirichlet"
        return _nine_point_difference(spelling, 0.0, d) is not None and (
            spelling != "elements" or scheme.name == "elements"
        )
    if scheme.build is chebyshev_model and problem.equation == "variable" and d > 1:
        return False
    if matrix:
        return hasattr(matrices, f"{spelling}_{d}d")
    if scheme.build is _wide:
        return spelling == "rolls" or hasattr(wide, f"wide_{spelling}_{d}d")
    return True
