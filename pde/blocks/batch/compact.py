"""Compact stencils for a batch, and their loads."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks import compact
from pde.blocks.batching import batch_of


@batch_of(compact.nine_point_slices)
def nine_point_slices(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil of every member, by slices."""
    sides = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
    corners = p[:, :-2, :-2] + p[:, :-2, 2:] + p[:, 2:, :-2] + p[:, 2:, 2:]
    return centre * p[:, 1:-1, 1:-1] + side * sides + corner * corners


@batch_of(compact.nine_point_convolution)
def nine_point_convolution(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil as a convolution over the batch."""
    edge = jnp.array([corner, side, corner])
    kernel = jnp.stack([edge, jnp.array([side, centre, side]), edge])
    return lax.conv(p[:, None], kernel[None, None], (1, 1), "VALID")[:, 0]


@batch_of(compact.nine_point_rolls)
def nine_point_rolls(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil of every member by rolling, first the rows, then the columns."""
    rows = jnp.roll(p, 1, 1) + jnp.roll(p, -1, 1)
    sides = rows + jnp.roll(p, 1, 2) + jnp.roll(p, -1, 2)
    corners = jnp.roll(rows, 1, 2) + jnp.roll(rows, -1, 2)
    return (centre * p + side * sides + corner * corners)[:, 1:-1, 1:-1]


@batch_of(compact.load_1d)
def load_1d(f: Array) -> Array:
    """Consistent load of linear elements, from f at all vertices."""
    return (f[:, :-2] + 4.0 * f[:, 1:-1] + f[:, 2:]) / 6.0


@batch_of(compact.load_2d)
def load_2d(f: Array) -> Array:
    """Consistent load of bilinear elements, from f at all vertices."""
    rows = (f[:, :-2] + 4.0 * f[:, 1:-1] + f[:, 2:]) / 6.0
    return (rows[:, :, :-2] + 4.0 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 6.0


@batch_of(compact.compact_load_1d)
def compact_load_1d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    return (f[:, :-2] + 10.0 * f[:, 1:-1] + f[:, 2:]) / 12.0


@batch_of(compact.compact_load_2d)
def compact_load_2d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    sides = f[:, :-2, 1:-1] + f[:, 2:, 1:-1] + f[:, 1:-1, :-2] + f[:, 1:-1, 2:]
    return (8.0 * f[:, 1:-1, 1:-1] + sides) / 12.0


@batch_of(compact.compact_load_3d)
def compact_load_3d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    total = 6.0 * f[:, 1:-1, 1:-1, 1:-1] + f[:, :-2, 1:-1, 1:-1] + f[:, 2:, 1:-1, 1:-1]
    total = total + f[:, 1:-1, :-2, 1:-1] + f[:, 1:-1, 2:, 1:-1]
    return (total + f[:, 1:-1, 1:-1, :-2] + f[:, 1:-1, 1:-1, 2:]) / 12.0


@batch_of(compact.nineteen_point_convolution)
def nineteen_point_convolution(p: Array) -> Array:
    """Nineteen-point compact stencil as a convolution over the batch."""
    side = jnp.array([[0.0, -1.0, 0.0], [-1.0, -2.0, -1.0], [0.0, -1.0, 0.0]])
    middle = jnp.array([[-1.0, -2.0, -1.0], [-2.0, 24.0, -2.0], [-1.0, -2.0, -1.0]])
    kernel = jnp.stack([side, middle, side]) / 6.0
    return lax.conv(p[:, None], kernel[None, None], (1, 1, 1), "VALID")[:, 0]


@batch_of(compact.periodic_load)
def periodic_load(f: Array) -> Array:
    """Fourth-order compact right-hand side on a period."""
    total = (14.0 - 2.0 * f.ndim) * f
    for axis in range(1, f.ndim):
        total = total + jnp.roll(f, 1, axis) + jnp.roll(f, -1, axis)
    return total / 12.0
