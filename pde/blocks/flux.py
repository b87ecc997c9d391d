"""Operators in flux form: variable coefficients and non-uniform grids.

-(a u')' is approximated by the difference of the fluxes a(x[i+1/2]) (u[i+1] - u[i]) / h, symmetric and of
second order (LeVeque 2007, section 2.15). On a non-uniform grid the flux difference balances f over the
dual cell.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from pde.blocks.batching import rebound, same_for_all, single_only

Field = Callable[[Array], Array]
Points = Callable[[int], Array]


# Diffusivities.


@same_for_all
def wave_1d(x: Array, *, amplitude: float) -> Array:
    """Diffusivity at the points x."""
    return 1.0 + amplitude * jnp.sin(2.0 * jnp.pi * x)


@same_for_all
def wave_2d(x: Array, y: Array, *, amplitude: float) -> Array:
    """Diffusivity at the points (x, y)."""
    return 1.0 + amplitude * jnp.sin(2.0 * jnp.pi * x) * jnp.cos(2.0 * jnp.pi * y)


@same_for_all
def wave_3d(x: Array, y: Array, z: Array, *, amplitude: float) -> Array:
    """Diffusivity at the points (x, y, z)."""
    return 1.0 + amplitude * jnp.sin(2.0 * jnp.pi * x) * jnp.cos(2.0 * jnp.pi * y) * jnp.cos(2.0 * jnp.pi * z)


# Coordinates, from the number of unknowns.


@same_for_all
def interior_points(n: int) -> Array:
    """Inner vertices of the unit interval."""
    return jnp.arange(1, n + 1) / (n + 1)


@same_for_all
def interior_faces(n: int) -> Array:
    """Midpoints between vertices, the boundary ones included."""
    return (jnp.arange(n + 1) + 0.5) / (n + 1)


@same_for_all
def periodic_points(n: int) -> Array:
    """Vertices of one period."""
    return jnp.arange(n) / n


@same_for_all
def periodic_faces(n: int) -> Array:
    """Midpoints around every vertex of one period."""
    return (jnp.arange(n + 1) - 0.5) / n


@same_for_all
def cell_points(n: int) -> Array:
    """Centres of cells."""
    return (jnp.arange(n) + 0.5) / n


@same_for_all
def cell_faces(n: int) -> Array:
    """Faces of cells."""
    return jnp.arange(n + 1) / n


@same_for_all
def stretched_points(n: int, *, stretch: float) -> Array:
    """Vertices drawn together near x = 0, both ends included."""
    s = jnp.linspace(0.0, 1.0, n + 2)
    return s + stretch / jnp.pi * jnp.sin(jnp.pi * s) * (s - 1.0)


# Differences of fluxes, from values with ghosts.


def flux_slices_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces."""
    flux = coefficient(faces(p.shape[0] - 2)) * (p[1:] - p[:-1])
    return flux[:-1] - flux[1:]


@rebound(x_axis=1)
def flux_diff_1d(p: Array, *, coefficient: Field, faces: Points, x_axis: int = 0) -> Array:
    """Difference of the fluxes through the faces."""
    return -jnp.diff(coefficient(faces(p.shape[x_axis] - 2)) * jnp.diff(p))


@single_only
def flux_gather_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces of every point."""
    a = coefficient(faces(p.shape[0] - 2))
    i = jnp.arange(1, p.shape[0] - 1)
    return a[i] * (p[i] - p[i + 1]) + a[i - 1] * (p[i] - p[i - 1])


@single_only
def flux_scatter_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Fluxes through the faces, added to the cells on both sides."""
    flux = coefficient(faces(p.shape[0] - 2)) * jnp.diff(p)
    return jnp.zeros_like(p).at[:-1].add(-flux).at[1:].add(flux)[1:-1]


def flux_slices_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[0] - 2, p.shape[1] - 2
    a_x = coefficient(faces(n)[:, None], points(m))
    a_y = coefficient(points(n)[:, None], faces(m))
    x = a_x * (p[1:, 1:-1] - p[:-1, 1:-1])
    y = a_y * (p[1:-1, 1:] - p[1:-1, :-1])
    return x[:-1] - x[1:] + y[:, :-1] - y[:, 1:]


def flux_diff_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[0] - 2, p.shape[1] - 2
    x = coefficient(faces(n)[:, None], points(m)) * jnp.diff(p[:, 1:-1], axis=0)
    y = coefficient(points(n)[:, None], faces(m)) * jnp.diff(p[1:-1], axis=1)
    return -jnp.diff(x, axis=0) - jnp.diff(y, axis=1)


@single_only
def flux_scatter_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Fluxes through the faces, added to the cells on both sides."""
    n, m = p.shape[0] - 2, p.shape[1] - 2
    x = coefficient(faces(n)[:, None], points(m)) * jnp.diff(p[:, 1:-1], axis=0)
    y = coefficient(points(n)[:, None], faces(m)) * jnp.diff(p[1:-1], axis=1)
    total = jnp.zeros((n + 2, m + 2)).at[:-1, 1:-1].add(-x).at[1:, 1:-1].add(x)
    return total.at[1:-1, :-1].add(-y).at[1:-1, 1:].add(y)[1:-1, 1:-1]


@single_only
def flux_lines_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes, mapped over the lines of each axis."""

    def along_line(line: Array, a: Array) -> Array:
        return -jnp.diff(a * jnp.diff(line))

    n, m = p.shape[0] - 2, p.shape[1] - 2
    a_x = coefficient(faces(n)[:, None], points(m))
    a_y = coefficient(points(n)[:, None], faces(m))
    return jax.vmap(along_line, 1, 1)(p[:, 1:-1], a_x) + jax.vmap(along_line)(p[1:-1], a_y)


@single_only
def flux_slices_3d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n = p.shape[0] - 2
    centre, face = points(n), faces(n)
    x = coefficient(face[:, None, None], centre[:, None], centre)
    y = coefficient(centre[:, None, None], face[:, None], centre)
    z = coefficient(centre[:, None, None], centre[:, None], face)
    x = x * (p[1:, 1:-1, 1:-1] - p[:-1, 1:-1, 1:-1])
    y = y * (p[1:-1, 1:, 1:-1] - p[1:-1, :-1, 1:-1])
    z = z * (p[1:-1, 1:-1, 1:] - p[1:-1, 1:-1, :-1])
    return x[:-1] - x[1:] + y[:, :-1] - y[:, 1:] + z[..., :-1] - z[..., 1:]


@single_only
def flux_diff_3d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n = p.shape[0] - 2
    centre, face = points(n), faces(n)
    x = coefficient(face[:, None, None], centre[:, None], centre) * jnp.diff(p[:, 1:-1, 1:-1], axis=0)
    y = coefficient(centre[:, None, None], face[:, None], centre) * jnp.diff(p[1:-1, :, 1:-1], axis=1)
    z = coefficient(centre[:, None, None], centre[:, None], face) * jnp.diff(p[1:-1, 1:-1], axis=2)
    return -(jnp.diff(x, axis=0) + jnp.diff(y, axis=1) + jnp.diff(z, axis=2))


# Diagonals of the flux operators.


@rebound(x_axis=1)
def flux_diagonal_1d(
    u: Array, *, coefficient: Field, faces: Points, spacing: Callable[[Array], float], x_axis: int = 0
) -> Array:
    """Diagonal of the operator: the diffusivities of both faces."""
    a = coefficient(faces(u.shape[x_axis]))
    return (a[:-1] + a[1:]) / spacing(u) ** 2


def flux_diagonal_2d(
    u: Array,
    *,
    coefficient: Callable[..., Array],
    faces: Points,
    points: Points,
    spacing: Callable[[Array], float],
) -> Array:
    """Diagonal of the operator: the diffusivities of the four faces."""
    n, m = u.shape
    x = coefficient(faces(n)[:, None], points(m))
    y = coefficient(points(n)[:, None], faces(m))
    return (x[:-1] + x[1:] + y[:, :-1] + y[:, 1:]) / spacing(u) ** 2


@single_only
def flux_diagonal_3d(
    u: Array,
    *,
    coefficient: Callable[..., Array],
    faces: Points,
    points: Points,
    spacing: Callable[[Array], float],
) -> Array:
    """Diagonal of the operator: the diffusivities of the six faces."""
    n = u.shape[0]
    centre, face = points(n), faces(n)
    x = coefficient(face[:, None, None], centre[:, None], centre)
    y = coefficient(centre[:, None, None], face[:, None], centre)
    z = coefficient(centre[:, None, None], centre[:, None], face)
    total = x[:-1] + x[1:] + y[:, :-1] + y[:, 1:] + z[..., :-1] + z[..., 1:]
    return total / spacing(u) ** 2


# A non-uniform grid.


@same_for_all
def dual_widths(n: int, *, vertices: Points) -> Array:
    """Width of the dual cell around every inner vertex."""
    x = vertices(n)
    return 0.5 * (x[2:] - x[:-2])


def balance_slices(u: Array, *, vertices: Points) -> Array:
    """Balance of the fluxes over the dual cells of a non-uniform grid."""
    flux = jnp.diff(jnp.pad(u, 1)) / jnp.diff(vertices(u.shape[0]))
    return flux[:-1] - flux[1:]


@single_only
def balance_gather(u: Array, *, vertices: Points) -> Array:
    """Balance of the fluxes over the dual cells of a non-uniform grid."""
    x = vertices(u.shape[0])
    p = jnp.pad(u, 1)
    i = jnp.arange(1, u.shape[0] + 1)
    return (p[i] - p[i - 1]) / (x[i] - x[i - 1]) - (p[i + 1] - p[i]) / (x[i + 1] - x[i])


@same_for_all
def balance_matrix(n: int, *, vertices: Points) -> Array:
    """Matrix of the flux balance on a non-uniform grid."""
    gradient = jnp.diff(jnp.eye(n + 2)[:, 1:-1], axis=0)
    return gradient.T @ (gradient / jnp.diff(vertices(n))[:, None])


@rebound(x_axis=1)
def balanced_load(f: Array, *, widths: Points, x_axis: int = 0) -> Array:
    """Right-hand side integrated over the dual cells."""
    return f * widths(f.shape[x_axis])
