"""Wide fourth-order differences over five points, on a period from values with two ghosts, or one-sided at the ends."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from pde.blocks.batching import same_for_all, single_only

Field = Callable[[Array], Array]
Points = Callable[[int], Array]


def double_wrap(u: Array) -> Array:
    """Two values from the other end of the period on every side."""
    return jnp.pad(u, 2, mode="wrap")


def wide_slices_1d(p: Array) -> Array:
    """Fourth-order five-point difference by slices."""
    near = p[1:-3] + p[3:-1]
    return (30.0 * p[2:-2] - 16.0 * near + p[:-4] + p[4:]) / 12.0


def wide_slices_2d(p: Array) -> Array:
    """Fourth-order nine-point cross by slices."""
    rows, columns = p[:, 2:-2], p[2:-2]
    near = rows[1:-3] + rows[3:-1] + columns[:, 1:-3] + columns[:, 3:-1]
    far = rows[:-4] + rows[4:] + columns[:, :-4] + columns[:, 4:]
    return (60.0 * p[2:-2, 2:-2] - 16.0 * near + far) / 12.0


@single_only
def wide_convolution_1d(p: Array) -> Array:
    """Fourth-order five-point difference as a convolution."""
    return jnp.convolve(p, jnp.array([1.0, -16.0, 30.0, -16.0, 1.0]) / 12.0, mode="valid")


@single_only
def wide_lines_2d(p: Array, *, along_line: Field) -> Array:
    """Fourth-order nine-point cross by mapping the difference of a line."""
    x = jax.vmap(along_line, in_axes=1, out_axes=1)(p[:, 2:-2])
    return x + jax.vmap(along_line)(p[2:-2])


def wide_rolls(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Fourth-order minus Laplacian on a period, by rolling along every axis."""
    total = jnp.zeros_like(u)
    for axis in range(u.ndim):
        near = jnp.roll(u, 1, axis) + jnp.roll(u, -1, axis)
        far = jnp.roll(u, 2, axis) + jnp.roll(u, -2, axis)
        total = total + 30.0 * u - 16.0 * near + far
    return total / (12.0 * spacing(u) ** 2)


@same_for_all
def wide_periodic_matrix(n: int) -> Array:
    """Fourth-order matrix of minus the second derivative on a period."""
    identity = jnp.eye(n)
    near = jnp.roll(identity, 1, 0) + jnp.roll(identity, -1, 0)
    far = jnp.roll(identity, 2, 0) + jnp.roll(identity, -2, 0)
    return (30.0 * identity - 16.0 * near + far) * n**2 / 12.0


@same_for_all
def wide_closed_matrix(n: int) -> Array:
    """Fourth-order matrix on all vertices, one-sided next to the ends; rows of inner vertices."""
    weights = (1.0, -16.0, 30.0, -16.0, 1.0)
    matrix = jnp.zeros((n + 2, n + 2))
    for k, weight in enumerate(weights):
        matrix = matrix + weight * jnp.eye(n + 2, k=k - 2)
    first = jnp.zeros(n + 2).at[:6].set(jnp.array([-10.0, 15.0, 4.0, -14.0, 6.0, -1.0]))
    return matrix.at[1].set(first).at[-2].set(first[::-1])[1:-1] * (n + 1) ** 2 / 12.0


@same_for_all
def wide_dirichlet_matrix(n: int, *, closed_matrix: Points) -> Array:
    """Fourth-order matrix of minus the second derivative, zero at both ends."""
    return closed_matrix(n)[:, 1:-1]


@single_only
def wide_ends_1d(u: Array) -> Array:
    """Fourth-order minus second derivative, one-sided next to the ends where u is zero."""
    p = jnp.pad(u, 1)
    inner = 30.0 * p[2:-2] - 16.0 * (p[1:-3] + p[3:-1]) + p[:-4] + p[4:]
    weights = jnp.array([-10.0, 15.0, 4.0, -14.0, 6.0, -1.0])
    first, last = weights @ p[:6], weights @ p[:-7:-1]
    scale = (u.shape[0] + 1) ** 2 / 12.0
    return scale * jnp.concatenate([first[None], inner, last[None]])


@single_only
def wide_ends_lines(u: Array, *, along_line: Field) -> Array:
    """Fourth-order minus Laplacian by mapping the derivative of a line."""
    return jax.vmap(along_line, in_axes=1, out_axes=1)(u) + jax.vmap(along_line)(u)
