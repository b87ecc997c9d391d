"""Steps of alternating directions for a batch, each half one solution for all members."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks import adi
from pde.blocks.batching import batch_of

Matrix = Callable[[int], Array]


@batch_of(adi.dense_step)
def dense_step(u: Array, f: Array, shift: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """One step with the shift for every member: implicit along x, then along y."""
    n, m = u.shape[1:]
    x, y = x_matrix(n), y_matrix(m)
    half = jnp.linalg.solve(x + shift * jnp.eye(n), f + shift * u - u @ y.T)
    return jnp.linalg.solve(y + shift * jnp.eye(m), (f + shift * half - x @ half).mT).mT


@batch_of(adi.eigen_step)
def eigen_step(u: Array, f: Array, shift: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """One step with the shift for every member, each half by inverting the matrix of an axis."""
    n, m = u.shape[1:]
    x, y = x_matrix(n), y_matrix(m)
    x_inverse = jnp.linalg.inv(x + shift * jnp.eye(n))
    y_inverse = jnp.linalg.inv(y + shift * jnp.eye(m))
    half = x_inverse @ (f + shift * u - u @ y.T)
    return (f + shift * half - x @ half) @ y_inverse.T
