"""Compact fourth-order stencils and bilinear elements, which couple all neighbours of a point, and their loads.

Bilinear elements on squares give the stencil (-1 -1 -1; -1 8 -1; -1 -1 -1) / 3 and the consistent load
(1 4 1) x (1 4 1) / 36 (Johnson, Numerical Solution of Partial Differential Equations by the Finite Element
Method, 1987, chapter 1).
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks.batching import single_only

Points = Callable[[int], Array]


def nine_point_slices(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil by slices."""
    sides = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]
    corners = p[:-2, :-2] + p[:-2, 2:] + p[2:, :-2] + p[2:, 2:]
    return centre * p[1:-1, 1:-1] + side * sides + corner * corners


def nine_point_convolution(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil as a convolution."""
    edge = jnp.array([corner, side, corner])
    kernel = jnp.stack([edge, jnp.array([side, centre, side]), edge])
    return lax.conv(p[None, None], kernel[None, None], (1, 1), "VALID")[0, 0]


def nine_point_rolls(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil by rolling, first the rows, then the columns."""
    rows = jnp.roll(p, 1, 0) + jnp.roll(p, -1, 0)
    sides = rows + jnp.roll(p, 1, 1) + jnp.roll(p, -1, 1)
    corners = jnp.roll(rows, 1, 1) + jnp.roll(rows, -1, 1)
    return (centre * p + side * sides + corner * corners)[1:-1, 1:-1]


@single_only
def element_scatter_2d(p: Array) -> Array:
    """Stiffness of bilinear elements, gathered from and added to their four corners."""
    corners = jnp.stack([p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]])
    stiffness = jnp.array(
        [[4.0, -1.0, -2.0, -1.0], [-1.0, 4.0, -1.0, -2.0], [-2.0, -1.0, 4.0, -1.0], [-1.0, -2.0, -1.0, 4.0]]
    )
    forces = jnp.einsum("ab,bij->aij", stiffness / 6.0, corners)
    total = jnp.zeros_like(p).at[:-1, :-1].add(forces[0]).at[1:, :-1].add(forces[1])
    return total.at[1:, 1:].add(forces[2]).at[:-1, 1:].add(forces[3])[1:-1, 1:-1]


@single_only
def variable_elements_2d(p: Array, *, coefficient: Callable[..., Array], centres: Points) -> Array:
    """Stiffness of bilinear elements with the diffusivity at their centres."""
    n = p.shape[0] - 2
    a = coefficient(centres(n)[:, None], centres(n))
    corners = jnp.stack([p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]])
    stiffness = jnp.array(
        [[4.0, -1.0, -2.0, -1.0], [-1.0, 4.0, -1.0, -2.0], [-2.0, -1.0, 4.0, -1.0], [-1.0, -2.0, -1.0, 4.0]]
    )
    forces = a * jnp.einsum("ab,bij->aij", stiffness / 6.0, corners)
    total = jnp.zeros_like(p).at[:-1, :-1].add(forces[0]).at[1:, :-1].add(forces[1])
    return total.at[1:, 1:].add(forces[2]).at[:-1, 1:].add(forces[3])[1:-1, 1:-1]


def load_1d(f: Array) -> Array:
    """Consistent load of linear elements, from f at all vertices."""
    return (f[:-2] + 4.0 * f[1:-1] + f[2:]) / 6.0


def load_2d(f: Array) -> Array:
    """Consistent load of bilinear elements, from f at all vertices."""
    rows = (f[:-2] + 4.0 * f[1:-1] + f[2:]) / 6.0
    return (rows[:, :-2] + 4.0 * rows[:, 1:-1] + rows[:, 2:]) / 6.0


def compact_load_1d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    return (f[:-2] + 10.0 * f[1:-1] + f[2:]) / 12.0


def compact_load_2d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    sides = f[:-2, 1:-1] + f[2:, 1:-1] + f[1:-1, :-2] + f[1:-1, 2:]
    return (8.0 * f[1:-1, 1:-1] + sides) / 12.0


def compact_load_3d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    total = 6.0 * f[1:-1, 1:-1, 1:-1] + f[:-2, 1:-1, 1:-1] + f[2:, 1:-1, 1:-1]
    total = total + f[1:-1, :-2, 1:-1] + f[1:-1, 2:, 1:-1]
    return (total + f[1:-1, 1:-1, :-2] + f[1:-1, 1:-1, 2:]) / 12.0


@single_only
def nineteen_point_slices(p: Array) -> Array:
    """Nineteen-point compact stencil by slices of sums over neighbours."""
    x, y, z = p[:-2] + p[2:], p[:, :-2] + p[:, 2:], p[..., :-2] + p[..., 2:]
    sides = x[:, 1:-1, 1:-1] + y[1:-1, :, 1:-1] + z[1:-1, 1:-1]
    edges = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    edges = edges + y[1:-1, :, :-2] + y[1:-1, :, 2:]
    return (24.0 * p[1:-1, 1:-1, 1:-1] - 2.0 * sides - edges) / 6.0


def nineteen_point_convolution(p: Array) -> Array:
    """Nineteen-point compact stencil as a convolution."""
    side = jnp.array([[0.0, -1.0, 0.0], [-1.0, -2.0, -1.0], [0.0, -1.0, 0.0]])
    middle = jnp.array([[-1.0, -2.0, -1.0], [-2.0, 24.0, -2.0], [-1.0, -2.0, -1.0]])
    kernel = jnp.stack([side, middle, side]) / 6.0
    return lax.conv(p[None, None], kernel[None, None], (1, 1, 1), "VALID")[0, 0]


def periodic_load(f: Array) -> Array:
    """Fourth-order compact right-hand side on a period."""
    total = (12.0 - 2.0 * f.ndim) * f
    for axis in range(f.ndim):
        total = total + jnp.roll(f, 1, axis) + jnp.roll(f, -1, axis)
    return total / 12.0
