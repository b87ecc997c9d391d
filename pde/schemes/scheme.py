"""What a scheme is, and what the models of all schemes are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pde.blocks import entry, matrices, operators
from pde.parts.part import Part, part
from pde.schemes.layout import LAYOUTS, Layout
from pde.schemes.model import Data, Model, Trait
from pde.schemes.problem import Problem

T = Trait
Block = Callable[..., object]
AXES = ("x_matrix", "y_matrix", "z_matrix")
MATRIX_SPELLINGS = ("product", "einsum", "kron")


@dataclass(frozen=True)
class Scheme:
    """A discretisation: on which grid it lives, what it can express, and how its model is built."""

    name: str
    grid: str
    order: int | None
    """Theoretical order of accuracy; None for spectral convergence."""
    dimensions: tuple[int, ...]
    boundaries: tuple[str, ...]
    equations: tuple[str, ...]
    spellings: tuple[str, ...]
    spelled: Callable[[Problem, str], bool]
    """Whether the operator of a problem that it fits exists in one of these spellings."""
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


# Which spelling of an operator is which block.

LINE = part(operators.line_difference)
STENCILS: dict[tuple[str, int], Part] = {
    ("slices", 1): part(operators.slices_1d),
    ("slices", 2): part(operators.slices_2d),
    ("slices", 3): part(operators.slices_3d),
    ("roll", 1): part(operators.roll_1d),
    ("roll", 2): part(operators.roll_2d),
    ("roll", 3): part(operators.roll_3d),
    ("convolution", 1): part(operators.convolution_1d),
    ("convolution", 2): part(operators.convolution_2d),
    ("convolution", 3): part(operators.convolution_3d),
    ("diff", 1): part(operators.diff_1d),
    ("diff", 2): part(operators.diff_2d),
    ("diff", 3): part(operators.diff_3d),
    ("scatter", 1): part(operators.scatter_1d),
    ("scatter", 2): part(operators.scatter_2d),
    ("scatter", 3): part(operators.scatter_3d),
    ("lines", 2): part(operators.lines_2d, along_line=LINE),
    ("lines", 3): part(operators.lines_3d, along_line=LINE),
    ("gather", 1): part(operators.gather_1d),
}
"""Second differences of values with ghosts, by spelling and dimension."""
MATRIX_FORMS: dict[tuple[str, int], Block] = {
    ("product", 1): matrices.product_1d,
    ("product", 2): matrices.product_2d,
    ("product", 3): matrices.product_3d,
    ("einsum", 1): matrices.einsum_1d,
    ("einsum", 2): matrices.einsum_2d,
    ("einsum", 3): matrices.einsum_3d,
    ("kron", 2): matrices.kron_2d,
    ("kron", 3): matrices.kron_3d,
}
"""Sums of products with the matrices of the axes, by spelling and dimension."""


def matrix_form(spelling: str, axes: tuple[Part, ...]) -> Part:
    """The operator as a product with the matrices of the axes."""
    return part(MATRIX_FORMS[spelling, len(axes)], **dict(zip(AXES, axes, strict=False)))


def has_matrix_form(problem: Problem, spelling: str) -> bool:
    """Whether the spelling is one of products with matrices that exists in the problem's dimension."""
    return (spelling, problem.dimension) in MATRIX_FORMS


def with_screening(apply: Part, screening: float) -> Part:
    """The operator plus c times the identity."""
    return part(operators.screened, negative_laplacian=apply, screening=screening) if screening else apply


def grid_points(axes: Sequence[np.ndarray]) -> np.ndarray:
    """Points of the tensor product of the axes, coordinates last."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def outer_sum(values: Sequence[np.ndarray]) -> np.ndarray:
    """All sums of one value from each axis."""
    total = values[0]
    for more in values[1:]:
        total = np.add.outer(total, more)
    return total


def source_data(problem: Problem, points: np.ndarray) -> Data:
    """f at the unknowns, the first argument of most programs."""
    return Data("f", points.shape[:-1], lambda: problem.sample(points)[1])


def loaded(load: Part) -> Callable[[Part], Part]:
    """An assembly that samples f through a load."""
    return lambda solver: part(entry.solve_with_load, load=load, solve_system=solver)


def common_traits(problem: Problem) -> set[Trait]:
    """What follows from the problem alone."""
    regular = {T.REGULAR} if not problem.singular else set[Trait]()
    unshifted = {T.UNSHIFTED} if problem.terms.screening == 0.0 else set[Trait]()
    return regular | unshifted | {T.SEMIDEFINITE, T.EXPLICIT, T.MODERATE, T.DOMINANT, T.LOCAL}
