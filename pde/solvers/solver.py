"""What a solver is: what it needs of an operator, its loops, how it is built, what theory grants it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pde.parts.part import Part
from pde.schemes.model import Model, Trait


@dataclass(frozen=True)
class Plan:
    """How a solver is to be run: its loop and its relative residual."""

    loop: str
    tolerance: float


Build = Callable[[Model, Plan], Part]
Bound = Callable[[Model, float], int]


def uncounted(model: Model, tolerance: float) -> int:
    """The bound of direct solvers, and of those that run as many cycles as they are written with."""
    return 0


@dataclass(frozen=True)
class Solver:
    """One solver. `needs` is its type: it takes every model that has these traits, in its dimensions."""

    name: str
    needs: frozenset[Trait]
    loops: tuple[str, ...]
    build: Build
    bound: Bound
    """The most iterations until the relative residual is below a tolerance."""
    dimensions: tuple[int, ...] = (1, 2, 3)
    speed: str = "medium"
    """slow: sweeps grow as n**2; medium: as n; dense: a matrix over all unknowns; fast: the rest."""
    hierarchy: bool = False
    """Whether the number of unknowns must halve down to a few."""
    odd: bool = False
    """Whether the number of unknowns must be odd."""
    spelled: bool = True
    """Whether the operator's spelling enters the program."""
    erratic: bool = False
    """Whether its residuals jump, and the derivatives of its loop with them, which in 32 bits leaves these wrong."""


# What several solvers have in common.

LOOPS = ("fori", "scan", "recorded", "while")
SHORT_LOOPS = (*LOOPS, "unrolled")
DIRECT = ("direct",)
SPD = frozenset({Trait.SYMMETRIC, Trait.SEMIDEFINITE, Trait.BOUNDED, Trait.EXPLICIT})
"""What a symmetric Krylov method needs; Chebyshev's iteration too."""
UNSYMMETRIC = frozenset({Trait.EXPLICIT, Trait.REGULAR, Trait.MODERATE})
"""What a Krylov method for any regular operator needs."""
