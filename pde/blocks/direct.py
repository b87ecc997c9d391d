"""Direct solvers: dense factorisations, tridiagonal elimination, cyclic reduction, fast diagonalisation.

Thomas' algorithm and cyclic reduction: Golub and Van Loan, Matrix Computations, 2013, sections 4.3 and 4.8.
Fast diagonalisation inverts a Kronecker sum through the eigenvectors of its factors: Lynch, Rice and Thomas
1964.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve, solve_triangular

from pde.blocks.batching import rebound, same_for_all

Field = Callable[[Array], Array]
Matrix = Callable[[int], Array]
Bands = Callable[[Array], tuple[Array, Array, Array]]


def solve_dense(f: Array, *, matrix: Field) -> Array:
    """Solution by elimination with partial pivoting."""
    return jnp.linalg.solve(matrix(f), f.ravel()).reshape(f.shape)


def solve_lu(f: Array, *, matrix: Field) -> Array:
    """Solution by LU factors."""
    return lu_solve(lu_factor(matrix(f)), f.ravel()).reshape(f.shape)


def solve_cholesky(f: Array, *, matrix: Field) -> Array:
    """Solution by Cholesky factors."""
    return cho_solve(cho_factor(matrix(f)), f.ravel()).reshape(f.shape)


def solve_triangles(f: Array, *, matrix: Field) -> Array:
    """Solution by two triangular systems with the Cholesky factor."""
    factor = jnp.linalg.cholesky(matrix(f))
    half = solve_triangular(factor, f.ravel(), lower=True)
    return solve_triangular(factor.T, half, lower=False).reshape(f.shape)


def solve_inverse(f: Array, *, matrix: Field) -> Array:
    """Solution by the inverse matrix."""
    return (jnp.linalg.inv(matrix(f)) @ f.ravel()).reshape(f.shape)


@same_for_all
def pinned_matrix(f: Array, *, plain_matrix: Field) -> Array:
    """Matrix made regular by adding the projection on constants."""
    matrix = plain_matrix(f)
    return matrix + jnp.trace(matrix) / f.size**2


@same_for_all
def axis_dense(f: Array, *, x_matrix: Matrix) -> Array:
    """Matrix of the operator."""
    return x_matrix(f.shape[0])


# Three diagonals.


@same_for_all
def plain_bands(f: Array, *, spacing: Callable[[Array], float]) -> tuple[Array, Array, Array]:
    """The three diagonals of minus the second derivative."""
    h = spacing(f)
    side = jnp.full(f.shape[0], -1.0 / h**2)
    return side.at[0].set(0.0), jnp.full(f.shape[0], 2.0 / h**2), side.at[-1].set(0.0)


@same_for_all
def matrix_bands(f: Array, *, x_matrix: Matrix) -> tuple[Array, Array, Array]:
    """The three diagonals of the operator's matrix."""
    matrix = x_matrix(f.shape[0])
    lower = jnp.pad(jnp.diagonal(matrix, -1), (1, 0))
    upper = jnp.pad(jnp.diagonal(matrix, 1), (0, 1))
    return lower, jnp.diagonal(matrix), upper


@same_for_all
def probed_bands(f: Array, *, apply_operator: Field) -> tuple[Array, Array, Array]:
    """The three diagonals of the operator, read off its images of three combs."""
    i = jnp.arange(f.shape[0])
    images = jnp.stack([apply_operator(jnp.where(i % 3 == k, 1.0, 0.0)) for k in range(3)])
    lower = images[(i - 1) % 3, i].at[0].set(0.0)
    return lower, images[i % 3, i], images[(i + 1) % 3, i].at[-1].set(0.0)


def solve_thomas(f: Array, *, bands: Bands) -> Array:
    """Solution by elimination down the diagonal and substitution back."""

    def eliminate(
        carry: tuple[Array, Array], row: tuple[Array, ...]
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        ratio, value = carry
        lower, centre, upper, load = row
        pivot = centre - lower * ratio
        carry = upper / pivot, (load - lower * value) / pivot
        return carry, carry

    def substitute(after: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        ratio, value = row
        u = value - ratio * after
        return u, u

    zero = jnp.zeros_like(f[0])
    _, rows = lax.scan(eliminate, (zero, zero), (*bands(f), f))
    return lax.scan(substitute, zero, rows, reverse=True)[1]


def solve_tridiagonal(f: Array, *, bands: Bands) -> Array:
    """Solution by the tridiagonal solver of lax."""
    lower, centre, upper = bands(f)
    return lax.linalg.tridiagonal_solve(lower, centre, upper, f[:, None])[:, 0]


def solve_cyclic(f: Array, *, bands: Bands, eliminate_odd: Callable[..., Array]) -> Array:
    """Solution by cyclic reduction."""
    return eliminate_odd(*bands(f), f)


def reduce_cyclically(lower: Array, centre: Array, upper: Array, f: Array, *, recurse: Callable[..., Array]) -> Array:
    """Eliminates every second unknown, solves for the rest, substitutes back."""
    if f.shape[0] == 1:
        return f / centre
    before, after = -lower[1::2] / centre[:-2:2], -upper[1::2] / centre[2::2]
    u = recurse(
        before * lower[:-2:2],
        centre[1::2] + before * upper[:-2:2] + after * lower[2::2],
        after * upper[2::2],
        f[1::2] + before * f[:-2:2] + after * f[2::2],
    )
    p = jnp.pad(u, 1)
    rest = (f[::2] - lower[::2] * p[:-1] - upper[::2] * p[1:]) / centre[::2]
    return jnp.zeros_like(f).at[1::2].set(u).at[::2].set(rest)


# Eigenvectors of the axes.


def diagonalise_1d(f: Array, *, x_matrix: Matrix, invert: Callable[[Array], Array]) -> Array:
    """Solution in the eigenvectors of the matrix."""
    values, vectors = jnp.linalg.eigh(x_matrix(f.shape[0]))
    return vectors @ (invert(values) * (vectors.T @ f))


@rebound("Solutions in the eigenvectors of the matrices of both axes.", x_axis=1, y_axis=2)
def diagonalise_2d(
    f: Array, *, x_matrix: Matrix, y_matrix: Matrix, invert: Callable[[Array], Array], x_axis: int = 0, y_axis: int = 1
) -> Array:
    """Solution in the eigenvectors of the matrices of both axes."""
    x_values, x_vectors = jnp.linalg.eigh(x_matrix(f.shape[x_axis]))
    y_values, y_vectors = jnp.linalg.eigh(y_matrix(f.shape[y_axis]))
    modes = x_vectors.T @ f @ y_vectors * invert(x_values[:, None] + y_values)
    return x_vectors @ modes @ y_vectors.T


def diagonalise_3d(
    f: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix, invert: Callable[[Array], Array]
) -> Array:
    """Solution in the eigenvectors of the matrices of the three axes."""
    a, x = jnp.linalg.eigh(x_matrix(f.shape[0]))
    b, y = jnp.linalg.eigh(y_matrix(f.shape[1]))
    c, z = jnp.linalg.eigh(z_matrix(f.shape[2]))
    modes = jnp.einsum("ijk,ia,jb,kc->abc", f, x, y, z)
    modes = modes * invert(a[:, None, None] + b[:, None] + c)
    return jnp.einsum("abc,ia,jb,kc->ijk", modes, x, y, z)


def half_diagonalised(f: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Solution in the eigenvectors of one axis, a dense system along the other for each."""
    values, vectors = jnp.linalg.eigh(x_matrix(f.shape[0]))
    y = y_matrix(f.shape[1])
    identity = jnp.eye(f.shape[1])
    modes = jax.vmap(lambda value, row: jnp.linalg.solve(y + value * identity, row))(values, vectors.T @ f)
    return vectors @ modes


@same_for_all
def reciprocal(values: Array, *, screening: float) -> Array:
    """Inverse eigenvalues of the screened operator."""
    return 1.0 / (values + screening)


@same_for_all
def plain_reciprocal(values: Array) -> Array:
    """Inverse eigenvalues."""
    return 1.0 / values


@same_for_all
def pseudo_reciprocal(values: Array) -> Array:
    """Inverse eigenvalues, zero for the constant mode, which is the first."""
    return (1.0 / values.ravel().at[0].set(jnp.inf)).reshape(values.shape)
