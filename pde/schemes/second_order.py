"""Schemes: for every discretisation its operator in each spelling, its right-hand side, traits and order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pde.blocks import entry, flux, matrices, operators, transforms
from pde.parts.part import Part, part
from pde.schemes.layout import LAYOUTS, PERIODIC, Layout
from pde.schemes.model import Data, Model, Trait
from pde.schemes.problem import ROBIN_RATE, Problem

T = Trait
MATRIX_SPELLINGS = ("product", "einsum", "kron")


@dataclass(frozen=True)
class Scheme:
    """A discretisation: on which grid it lives, what it can express, and how its model is built."""

    name: str
    grid: str
    dimensions: tuple[int, ...]
    boundaries: tuple[str, ...]
    equations: tuple[str, ...]
    spellings: tuple[str, ...]
    build: Callable[[Scheme, Problem, str, int], Model]
    inhomogeneous: bool = False
    solutions: tuple[str, ...] = ()
    """Where not empty, the only solutions for which the order holds."""
    coarseness: float = 1.0
    """How many times the resolution of second-order differences at vertices its errors need."""

    def fits(self, problem: Problem) -> bool:
        """Whether the scheme can express the problem."""
        return (
            problem.dimension in self.dimensions
            and problem.boundary in self.boundaries
            and problem.equation in self.equations
            and (not problem.inhomogeneous or self.takes_data(problem))
            and (problem.boundary != "channel" or (problem.dimension == 2 and problem.equation != "variable"))
            and (not self.solutions or problem.solution in self.solutions)
            and not (problem.singular and self.layout(problem).closed)
        )

    def takes_data(self, problem: Problem) -> bool:
        """Whether inhomogeneous data can be expressed: values at vertices, in cells what a does not weigh."""
        if self.grid != "cell":
            return self.inhomogeneous and problem.boundary == "dirichlet"
        return self.inhomogeneous and (problem.equation != "variable" or problem.boundary == "neumann")

    def layout(self, problem: Problem) -> Layout:
        """Where the unknowns lie."""
        return LAYOUTS["cell" if self.grid == "cell" else "vertex", problem.boundary]


# Which spelling exists where, next to which block it is.

_LINE = part(operators.line_difference)
_STENCILS: dict[tuple[str, int], Part] = {
    **{
        (spelling, d): part(getattr(operators, f"{spelling}_{d}d"))
        for spelling in ("slices", "roll", "convolution", "diff", "scatter")
        for d in (1, 2, 3)
    },
    ("lines", 2): part(operators.lines_2d, along_line=_LINE),
    ("lines", 3): part(operators.lines_3d, along_line=_LINE),
    ("gather", 1): part(operators.gather_1d),
}
_PADS = {d: getattr(operators, f"shifted_pads_{d}d") for d in (1, 2, 3)}
_AXES = ("x_matrix", "y_matrix", "z_matrix")


def matrix_form(spelling: str, axes: tuple[Part, ...]) -> Part:
    """The operator as a product with the matrices of the axes."""
    block = getattr(matrices, f"{spelling}_{len(axes)}d")
    return part(block, **dict(zip(_AXES, axes, strict=False)))


def with_screening(apply: Part, screening: float) -> Part:
    """The operator plus c times the identity."""
    return part(operators.screened, negative_laplacian=apply, screening=screening) if screening else apply


def grid_points(axes: list[np.ndarray]) -> np.ndarray:
    """Points of the tensor product of the axes, coordinates last."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def outer_sum(values: list[np.ndarray]) -> np.ndarray:
    """All sums of one value from each axis."""
    total = values[0]
    for more in values[1:]:
        total = np.add.outer(total, more)
    return total


def zero_mean(problem: Problem, wrap: Callable[[Part], Part]) -> Callable[[Part], Part]:
    """Singular problems are solved for zero mean, inside whatever assembles their right-hand side."""
    if not problem.singular:
        return wrap

    def wrapped(solver: Part) -> Part:
        pair = bool(solver.bound) and solver.block.__name__.endswith(("_while", "_recorded"))
        block = entry.solve_zero_mean_recorded if pair else entry.solve_zero_mean
        return wrap(part(block, solve_system=solver))

    return wrapped


def common_traits(problem: Problem) -> set[Trait]:
    """What follows from the problem alone."""
    regular = {T.REGULAR} if not problem.singular else set[Trait]()
    unshifted = {T.UNSHIFTED} if problem.terms.screening == 0.0 else set[Trait]()
    return regular | unshifted | {T.SEMIDEFINITE, T.EXPLICIT, T.MODERATE, T.DOMINANT, T.LOCAL}


# Second-order differences and volumes.


def _boundary_data(scheme: Scheme, problem: Problem, shape: tuple[int, ...], points: np.ndarray) -> tuple[Data, ...]:
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


def _boundary_wrap(problem: Problem, difference: Part, spacing: Part, cell: bool) -> Callable[[Part], Part]:
    if not problem.inhomogeneous:
        return lambda solver: solver
    if not cell:
        load = part(entry.lifted_load, difference=difference, spacing=spacing)
        return lambda solver: part(entry.solve_boundary_1, load=load, solve_system=solver)
    gains = {
        "dirichlet": part(entry.dirichlet_gain),
        "neumann": part(entry.neumann_gain),
        "robin": part(entry.robin_gain, rate=ROBIN_RATE) if problem.boundary == "robin" else None,
    }
    block = (entry.sides_load_1d, entry.sides_load_2d, entry.sides_load_3d)[problem.dimension - 1]
    outer = (entry.solve_sides_1, entry.solve_boundary_2, entry.solve_boundary_3)[problem.dimension - 1]
    load = part(block, gain=gains[problem.boundary])
    return lambda solver: part(outer, load=load, solve_system=solver)


def source_data(problem: Problem, points: np.ndarray) -> Data:
    """f at the unknowns, the first argument of most programs."""
    return Data("f", points.shape[:-1], lambda: problem.sample(points)[1])


def _flux_parts(problem: Problem, layout: Layout, spelling: str) -> Part:
    d = problem.dimension
    coefficient = part((flux.wave_1d, flux.wave_2d, flux.wave_3d)[d - 1], amplitude=problem.terms.amplitude)
    axis = layout.axes[0]
    bound = {"coefficient": coefficient, "faces": axis.faces}
    if d > 1:
        bound["points"] = axis.centres
    return part(getattr(flux, f"flux_{spelling}_{d}d"), **bound)


def _differences(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Second-order differences at vertices, or volumes in cells, on equal spacings."""
    layout, d, terms = scheme.layout(problem), problem.dimension, problem.terms
    axes = layout.axes[:d]
    spacing, shape = axes[0].spacing, _shape(layout, n, d)
    points = grid_points([a.points(m) for a, m in zip(axes, shape, strict=True)])
    variable = problem.equation == "variable"
    axis_parts = tuple(a.matrix for a in axes)
    difference = _flux_parts(problem, layout, spelling) if variable else _STENCILS.get((spelling, d))
    if spelling in MATRIX_SPELLINGS:
        apply = matrix_form(spelling, axis_parts)
    elif spelling == "pads":
        apply = part(_PADS[d], spacing=spacing)
    elif spelling == "rolls":
        apply = part(operators.periodic_rolls, spacing=spacing)
    else:
        apply = part(operators.scaled, difference=difference, add_ghosts=layout.ghosts, spacing=spacing)
    plain = difference or _STENCILS["slices", d]
    wrap = zero_mean(problem, _boundary_wrap(problem, plain, spacing, scheme.grid == "cell"))
    spread = (1.0 - abs(terms.amplitude), 1.0 + abs(terms.amplitude))
    width = axes[0].width(shape[0])
    return Model(
        problem,
        n,
        shape,
        points,
        with_screening(apply, terms.screening),
        frozenset(_difference_traits(scheme, problem, layout)),
        2,
        (source_data(problem, points), *_boundary_data(scheme, problem, shape, points)),
        wrap,
        spacing,
        width,
        lambda: outer_sum([a.eigenvalues(m) for a, m in zip(axes, shape, strict=True)]) + terms.screening,
        spread,
        _difference_diagonal(scheme, problem, layout),
        lambda: _diagonal_range(scheme, problem, d, width),
        () if variable else axis_parts,
        layout.ghosts,
        _symbol(problem.boundary, scheme.grid),
    )


def _shape(layout: Layout, n: int, dimension: int) -> tuple[int, ...]:
    """n unknowns along the first axis, and as many on the others as keep the spacing equal."""
    first, others = layout.axes[0], layout.axes[1:dimension]
    return (n, *(n if a.spacing == first.spacing else n - 1 for a in others))


def _symbol(boundary: str, grid: str) -> Part | None:
    if boundary == "periodic":
        return part(transforms.periodic_differences)
    if boundary == "dirichlet" and grid == "vertex":
        return part(transforms.sine_differences)
    return part(transforms.cosine_differences) if boundary == "neumann" and grid == "cell" else None


def _difference_diagonal(scheme: Scheme, problem: Problem, layout: Layout) -> Part:
    d, spacing = problem.dimension, layout.axes[0].spacing
    if problem.equation == "variable":
        bound = dict(_flux_parts(problem, layout, "slices").bound) | {"spacing": spacing}
        plain = part(getattr(flux, f"flux_diagonal_{d}d"), **bound)
    elif scheme.grid == "cell":
        plain = part(
            getattr(matrices, f"matrix_diagonal_{d}d"),
            **{key: a.matrix for key, a in zip(_AXES, layout.axes[:d], strict=False)},
        )
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


# Different spacings or diffusivities along the axes.


def _directional(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Second-order differences with a weight for every axis; on a rectangle of n by 2 n + 1 vertices."""
    layout, d, terms = scheme.layout(problem), problem.dimension, problem.terms
    axes = layout.axes[:d]
    shape = (n, 2 * n if axes[1] is PERIODIC else 2 * n + 1) if scheme.grid == "rectangle" else (n,) * d
    widths = [a.width(m) for a, m in zip(axes, shape, strict=True)]
    weights = [float(terms.weights[k] / widths[k] ** 2) for k in range(d)]
    points = grid_points([a.points(m) for a, m in zip(axes, shape, strict=True)])
    weighted = tuple(
        part(matrices.weighted_matrix, axis_matrix=a.matrix, weight=w) if w != 1.0 else a.matrix
        for a, w in zip(axes, terms.weights, strict=False)
    )
    if spelling in MATRIX_SPELLINGS:
        apply = matrix_form(spelling, weighted)
    else:
        bound = dict(zip(("x_weight", "y_weight", "z_weight"), weights, strict=False))
        lines = {"along_line": _LINE} if spelling == "lines" else {}
        apply = part(getattr(operators, f"directional_{spelling}_{d}d"), add_ghosts=layout.ghosts, **lines, **bound)
    centre = 2.0 * sum(weights) + terms.screening
    traits = common_traits(problem) | {T.SYMMETRIC, T.BOUNDED, T.DIAGONAL, T.BIPARTITE, T.SEPARABLE}
    return Model(
        problem,
        n,
        shape,
        points,
        with_screening(apply, terms.screening),
        frozenset(traits),
        2,
        (source_data(problem, points),),
        zero_mean(problem, lambda solver: solver),
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


_VERTEX_BOUNDARIES = ("dirichlet", "periodic", "channel")
_CELL_BOUNDARIES = ("dirichlet", "neumann", "robin", "mixed")
_PLAIN = ("slices", "roll", "convolution", "diff", "scatter", "lines", "gather", *MATRIX_SPELLINGS)

SECOND_ORDER = (
    Scheme(
        "differences",
        "vertex",
        (1, 2, 3),
        _VERTEX_BOUNDARIES,
        ("poisson", "screened", "variable"),
        (*_PLAIN, "pads", "rolls"),
        _differences,
        inhomogeneous=True,
    ),
    Scheme(
        "volumes",
        "cell",
        (1, 2, 3),
        _CELL_BOUNDARIES,
        ("poisson", "screened", "variable"),
        _PLAIN,
        _differences,
        inhomogeneous=True,
        coarseness=4 / 3,
    ),
    Scheme(
        "closed_differences",
        "vertex",
        (1, 2, 3),
        ("neumann",),
        ("screened",),
        ("slices", "roll", "convolution", "diff", "scatter", "lines", *MATRIX_SPELLINGS),
        _differences,
    ),
    Scheme(
        "anisotropic_differences",
        "vertex",
        (2, 3),
        ("dirichlet", "periodic"),
        ("anisotropic",),
        ("slices", "diff", "lines", "convolution", *MATRIX_SPELLINGS),
        _directional,
    ),
    Scheme(
        "rectangular_differences",
        "rectangle",
        (2,),
        ("dirichlet", "periodic"),
        ("poisson", "screened", "anisotropic"),
        ("slices", "diff", "lines", "convolution", *MATRIX_SPELLINGS),
        _directional,
    ),
)


def spelled(scheme: Scheme, problem: Problem, spelling: str) -> bool:
    """Whether the scheme's operator for the problem exists in the spelling."""
    d, boundary = problem.dimension, problem.boundary
    if problem.equation == "variable" and scheme.build is _differences:
        return hasattr(flux, f"flux_{spelling}_{d}d")
    if scheme.build is _directional and spelling not in MATRIX_SPELLINGS:
        return hasattr(operators, f"directional_{spelling}_{d}d")
    if spelling in MATRIX_SPELLINGS:
        return hasattr(matrices, f"{spelling}_{d}d")
    if spelling == "pads":
        return boundary == "dirichlet"
    if spelling == "rolls":
        return boundary == "periodic"
    return scheme.build is not _differences or (spelling, d) in _STENCILS
