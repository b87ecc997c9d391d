"""Direct solvers for a batch: a matrix and its factors are made once for all members."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve, solve_triangular

from pde.blocks import direct
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]
Matrix = Callable[[int], Array]
Bands = Callable[[Array], tuple[Array, Array, Array]]


@batch_of(direct.solve_dense)
def solve_dense(f: Array, *, matrix: Field) -> Array:
    """Solutions by one elimination for all right-hand sides."""
    columns = f.reshape(f.shape[0], -1).T
    return jnp.linalg.solve(matrix(f[0]), columns).T.reshape(f.shape)


@batch_of(direct.solve_lu)
def solve_lu(f: Array, *, matrix: Field) -> Array:
    """Solutions by LU factors, one factorisation for all right-hand sides."""
    columns = f.reshape(f.shape[0], -1).T
    return lu_solve(lu_factor(matrix(f[0])), columns).T.reshape(f.shape)


@batch_of(direct.solve_cholesky)
def solve_cholesky(f: Array, *, matrix: Field) -> Array:
    """Solutions by Cholesky factors, one factorisation for all right-hand sides."""
    columns = f.reshape(f.shape[0], -1).T
    return cho_solve(cho_factor(matrix(f[0])), columns).T.reshape(f.shape)


@batch_of(direct.solve_triangles)
def solve_triangles(f: Array, *, matrix: Field) -> Array:
    """Solutions by two triangular systems with one Cholesky factor."""
    factor = jnp.linalg.cholesky(matrix(f[0]))
    half = solve_triangular(factor, f.reshape(f.shape[0], -1).T, lower=True)
    return solve_triangular(factor.T, half, lower=False).T.reshape(f.shape)


@batch_of(direct.solve_inverse)
def solve_inverse(f: Array, *, matrix: Field) -> Array:
    """Solutions by the inverse matrix."""
    return (f.reshape(f.shape[0], -1) @ jnp.linalg.inv(matrix(f[0])).T).reshape(f.shape)


@batch_of(direct.solve_thomas)
def solve_thomas(f: Array, *, bands: Bands) -> Array:
    """Solutions by one elimination down the diagonal and substitution back, over all members at once."""

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

    start = jnp.zeros_like(f[0, 0]), jnp.zeros_like(f[:, 0])
    _, rows = lax.scan(eliminate, start, (*bands(f[0]), f.T))
    return lax.scan(substitute, jnp.zeros_like(f[:, 0]), rows, reverse=True)[1].T


@batch_of(direct.solve_tridiagonal)
def solve_tridiagonal(f: Array, *, bands: Bands) -> Array:
    """Solutions by the tridiagonal solver of lax, one column a member."""
    lower, centre, upper = bands(f[0])
    return lax.linalg.tridiagonal_solve(lower, centre, upper, f.T).T


@batch_of(direct.solve_cyclic)
def solve_cyclic(f: Array, *, bands: Bands, eliminate_odd: Callable[..., Array]) -> Array:
    """Solutions by cyclic reduction."""
    return eliminate_odd(*bands(f[0]), f)


@batch_of(direct.reduce_cyclically)
def reduce_cyclically(lower: Array, centre: Array, upper: Array, f: Array, *, recurse: Callable[..., Array]) -> Array:
    """Eliminates every second unknown of all members, solves for the rest, substitutes back."""
    if f.shape[1] == 1:
        return f / centre
    before, after = -lower[1::2] / centre[:-2:2], -upper[1::2] / centre[2::2]
    u = recurse(
        before * lower[:-2:2],
        centre[1::2] + before * upper[:-2:2] + after * lower[2::2],
        after * upper[2::2],
        f[:, 1::2] + before * f[:, :-2:2] + after * f[:, 2::2],
    )
    p = jnp.pad(u, ((0, 0), (1, 1)))
    rest = (f[:, ::2] - lower[::2] * p[:, :-1] - upper[::2] * p[:, 1:]) / centre[::2]
    return jnp.zeros_like(f).at[:, 1::2].set(u).at[:, ::2].set(rest)


@batch_of(direct.diagonalise_1d)
def diagonalise_1d(f: Array, *, x_matrix: Matrix, invert: Field) -> Array:
    """Solutions in the eigenvectors of the matrix."""
    values, vectors = jnp.linalg.eigh(x_matrix(f.shape[1]))
    return (f @ vectors * invert(values)) @ vectors.T


@batch_of(direct.diagonalise_3d)
def diagonalise_3d(f: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix, invert: Field) -> Array:
    """Solutions in the eigenvectors of the matrices of the three axes."""
    a, x = jnp.linalg.eigh(x_matrix(f.shape[1]))
    b, y = jnp.linalg.eigh(y_matrix(f.shape[2]))
    c, z = jnp.linalg.eigh(z_matrix(f.shape[3]))
    modes = jnp.einsum("nijk,ia,jb,kc->nabc", f, x, y, z)
    modes = modes * invert(a[:, None, None] + b[:, None] + c)
    return jnp.einsum("nabc,ia,jb,kc->nijk", modes, x, y, z)


@batch_of(direct.half_diagonalised)
def half_diagonalised(f: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Solutions in the eigenvectors of one axis, a dense system along the other for each."""
    values, vectors = jnp.linalg.eigh(x_matrix(f.shape[1]))
    systems = y_matrix(f.shape[2]) + values[:, None, None] * jnp.eye(f.shape[2])
    modes = jnp.linalg.solve(systems, (vectors.T @ f)[..., None])
    return vectors @ modes[..., 0]
