"""A discrete model: a problem on a grid in a scheme and a spelling, as parts, traits and numbers.

The traits say what is known of the operator. They are the types by which solvers are admitted
(`pde.solvers.solver`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pde.blocks import entry
from pde.parts.part import Part, part
from pde.schemes.problem import Problem


class Trait(enum.Enum):
    """What is known of a discrete operator; the value completes the sentence 'it needs ...'."""

    SYMMETRIC = "a symmetric operator"
    SEMIDEFINITE = "an operator without negative eigenvalues (c >= 0)"
    REGULAR = "a regular operator (not a pure Neumann or periodic one with c = 0)"
    BOUNDED = "a spectrum bounded in closed form"
    DIAGONAL = "a diagonal in closed form"
    DOMINANT = "a diagonal that is more than half of the largest eigenvalue"
    BIPARTITE = "a stencil that couples only points of different colour, on an even period"
    SEPARABLE = "an operator that is a sum over the axes"
    EQUAL_AXES = "the same matrix along every axis"
    TRIDIAGONAL = "three diagonals (one dimension, no period)"
    ISOTROPIC = "the same spacing and diffusivity along every axis"
    NESTED = "a hierarchy of halved grids"
    GALERKIN = "transfers that are each other's transpose"
    CONSTANT_INTERIOR = "constant coefficients and zero ghosts at vertices"
    SINE = "eigenvectors that are sines"
    COSINE = "eigenvectors that are cosines"
    FOURIER = "eigenvectors that are Fourier modes"
    UNSHIFTED = "an equation without screening"
    MODERATE = "a condition number that grows no faster than n**2"
    LOCAL = "an operator that couples neighbours"
    EXPLICIT = "an operator that can be applied point by point"


@dataclass(frozen=True)
class Data:
    """One array argument of a program: its name, its shape and the values that the problem gives it."""

    name: str
    shape: tuple[int, ...]
    values: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Model:
    """Everything a solver needs to know about one discrete problem at one size."""

    problem: Problem
    n: int
    shape: tuple[int, ...]
    points: np.ndarray
    apply: Part
    traits: frozenset[Trait]
    order: int | None
    """Theoretical order; None for spectral convergence."""
    data: tuple[Data, ...]
    spacing: Part
    width: float
    eigenvalues: Callable[[], np.ndarray]
    """Eigenvalues of the operator, or of one that bounds it with `slack`."""
    assembly: Callable[[Part], Part] = field(default=lambda solver: solver)
    """Puts the assembly of the right-hand side from the data around a solver of the discrete system."""
    slack: tuple[float, float] = (1.0, 1.0)
    diagonal: Part | None = None
    diagonal_range: Callable[[], tuple[float, float]] = field(default=lambda: (1.0, 1.0))
    matrices: tuple[Part, ...] = ()
    ghosts: Part | None = None
    symbol: Part | None = None

    def spectrum(self) -> tuple[float, float]:
        """Bounds of the non-zero eigenvalues."""
        values = np.sort(self.eigenvalues(), axis=None)
        return float(values[int(self.problem.singular)]) * self.slack[0], float(values[-1]) * self.slack[1]

    def wrap(self, solver: Part, recorded: bool = False) -> Part:
        """A solver of the discrete system with the assembly of its right-hand side, for zero mean if it is singular.

        `recorded` says whether the solver returns a pair: the solution, and a count or norms.
        """
        if self.problem.singular:
            solver = part(entry.solve_zero_mean_recorded if recorded else entry.solve_zero_mean, solve_system=solver)
        return self.assembly(solver)
