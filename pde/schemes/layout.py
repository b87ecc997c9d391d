"""Where the unknowns of one axis lie: points, spacing, ghosts, difference matrix and its eigenvalues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pde.blocks import flux, matrices, operators
from pde.parts.part import Part, part
from pde.schemes.problem import ROBIN_RATE


@dataclass(frozen=True)
class Axis:
    """One axis of a grid under one boundary condition, as parts of programs and as numbers."""

    spacing: Part
    matrix: Part
    width: Callable[[int], float]
    points: Callable[[int], np.ndarray]
    eigenvalues: Callable[[int], np.ndarray]
    faces: Part
    centres: Part


def _squares(n: int, waves: np.ndarray, cells: int) -> np.ndarray:
    """Eigenvalues (2 m sin(pi k / 2 m))**2 of second differences over m cells for the wave numbers k."""
    return (2 * cells * np.sin(0.5 * np.pi * waves[:n] / cells)) ** 2


def _robin_eigenvalues(n: int) -> np.ndarray:
    matrix = (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)) * n**2
    matrix[[0, -1], [0, -1]] += 2 * ROBIN_RATE * n / (2 + ROBIN_RATE / n) - n**2
    return np.linalg.eigvalsh(matrix)


_INTERIOR = part(operators.interior_spacing)
_CELL = part(operators.cell_spacing)


def _vertex(n: int) -> np.ndarray:
    return np.arange(1, n + 1) / (n + 1)


def _centre(n: int) -> np.ndarray:
    return (np.arange(n) + 0.5) / n


def _cells(matrix: Part, eigenvalues: Callable[[int], np.ndarray]) -> Axis:
    faces, centres = part(flux.cell_faces), part(flux.cell_points)
    return Axis(_CELL, matrix, lambda n: 1 / n, _centre, eigenvalues, faces, centres)


DIRICHLET = Axis(
    _INTERIOR,
    part(matrices.dirichlet_matrix),
    lambda n: 1 / (n + 1),
    _vertex,
    lambda n: _squares(n, np.arange(1, n + 1), n + 1),
    part(flux.interior_faces),
    part(flux.interior_points),
)
PERIODIC = Axis(
    _CELL,
    part(matrices.periodic_matrix),
    lambda n: 1 / n,
    lambda n: np.arange(n) / n,
    lambda n: np.sort(_squares(n, 2.0 * np.arange(n), n)),
    part(flux.periodic_faces),
    part(flux.periodic_points),
)
CLOSED = Axis(
    part(operators.closed_spacing),
    part(matrices.closed_neumann_matrix),
    lambda n: 1 / (n - 1),
    lambda n: np.arange(n) / (n - 1),
    lambda n: _squares(n, np.arange(n), n - 1),
    part(flux.cell_faces),
    part(flux.cell_points),
)
DIRICHLET_CELLS = _cells(part(matrices.dirichlet_cell_matrix), lambda n: _squares(n, np.arange(1, n + 1), n))
NEUMANN_CELLS = _cells(part(matrices.neumann_matrix), lambda n: _squares(n, np.arange(n), n))
MIXED_CELLS = _cells(part(matrices.mixed_matrix), lambda n: _squares(n, np.arange(n) + 0.5, n))
ROBIN_CELLS = _cells(part(matrices.robin_matrix, rate=ROBIN_RATE), _robin_eigenvalues)


@dataclass(frozen=True)
class Layout:
    """A grid under a boundary condition: an axis kind for each dimension and the ghost values of all."""

    axes: tuple[Axis, ...]
    ghosts: Part
    dimensions: tuple[int, ...] = (1, 2, 3)
    closed: bool = False
    """Whether both ends carry unknowns, which makes the difference matrix unsymmetric."""


LAYOUTS: dict[tuple[str, str], Layout] = {
    ("vertex", "dirichlet"): Layout((DIRICHLET,) * 3, part(operators.zero_ghosts)),
    ("vertex", "periodic"): Layout((PERIODIC,) * 3, part(operators.wrapped_ghosts)),
    ("vertex", "neumann"): Layout((CLOSED,) * 3, part(operators.mirrored_ghosts), closed=True),
    ("vertex", "channel"): Layout((PERIODIC, DIRICHLET, DIRICHLET), part(operators.channel_ghosts), (2,)),
    ("cell", "dirichlet"): Layout((DIRICHLET_CELLS,) * 3, part(operators.odd_ghosts)),
    ("cell", "neumann"): Layout((NEUMANN_CELLS,) * 3, part(operators.edge_ghosts)),
    ("cell", "mixed"): Layout((MIXED_CELLS, NEUMANN_CELLS, NEUMANN_CELLS), part(operators.mixed_ghosts)),
    ("cell", "robin"): Layout((ROBIN_CELLS,) * 3, part(operators.robin_ghosts, spacing=_CELL, rate=ROBIN_RATE)),
}
