"""Wide fourth-order differences for a batch."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks import wide
from pde.blocks.batching import batch_of


@batch_of(wide.double_wrap)
def double_wrap(u: Array) -> Array:
    """Two values from the other end of the period on every side."""
    return jnp.pad(u, [(0, 0)] + [(2, 2)] * (u.ndim - 1), mode="wrap")


@batch_of(wide.wide_slices_1d)
def wide_slices_1d(p: Array) -> Array:
    """Fourth-order five-point difference of every member, by slices."""
    near = p[:, 1:-3] + p[:, 3:-1]
    return (30.0 * p[:, 2:-2] - 16.0 * near + p[:, :-4] + p[:, 4:]) / 12.0


@batch_of(wide.wide_slices_2d)
def wide_slices_2d(p: Array) -> Array:
    """Fourth-order nine-point cross of every member, by slices."""
    rows, columns = p[:, :, 2:-2], p[:, 2:-2]
    near = rows[:, 1:-3] + rows[:, 3:-1] + columns[:, :, 1:-3] + columns[:, :, 3:-1]
    far = rows[:, :-4] + rows[:, 4:] + columns[:, :, :-4] + columns[:, :, 4:]
    return (60.0 * p[:, 2:-2, 2:-2] - 16.0 * near + far) / 12.0


@batch_of(wide.wide_rolls)
def wide_rolls(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Fourth-order minus Laplacian on a period, by rolling along every axis of space."""
    total = jnp.zeros_like(u)
    for axis in range(1, u.ndim):
        near = jnp.roll(u, 1, axis) + jnp.roll(u, -1, axis)
        far = jnp.roll(u, 2, axis) + jnp.roll(u, -2, axis)
        total = total + 30.0 * u - 16.0 * near + far
    return total / (12.0 * spacing(u) ** 2)
