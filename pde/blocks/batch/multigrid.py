"""Transfers between grids for a batch."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks import multigrid
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]


@batch_of(multigrid.weight_1d)
def weight_1d(r: Array) -> Array:
    """Full weighting to every second inner vertex."""
    return 0.25 * r[:, :-2:2] + 0.5 * r[:, 1:-1:2] + 0.25 * r[:, 2::2]


@batch_of(multigrid.weight_2d)
def weight_2d(r: Array) -> Array:
    """Full weighting to every second inner vertex of each axis."""
    rows = 0.25 * r[:, :-2:2] + 0.5 * r[:, 1:-1:2] + 0.25 * r[:, 2::2]
    return 0.25 * rows[:, :, :-2:2] + 0.5 * rows[:, :, 1:-1:2] + 0.25 * rows[:, :, 2::2]


@batch_of(multigrid.interpolate_1d)
def interpolate_1d(e: Array) -> Array:
    """Linear interpolation to the vertices of the finer grid."""
    p = jnp.pad(e, ((0, 0), (1, 1)))
    odd = 0.5 * (p[:, :-1] + p[:, 1:])
    return jnp.zeros((e.shape[0], 2 * e.shape[1] + 1)).at[:, 1::2].set(e).at[:, ::2].set(odd)


@batch_of(multigrid.interpolate_2d)
def interpolate_2d(e: Array) -> Array:
    """Bilinear interpolation to the vertices of the finer grid."""
    size, n, m = e.shape
    p = jnp.pad(e, ((0, 0), (1, 1), (1, 1)))
    x, y = p[:, :-1] + p[:, 1:], p[:, :, :-1] + p[:, :, 1:]
    fine = jnp.zeros((size, 2 * n + 1, 2 * m + 1)).at[:, 1::2, 1::2].set(e)
    fine = fine.at[:, ::2, 1::2].set(0.5 * x[:, :, 1:-1]).at[:, 1::2, ::2].set(0.5 * y[:, 1:-1])
    return fine.at[:, ::2, ::2].set(0.25 * (x[:, :, :-1] + x[:, :, 1:]))


@batch_of(multigrid.average_1d)
def average_1d(r: Array) -> Array:
    """Mean of the two cells of a coarse cell."""
    return 0.5 * (r[:, ::2] + r[:, 1::2])


@batch_of(multigrid.average_2d)
def average_2d(r: Array) -> Array:
    """Mean of the four cells of a coarse cell."""
    size, n, m = r.shape
    return r.reshape(size, n // 2, 2, m // 2, 2).mean(axis=(2, 4))


@batch_of(multigrid.cell_interpolate_1d)
def cell_interpolate_1d(e: Array, *, add_ghosts: Field) -> Array:
    """Linear interpolation to the two cells of every coarse cell."""
    p = add_ghosts(e)
    left = 0.75 * e + 0.25 * p[:, :-2]
    right = 0.75 * e + 0.25 * p[:, 2:]
    return jnp.stack([left, right], axis=2).reshape(e.shape[0], -1)


@batch_of(multigrid.cell_interpolate_2d)
def cell_interpolate_2d(e: Array, *, add_ghosts: Field) -> Array:
    """Bilinear interpolation to the four cells of every coarse cell."""
    size, n, m = e.shape
    p = add_ghosts(e)
    lower, upper = 0.75 * p[:, 1:-1] + 0.25 * p[:, :-2], 0.75 * p[:, 1:-1] + 0.25 * p[:, 2:]
    rows = jnp.stack([lower, upper], axis=2).reshape(size, 2 * n, m + 2)
    west = 0.75 * rows[:, :, 1:-1] + 0.25 * rows[:, :, :-2]
    east = 0.75 * rows[:, :, 1:-1] + 0.25 * rows[:, :, 2:]
    return jnp.stack([west, east], axis=3).reshape(size, 2 * n, 2 * m)


@batch_of(multigrid.period_weight_1d)
def period_weight_1d(r: Array) -> Array:
    """Full weighting to every second vertex of the period."""
    return 0.5 * r[:, ::2] + 0.25 * (r[:, 1::2] + jnp.roll(r, 1, 1)[:, ::2])


@batch_of(multigrid.period_weight_2d)
def period_weight_2d(r: Array) -> Array:
    """Full weighting to every second vertex of the period of each axis."""
    rows = 0.5 * r[:, ::2] + 0.25 * (r[:, 1::2] + jnp.roll(r, 1, 1)[:, ::2])
    return 0.5 * rows[:, :, ::2] + 0.25 * (rows[:, :, 1::2] + jnp.roll(rows, 1, 2)[:, :, ::2])


@batch_of(multigrid.period_interpolate_1d)
def period_interpolate_1d(e: Array) -> Array:
    """Linear interpolation to the finer period."""
    middle = 0.5 * (e + jnp.roll(e, -1, 1))
    return jnp.stack([e, middle], axis=2).reshape(e.shape[0], -1)


@batch_of(multigrid.period_interpolate_2d)
def period_interpolate_2d(e: Array) -> Array:
    """Bilinear interpolation to the finer period of each axis."""
    size, n, m = e.shape
    rows = jnp.stack([e, 0.5 * (e + jnp.roll(e, -1, 1))], axis=2).reshape(size, 2 * n, m)
    return jnp.stack([rows, 0.5 * (rows + jnp.roll(rows, -1, 2))], axis=3).reshape(size, 2 * n, 2 * m)
