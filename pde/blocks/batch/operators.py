"""Blocks of operators written for a batch: axis 0 counts the right-hand sides, space begins at axis 1.

Each has the name and the formula of the block that it stands for (`pde.family.lift`); on every member of a batch both
give the same.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

Field = Callable[[Array], Array]
Matrix = Callable[[int], Array]
Points = Callable[[int], Array]


# The spacing of a unit interval.


def interior_spacing(u: Array) -> float:
    """Spacing of a grid whose boundary points are known."""
    return 1.0 / (u.shape[1] + 1)


def cell_spacing(u: Array) -> float:
    """Width of a cell, or spacing of a periodic grid."""
    return 1.0 / u.shape[1]


def closed_spacing(u: Array) -> float:
    """Spacing of a grid that includes both ends."""
    return 1.0 / (u.shape[1] - 1)


# Ghost values: every side of space grows by one.


def zero_ghosts(u: Array) -> Array:
    """Zero values on the boundary."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1))


def wrapped_ghosts(u: Array) -> Array:
    """Values from the other end of the period."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="wrap")


def mirrored_ghosts(u: Array) -> Array:
    """Values mirrored at the boundary vertex: zero normal derivative."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="reflect")


def edge_ghosts(u: Array) -> Array:
    """Values of the boundary cell repeated: zero normal derivative."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="edge")


def odd_ghosts(u: Array) -> Array:
    """Values of the boundary cell with opposite sign: zero on the face."""
    sides = [(0, 0)] + [(1, 1)] * (u.ndim - 1)
    return 2.0 * jnp.pad(u, sides) - jnp.pad(u, sides, mode="edge")


def robin_ghosts(u: Array, *, spacing: Callable[[Array], float], rate: float) -> Array:
    """Ghost values of du/dn + rate * u = 0 on the face."""
    h = spacing(u)
    factor = (2.0 - rate * h) / (2.0 + rate * h)
    sides = [(0, 0)] + [(1, 1)] * (u.ndim - 1)
    return (1.0 - factor) * jnp.pad(u, sides) + factor * jnp.pad(u, sides, mode="edge")


def mixed_ghosts(u: Array) -> Array:
    """Zero on the face x = 0, zero normal derivative on all others."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="edge").at[:, 0].multiply(-1.0)


def channel_ghosts(u: Array) -> Array:
    """Periodic along x, zero on the walls."""
    rows = jnp.pad(u, ((0, 0), (1, 1), (0, 0)), mode="wrap")
    return jnp.pad(rows, ((0, 0), (0, 0), (1, 1)))


def double_wrap(u: Array) -> Array:
    """Two values from the other end of the period on every side."""
    return jnp.pad(u, [(0, 0)] + [(2, 2)] * (u.ndim - 1), mode="wrap")


# Sum over the axes of -u[i-1] + 2 u[i] - u[i+1], from values with ghosts.


def slices_1d(p: Array) -> Array:
    """Three-point difference of every member, by slices."""
    return 2.0 * p[:, 1:-1] - p[:, :-2] - p[:, 2:]


def slices_2d(p: Array) -> Array:
    """Five-point difference of every member, by slices."""
    neighbours = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
    return 4.0 * p[:, 1:-1, 1:-1] - neighbours


def slices_3d(p: Array) -> Array:
    """Seven-point difference of every member, by slices."""
    x = p[:, :-2, 1:-1, 1:-1] + p[:, 2:, 1:-1, 1:-1]
    y = p[:, 1:-1, :-2, 1:-1] + p[:, 1:-1, 2:, 1:-1]
    z = p[:, 1:-1, 1:-1, :-2] + p[:, 1:-1, 1:-1, 2:]
    return 6.0 * p[:, 1:-1, 1:-1, 1:-1] - x - y - z


def roll_1d(p: Array) -> Array:
    """Three-point difference of every member, by rolling the lines."""
    return (2.0 * p - jnp.roll(p, 1, 1) - jnp.roll(p, -1, 1))[:, 1:-1]


def roll_2d(p: Array) -> Array:
    """Five-point difference of every member, by rolling along each axis of space."""
    total = 4.0 * p
    for axis in (1, 2):
        total = total - jnp.roll(p, 1, axis) - jnp.roll(p, -1, axis)
    return total[:, 1:-1, 1:-1]


def roll_3d(p: Array) -> Array:
    """Seven-point difference of every member, by rolling along each axis of space."""
    total = 6.0 * p
    for axis in (1, 2, 3):
        total = total - jnp.roll(p, 1, axis) - jnp.roll(p, -1, axis)
    return total[:, 1:-1, 1:-1, 1:-1]


def convolution_1d(p: Array) -> Array:
    """Three-point difference as a convolution over the batch."""
    kernel = jnp.array([-1.0, 2.0, -1.0])
    return lax.conv(p[:, None], kernel[None, None], (1,), "VALID")[:, 0]


def convolution_2d(p: Array) -> Array:
    """Five-point difference as a convolution over the batch."""
    kernel = jnp.array([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]])
    return lax.conv(p[:, None], kernel[None, None], (1, 1), "VALID")[:, 0]


def convolution_3d(p: Array) -> Array:
    """Seven-point difference as a convolution over the batch."""
    side = jnp.zeros((3, 3)).at[1, 1].set(-1.0)
    middle = jnp.array([[0.0, -1.0, 0.0], [-1.0, 6.0, -1.0], [0.0, -1.0, 0.0]])
    kernel = jnp.stack([side, middle, side])
    return lax.conv(p[:, None], kernel[None, None], (1, 1, 1), "VALID")[:, 0]


def diff_2d(p: Array) -> Array:
    """Five-point difference of every member, as differences of differences."""
    return -jnp.diff(p[:, :, 1:-1], n=2, axis=1) - jnp.diff(p[:, 1:-1], n=2, axis=2)


def diff_3d(p: Array) -> Array:
    """Seven-point difference of every member, as differences of differences."""
    x = jnp.diff(p[:, :, 1:-1, 1:-1], n=2, axis=1)
    y = jnp.diff(p[:, 1:-1, :, 1:-1], n=2, axis=2)
    z = jnp.diff(p[:, 1:-1, 1:-1, :], n=2, axis=3)
    return -(x + y + z)


def scatter_1d(p: Array) -> Array:
    """Three-point difference of every member, by adding to the neighbours."""
    total = (2.0 * p).at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    return total[:, 1:-1]


def scatter_2d(p: Array) -> Array:
    """Five-point difference of every member, by adding to the neighbours."""
    total = (4.0 * p).at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    total = total.at[..., 1:].add(-p[..., :-1]).at[..., :-1].add(-p[..., 1:])
    return total[:, 1:-1, 1:-1]


def scatter_3d(p: Array) -> Array:
    """Seven-point difference of every member, by adding to the neighbours."""
    total = (6.0 * p).at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    total = total.at[:, :, 1:].add(-p[:, :, :-1]).at[:, :, :-1].add(-p[:, :, 1:])
    total = total.at[..., 1:].add(-p[..., :-1]).at[..., :-1].add(-p[..., 1:])
    return total[:, 1:-1, 1:-1, 1:-1]


def gather_1d(p: Array) -> Array:
    """Three-point difference of every member, by index arrays."""
    centre = jnp.arange(1, p.shape[1] - 1)
    return 2.0 * p[:, centre] - jnp.take(p, centre - 1, axis=1) - jnp.take(p, centre + 1, axis=1)


# Whole operators.


def shifted_pads_1d(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the second derivative, neighbours by padding with zero boundary values."""
    left = jnp.pad(u[:, :-1], ((0, 0), (1, 0)))
    right = jnp.pad(u[:, 1:], ((0, 0), (0, 1)))
    return (2.0 * u - left - right) / spacing(u) ** 2


def shifted_pads_2d(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the Laplacian, neighbours by padding with zero boundary values."""
    west = jnp.pad(u[:, :-1], ((0, 0), (1, 0), (0, 0)))
    east = jnp.pad(u[:, 1:], ((0, 0), (0, 1), (0, 0)))
    south = jnp.pad(u[:, :, :-1], ((0, 0), (0, 0), (1, 0)))
    north = jnp.pad(u[:, :, 1:], ((0, 0), (0, 0), (0, 1)))
    return (4.0 * u - west - east - south - north) / spacing(u) ** 2


def shifted_pads_3d(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the Laplacian, neighbours by padding with zero boundary values."""
    total = 6.0 * u
    for axis in (1, 2, 3):
        lower = lax.slice_in_dim(u, 0, -1, axis=axis)
        upper = lax.slice_in_dim(u, 1, None, axis=axis)
        empty = jnp.zeros_like(lax.slice_in_dim(u, 0, 1, axis=axis))
        total = total - jnp.concatenate([empty, lower], axis) - jnp.concatenate([upper, empty], axis)
    return total / spacing(u) ** 2


def periodic_rolls(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the periodic Laplacian by rolling along every axis of space."""
    total = jnp.zeros_like(u)
    for axis in range(1, u.ndim):
        total = total + 2.0 * u - jnp.roll(u, 1, axis) - jnp.roll(u, -1, axis)
    return total / spacing(u) ** 2


def directional_slices_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences along x and y."""
    p = add_ghosts(u)
    x = 2.0 * u - p[:, :-2, 1:-1] - p[:, 2:, 1:-1]
    y = 2.0 * u - p[:, 1:-1, :-2] - p[:, 1:-1, 2:]
    return x_weight * x + y_weight * y


def directional_diff_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences along x and y."""
    p = add_ghosts(u)
    x = jnp.diff(p[:, :, 1:-1], n=2, axis=1)
    y = jnp.diff(p[:, 1:-1], n=2, axis=2)
    return -(x_weight * x + y_weight * y)


def directional_convolution_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences as one convolution over the batch."""
    centre = 2.0 * (x_weight + y_weight)
    kernel = jnp.array([[0.0, -x_weight, 0.0], [-y_weight, centre, -y_weight], [0.0, -x_weight, 0.0]])
    return lax.conv(add_ghosts(u)[:, None], kernel[None, None], (1, 1), "VALID")[:, 0]


# Matrices along the axes.


def product_1d(u: Array, *, x_matrix: Matrix) -> Array:
    """Minus the second derivative as one matrix product for the batch."""
    return u @ x_matrix(u.shape[1]).T


def product_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Minus the Laplacian as matrix products along the axes."""
    return x_matrix(u.shape[1]) @ u + u @ y_matrix(u.shape[2]).T


def einsum_1d(u: Array, *, x_matrix: Matrix) -> Array:
    """Minus the second derivative as an einsum over the batch."""
    return jnp.einsum("ij,bj->bi", x_matrix(u.shape[1]), u)


def einsum_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Minus the Laplacian as one einsum an axis over the batch."""
    along_x = jnp.einsum("ij,bjk->bik", x_matrix(u.shape[1]), u)
    return along_x + jnp.einsum("ij,bkj->bki", y_matrix(u.shape[2]), u)


def einsum_3d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix) -> Array:
    """Minus the Laplacian as one einsum an axis over the batch."""
    along_x = jnp.einsum("ia,najk->nijk", x_matrix(u.shape[1]), u)
    along_y = jnp.einsum("jb,nibk->nijk", y_matrix(u.shape[2]), u)
    return along_x + along_y + jnp.einsum("kc,nijc->nijk", z_matrix(u.shape[3]), u)


def kron_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Minus the Laplacian as a matrix over all unknowns of a member."""
    _, rows, columns = u.shape
    matrix = jnp.kron(x_matrix(rows), jnp.eye(columns)) + jnp.kron(jnp.eye(rows), y_matrix(columns))
    return (u.reshape(-1, rows * columns) @ matrix.T).reshape(u.shape)


def corrected_product(u: Array, *, axis_matrix: Matrix, correction: float) -> Array:
    """Nine-point operator from the difference matrix of an axis."""
    n = u.shape[1]
    matrix = axis_matrix(n)
    along_x = matrix @ u
    return along_x + u @ matrix - correction / (n + 1) ** 2 * (along_x @ matrix)


def matrix_diagonal_1d(u: Array, *, x_matrix: Matrix) -> Array:
    """Diagonal of the operator, the same for every member."""
    return jnp.diagonal(x_matrix(u.shape[1]))


def matrix_diagonal_2d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Diagonal of the operator, one value a point, the same for every member."""
    along_x = jnp.diagonal(x_matrix(u.shape[1]))
    return along_x[:, None] + jnp.diagonal(y_matrix(u.shape[2]))


def matrix_diagonal_3d(u: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix) -> Array:
    """Diagonal of the operator, one value a point, the same for every member."""
    along_x = jnp.diagonal(x_matrix(u.shape[1]))[:, None, None]
    along_y = jnp.diagonal(y_matrix(u.shape[2]))[:, None]
    return along_x + along_y + jnp.diagonal(z_matrix(u.shape[3]))


# Fluxes, of variable coefficients and on a non-uniform grid.


def flux_slices_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces."""
    flux = coefficient(faces(p.shape[1] - 2)) * (p[:, 1:] - p[:, :-1])
    return flux[:, :-1] - flux[:, 1:]


def flux_diff_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces."""
    return -jnp.diff(coefficient(faces(p.shape[1] - 2)) * jnp.diff(p))


def flux_slices_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[1] - 2, p.shape[2] - 2
    a_x = coefficient(faces(n)[:, None], points(m))
    a_y = coefficient(points(n)[:, None], faces(m))
    x = a_x * (p[:, 1:, 1:-1] - p[:, :-1, 1:-1])
    y = a_y * (p[:, 1:-1, 1:] - p[:, 1:-1, :-1])
    return x[:, :-1] - x[:, 1:] + y[:, :, :-1] - y[:, :, 1:]


def flux_diff_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[1] - 2, p.shape[2] - 2
    x = coefficient(faces(n)[:, None], points(m)) * jnp.diff(p[:, :, 1:-1], axis=1)
    y = coefficient(points(n)[:, None], faces(m)) * jnp.diff(p[:, 1:-1], axis=2)
    return -jnp.diff(x, axis=1) - jnp.diff(y, axis=2)


def flux_diagonal_1d(u: Array, *, coefficient: Field, faces: Points, spacing: Callable[[Array], float]) -> Array:
    """Diagonal of the operator: the diffusivities of both faces."""
    a = coefficient(faces(u.shape[1]))
    return (a[:-1] + a[1:]) / spacing(u) ** 2


def flux_diagonal_2d(
    u: Array,
    *,
    coefficient: Callable[..., Array],
    faces: Points,
    points: Points,
    spacing: Callable[[Array], float],
) -> Array:
    """Diagonal of the operator: the diffusivities of the four faces."""
    n, m = u.shape[1:]
    x = coefficient(faces(n)[:, None], points(m))
    y = coefficient(points(n)[:, None], faces(m))
    return (x[:-1] + x[1:] + y[:, :-1] + y[:, 1:]) / spacing(u) ** 2


def balance_slices(u: Array, *, vertices: Points) -> Array:
    """Balance of the fluxes over the dual cells of a non-uniform grid."""
    flux = jnp.diff(jnp.pad(u, ((0, 0), (1, 1)))) / jnp.diff(vertices(u.shape[1]))
    return flux[:, :-1] - flux[:, 1:]


def balanced_load(f: Array, *, widths: Points) -> Array:
    """Right-hand side integrated over the dual cells."""
    return f * widths(f.shape[1])


# Stencils of higher order, elements, and their loads.


def nine_point_slices(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil of every member, by slices."""
    sides = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
    corners = p[:, :-2, :-2] + p[:, :-2, 2:] + p[:, 2:, :-2] + p[:, 2:, 2:]
    return centre * p[:, 1:-1, 1:-1] + side * sides + corner * corners


def nine_point_convolution(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil as a convolution over the batch."""
    edge = jnp.array([corner, side, corner])
    kernel = jnp.stack([edge, jnp.array([side, centre, side]), edge])
    return lax.conv(p[:, None], kernel[None, None], (1, 1), "VALID")[:, 0]


def nine_point_rolls(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil of every member by rolling, first the rows, then the columns."""
    rows = jnp.roll(p, 1, 1) + jnp.roll(p, -1, 1)
    sides = rows + jnp.roll(p, 1, 2) + jnp.roll(p, -1, 2)
    corners = jnp.roll(rows, 1, 2) + jnp.roll(rows, -1, 2)
    return (centre * p + side * sides + corner * corners)[:, 1:-1, 1:-1]


def nineteen_point_convolution(p: Array) -> Array:
    """Nineteen-point compact stencil as a convolution over the batch."""
    side = jnp.array([[0.0, -1.0, 0.0], [-1.0, -2.0, -1.0], [0.0, -1.0, 0.0]])
    middle = jnp.array([[-1.0, -2.0, -1.0], [-2.0, 24.0, -2.0], [-1.0, -2.0, -1.0]])
    kernel = jnp.stack([side, middle, side]) / 6.0
    return lax.conv(p[:, None], kernel[None, None], (1, 1, 1), "VALID")[:, 0]


def wide_slices_1d(p: Array) -> Array:
    """Fourth-order five-point difference of every member, by slices."""
    near = p[:, 1:-3] + p[:, 3:-1]
    return (30.0 * p[:, 2:-2] - 16.0 * near + p[:, :-4] + p[:, 4:]) / 12.0


def wide_slices_2d(p: Array) -> Array:
    """Fourth-order nine-point cross of every member, by slices."""
    rows, columns = p[:, :, 2:-2], p[:, 2:-2]
    near = rows[:, 1:-3] + rows[:, 3:-1] + columns[:, :, 1:-3] + columns[:, :, 3:-1]
    far = rows[:, :-4] + rows[:, 4:] + columns[:, :, :-4] + columns[:, :, 4:]
    return (60.0 * p[:, 2:-2, 2:-2] - 16.0 * near + far) / 12.0


def wide_rolls(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Fourth-order minus Laplacian on a period, by rolling along every axis of space."""
    total = jnp.zeros_like(u)
    for axis in range(1, u.ndim):
        near = jnp.roll(u, 1, axis) + jnp.roll(u, -1, axis)
        far = jnp.roll(u, 2, axis) + jnp.roll(u, -2, axis)
        total = total + 30.0 * u - 16.0 * near + far
    return total / (12.0 * spacing(u) ** 2)


def load_1d(f: Array) -> Array:
    """Consistent load of linear elements, from f at all vertices."""
    return (f[:, :-2] + 4.0 * f[:, 1:-1] + f[:, 2:]) / 6.0


def load_2d(f: Array) -> Array:
    """Consistent load of bilinear elements, from f at all vertices."""
    rows = (f[:, :-2] + 4.0 * f[:, 1:-1] + f[:, 2:]) / 6.0
    return (rows[:, :, :-2] + 4.0 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 6.0


def compact_load_1d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    return (f[:, :-2] + 10.0 * f[:, 1:-1] + f[:, 2:]) / 12.0


def compact_load_2d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    sides = f[:, :-2, 1:-1] + f[:, 2:, 1:-1] + f[:, 1:-1, :-2] + f[:, 1:-1, 2:]
    return (8.0 * f[:, 1:-1, 1:-1] + sides) / 12.0


def compact_load_3d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    total = 6.0 * f[:, 1:-1, 1:-1, 1:-1] + f[:, :-2, 1:-1, 1:-1] + f[:, 2:, 1:-1, 1:-1]
    total = total + f[:, 1:-1, :-2, 1:-1] + f[:, 1:-1, 2:, 1:-1]
    return (total + f[:, 1:-1, 1:-1, :-2] + f[:, 1:-1, 1:-1, 2:]) / 12.0


def periodic_load(f: Array) -> Array:
    """Fourth-order compact right-hand side on a period."""
    total = (14.0 - 2.0 * f.ndim) * f
    for axis in range(1, f.ndim):
        total = total + jnp.roll(f, 1, axis) + jnp.roll(f, -1, axis)
    return total / 12.0


def spectral_operator_2d(u: Array, *, eigenvalues: Points) -> Array:
    """Minus the Laplacian on a period, through its modes."""
    symbol = eigenvalues(u.shape[1])[:, None] + eigenvalues(u.shape[2])
    return jnp.fft.ifft2(symbol * jnp.fft.fft2(u)).real
