"""Products of a batch with the matrices of the axes."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks import matrices
from pde.blocks.batching import batch_of

Matrix = Callable[[int], Array]


@batch_of(matrices.product_1d)
def product_1d(u: Array, *, x_matrix: Matrix) -> Array:
    """Minus the second derivative as one matrix product for the batch."""
    return u @ x_matrix(u.shape[1]).T


@batch_of(matrices.einsum_1d)
def einsum_1d(u: Array, *, x_matrix: Matrix) -> Array:
    """Minus the second derivative as an einsum over the batch."""
    return jnp.einsum("ij,bj->bi", x_matrix(u.shape[1]), u)


@batch_of(matrices.einsum_2d)
def einsum_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Minus the Laplacian as one einsum an axis over the batch."""
    along_x = jnp.einsum("ij,bjk->bik", x_matrix(u.shape[1]), u)
    return along_x + jnp.einsum("ij,bkj->bki", y_matrix(u.shape[2]), u)


@batch_of(matrices.einsum_3d)
def einsum_3d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix) -> Array:
    """Minus the Laplacian as one einsum an axis over the batch."""
    along_x = jnp.einsum("ia,najk->nijk", x_matrix(u.shape[1]), u)
    along_y = jnp.einsum("jb,nibk->nijk", y_matrix(u.shape[2]), u)
    return along_x + along_y + jnp.einsum("kc,nijc->nijk", z_matrix(u.shape[3]), u)


@batch_of(matrices.kron_2d)
def kron_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Minus the Laplacian as a matrix over all unknowns of a member."""
    _, rows, columns = u.shape
    matrix = jnp.kron(x_matrix(rows), jnp.eye(columns)) + jnp.kron(jnp.eye(rows), y_matrix(columns))
    return (u.reshape(-1, rows * columns) @ matrix.T).reshape(u.shape)
