"""Operators as matrices: the difference matrix of one axis, and its Kronecker sums in several spellings.

With T the matrix of -d2/dx2 along one axis, the Laplacian of a square is T x I + I x T (x the Kronecker
product); compact and finite-element stencils are T x I + I x T - theta h**2 T x T with theta = 1/6 and 1/3.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from pde.blocks.batching import as_it_stands, rebound, same_for_all, single_only

Field = Callable[[Array], Array]
Matrix = Callable[[int], Array]


@same_for_all
def dirichlet_matrix(n: int) -> Array:
    """Matrix of minus the second derivative, zero at both ends."""
    return (2.0 * jnp.eye(n) - jnp.eye(n, k=1) - jnp.eye(n, k=-1)) * (n + 1) ** 2


@same_for_all
def periodic_matrix(n: int) -> Array:
    """Matrix of minus the second derivative on a period."""
    identity = jnp.eye(n)
    return (2.0 * identity - jnp.roll(identity, 1, 0) - jnp.roll(identity, -1, 0)) * n**2


@same_for_all
def neumann_matrix(n: int) -> Array:
    """Matrix of minus the second derivative in cells, no flux at both ends."""
    gradient = jnp.diff(jnp.eye(n), axis=0) * n
    return gradient.T @ gradient


@same_for_all
def dirichlet_cell_matrix(n: int) -> Array:
    """Matrix of minus the second derivative in cells, zero on both outer faces."""
    gradient = jnp.diff(jnp.eye(n), axis=0)
    return (gradient.T @ gradient).at[0, 0].add(2.0).at[-1, -1].add(2.0) * n**2


@same_for_all
def robin_matrix(n: int, *, rate: float) -> Array:
    """Matrix of minus the second derivative in cells, du/dn + rate * u = 0 at both ends."""
    gradient = jnp.diff(jnp.eye(n), axis=0) * n
    loss = 2.0 * rate * n / (2.0 + rate / n)
    return (gradient.T @ gradient).at[(0, -1), (0, -1)].add(loss)


@same_for_all
def mixed_matrix(n: int) -> Array:
    """Matrix of minus the second derivative in cells, zero at the left, no flux at the right."""
    gradient = jnp.diff(jnp.eye(n), axis=0) * n
    return (gradient.T @ gradient).at[0, 0].add(2.0 * n**2)


@same_for_all
def closed_neumann_matrix(n: int) -> Array:
    """Matrix of minus the second derivative at vertices, mirrored at both ends."""
    matrix = 2.0 * jnp.eye(n) - jnp.eye(n, k=1) - jnp.eye(n, k=-1)
    return matrix.at[0, 1].set(-2.0).at[-1, -2].set(-2.0) * (n - 1) ** 2


@same_for_all
def weighted_matrix(n: int, *, axis_matrix: Matrix, weight: float) -> Array:
    """Difference matrix times a diffusivity."""
    return weight * axis_matrix(n)


def product_1d(u: Array, *, x_matrix: Matrix) -> Array:
    """Minus the second derivative as a matrix product."""
    return x_matrix(u.shape[0]) @ u


@rebound(x_axis=1, y_axis=2)
def product_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, x_axis: int = 0, y_axis: int = 1) -> Array:
    """Minus the Laplacian as matrix products along the axes."""
    return x_matrix(u.shape[x_axis]) @ u + u @ y_matrix(u.shape[y_axis]).T


@single_only
def product_3d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix) -> Array:
    """Minus the Laplacian as matrix products along the axes."""
    x = jnp.tensordot(x_matrix(u.shape[0]), u, axes=1)
    y = jnp.swapaxes(jnp.swapaxes(u, 1, 2) @ y_matrix(u.shape[1]).T, 1, 2)
    return x + y + u @ z_matrix(u.shape[2]).T


def einsum_1d(u: Array, *, x_matrix: Matrix) -> Array:
    """Minus the second derivative as an einsum."""
    return jnp.einsum("ij,j->i", x_matrix(u.shape[0]), u)


def einsum_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Minus the Laplacian as one einsum an axis."""
    along_x = jnp.einsum("ij,jk->ik", x_matrix(u.shape[0]), u)
    return along_x + jnp.einsum("ij,kj->ki", y_matrix(u.shape[1]), u)


def einsum_3d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix) -> Array:
    """Minus the Laplacian as one einsum an axis."""
    along_x = jnp.einsum("ia,ajk->ijk", x_matrix(u.shape[0]), u)
    along_y = jnp.einsum("jb,ibk->ijk", y_matrix(u.shape[1]), u)
    return along_x + along_y + jnp.einsum("kc,ijc->ijk", z_matrix(u.shape[2]), u)


def kron_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Minus the Laplacian as a matrix over all unknowns."""
    rows, columns = u.shape
    matrix = jnp.kron(x_matrix(rows), jnp.eye(columns)) + jnp.kron(jnp.eye(rows), y_matrix(columns))
    return (matrix @ u.ravel()).reshape(u.shape)


@single_only
def kron_3d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix) -> Array:
    """Minus the Laplacian as a matrix over all unknowns."""
    nx, ny, nz = u.shape
    plane = jnp.kron(x_matrix(nx), jnp.eye(ny)) + jnp.kron(jnp.eye(nx), y_matrix(ny))
    matrix = jnp.kron(plane, jnp.eye(nz)) + jnp.kron(jnp.eye(nx * ny), z_matrix(nz))
    return (matrix @ u.ravel()).reshape(u.shape)


@rebound(x_axis=1)
def corrected_product(u: Array, *, axis_matrix: Matrix, correction: float, x_axis: int = 0) -> Array:
    """Nine-point operator from the difference matrix of an axis."""
    n = u.shape[x_axis]
    matrix = axis_matrix(n)
    along_x = matrix @ u
    return along_x + u @ matrix - correction / (n + 1) ** 2 * (along_x @ matrix)


@single_only
def corrected_einsum(u: Array, *, axis_matrix: Matrix, correction: float) -> Array:
    """Nine-point operator by einsum over the difference matrix of an axis."""
    n = u.shape[0]
    matrix = axis_matrix(n)
    both = jnp.einsum("ij,jk,kl->il", matrix, u, matrix)
    sides = jnp.einsum("ij,jk->ik", matrix, u) + jnp.einsum("ij,jk->ik", u, matrix)
    return sides - correction / (n + 1) ** 2 * both


@single_only
def corrected_kron(u: Array, *, axis_matrix: Matrix, correction: float) -> Array:
    """Nine-point operator as a matrix over all unknowns."""
    n = u.shape[0]
    matrix, identity = axis_matrix(n), jnp.eye(n)
    both = correction / (n + 1) ** 2 * jnp.kron(matrix, matrix)
    total = jnp.kron(matrix, identity) + jnp.kron(identity, matrix) - both
    return (total @ u.ravel()).reshape(u.shape)


# Diagonals, for relaxation.


@rebound("Diagonal of the operator, the same for every member.", x_axis=1)
def matrix_diagonal_1d(u: Array, *, x_matrix: Matrix, x_axis: int = 0) -> Array:
    """Diagonal of the operator."""
    return jnp.diagonal(x_matrix(u.shape[x_axis]))


@rebound("Diagonal of the operator, one value a point, the same for every member.", x_axis=1, y_axis=2)
def matrix_diagonal_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, x_axis: int = 0, y_axis: int = 1) -> Array:
    """Diagonal of the operator, one value a point."""
    along_x = jnp.diagonal(x_matrix(u.shape[x_axis]))
    return along_x[:, None] + jnp.diagonal(y_matrix(u.shape[y_axis]))


@rebound("Diagonal of the operator, one value a point, the same for every member.", x_axis=1, y_axis=2, z_axis=3)
def matrix_diagonal_3d(
    u: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix, x_axis: int = 0, y_axis: int = 1, z_axis: int = 2
) -> Array:
    """Diagonal of the operator, one value a point."""
    along_x = jnp.diagonal(x_matrix(u.shape[x_axis]))[:, None, None]
    along_y = jnp.diagonal(y_matrix(u.shape[y_axis]))[:, None]
    return along_x + along_y + jnp.diagonal(z_matrix(u.shape[z_axis]))


@as_it_stands
def constant_diagonal(u: Array, *, spacing: Callable[[Array], float], centre: float) -> Array:
    """Diagonal of the operator, the same at every point."""
    return jnp.full(u.shape, centre / spacing(u) ** 2)


@as_it_stands
def literal_diagonal(u: Array, *, value: float) -> Array:
    """Diagonal of the operator, the same at every point."""
    return jnp.full(u.shape, value)


@as_it_stands
def shifted_diagonal(u: Array, *, plain_diagonal: Field, screening: float) -> Array:
    """Diagonal with the screening term."""
    return plain_diagonal(u) + screening


@same_for_all
def dense_matrix(f: Array, *, apply_operator: Field) -> Array:
    """Matrix of the operator, one column for each unit vector."""
    basis = jnp.eye(f.size).reshape(f.size, *f.shape)
    return jax.vmap(apply_operator)(basis).reshape(f.size, f.size).T


@same_for_all
def jacobian_matrix(f: Array, *, apply_operator: Field) -> Array:
    """Matrix of the operator as its Jacobian."""
    jacobian = jax.jacfwd(apply_operator)(jnp.zeros_like(f))
    return jacobian.reshape(f.size, f.size)
