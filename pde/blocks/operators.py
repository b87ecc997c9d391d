"""Second-order differences: ghost values for each boundary, the stencil in each spelling, and their scaling.

On a grid of spacing h, -u'' is approximated by (-u[i-1] + 2 u[i] - u[i+1]) / h**2 with error h**2 u''''/12
(LeVeque, Finite Difference Methods for Ordinary and Partial Differential Equations, 2007, section 2.4). A
boundary enters through the ghost value outside: 0 at a Dirichlet vertex, -u in the Dirichlet cell, u in the
Neumann cell, the mirror image at a Neumann vertex, the other end of a period, (2 - r h)/(2 + r h) u in the
cell of u_n + r u = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp
from jax import Array, lax

from pde.blocks.batching import as_it_stands, rebound, single_only

Field = Callable[[Array], Array]


# The spacing of a unit interval, from the number of unknowns.


@rebound(x_axis=1)
def interior_spacing(u: Array, *, x_axis: int = 0) -> float:
    """Spacing of a grid whose boundary points are known."""
    return 1.0 / (u.shape[x_axis] + 1)


@rebound(x_axis=1)
def cell_spacing(u: Array, *, x_axis: int = 0) -> float:
    """Width of a cell, or spacing of a periodic grid."""
    return 1.0 / u.shape[x_axis]


@rebound(x_axis=1)
def closed_spacing(u: Array, *, x_axis: int = 0) -> float:
    """Spacing of a grid that includes both ends."""
    return 1.0 / (u.shape[x_axis] - 1)


# Ghost values: every side grows by one.


def zero_ghosts(u: Array) -> Array:
    """Zero values on the boundary."""
    return jnp.pad(u, 1)


def wrapped_ghosts(u: Array) -> Array:
    """Values from the other end of the period."""
    return jnp.pad(u, 1, mode="wrap")


def mirrored_ghosts(u: Array) -> Array:
    """Values mirrored at the boundary vertex: zero normal derivative."""
    return jnp.pad(u, 1, mode="reflect")


def edge_ghosts(u: Array) -> Array:
    """Values of the boundary cell repeated: zero normal derivative."""
    return jnp.pad(u, 1, mode="edge")


def odd_ghosts(u: Array) -> Array:
    """Values of the boundary cell with opposite sign: zero on the face."""
    return 2.0 * jnp.pad(u, 1) - jnp.pad(u, 1, mode="edge")


def robin_ghosts(u: Array, *, spacing: Callable[[Array], float], rate: float) -> Array:
    """Ghost values of du/dn + rate * u = 0 on the face."""
    h = spacing(u)
    factor = (2.0 - rate * h) / (2.0 + rate * h)
    return (1.0 - factor) * jnp.pad(u, 1) + factor * jnp.pad(u, 1, mode="edge")


def mixed_ghosts(u: Array) -> Array:
    """Zero on the face x = 0, zero normal derivative on all others."""
    return jnp.pad(u, 1, mode="edge").at[0].multiply(-1.0)


def channel_ghosts(u: Array) -> Array:
    """Periodic along x, zero on the walls."""
    rows = jnp.pad(u, ((1, 1), (0, 0)), mode="wrap")
    return jnp.pad(rows, ((0, 0), (1, 1)))


# Sum over the axes of -u[i-1] + 2 u[i] - u[i+1], from values with ghosts.


def slices_1d(p: Array) -> Array:
    """Three-point difference by slices."""
    return 2.0 * p[1:-1] - p[:-2] - p[2:]


def slices_2d(p: Array) -> Array:
    """Five-point difference by slices."""
    neighbours = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]
    return 4.0 * p[1:-1, 1:-1] - neighbours


def slices_3d(p: Array) -> Array:
    """Seven-point difference by slices."""
    x = p[:-2, 1:-1, 1:-1] + p[2:, 1:-1, 1:-1]
    y = p[1:-1, :-2, 1:-1] + p[1:-1, 2:, 1:-1]
    z = p[1:-1, 1:-1, :-2] + p[1:-1, 1:-1, 2:]
    return 6.0 * p[1:-1, 1:-1, 1:-1] - x - y - z


def roll_1d(p: Array) -> Array:
    """Three-point difference by rolling the array."""
    return (2.0 * p - jnp.roll(p, 1) - jnp.roll(p, -1))[1:-1]


def roll_2d(p: Array) -> Array:
    """Five-point difference by rolling the array along each axis."""
    total = 4.0 * p
    for axis in (0, 1):
        total = total - jnp.roll(p, 1, axis) - jnp.roll(p, -1, axis)
    return total[1:-1, 1:-1]


def roll_3d(p: Array) -> Array:
    """Seven-point difference by rolling the array along each axis."""
    total = 6.0 * p
    for axis in range(3):
        total = total - jnp.roll(p, 1, axis) - jnp.roll(p, -1, axis)
    return total[1:-1, 1:-1, 1:-1]


def convolution_1d(p: Array) -> Array:
    """Three-point difference as a convolution."""
    return jnp.convolve(p, jnp.array([-1.0, 2.0, -1.0]), mode="valid")


def convolution_2d(p: Array) -> Array:
    """Five-point difference as a convolution."""
    kernel = jnp.array([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]])
    return lax.conv(p[None, None], kernel[None, None], (1, 1), "VALID")[0, 0]


def convolution_3d(p: Array) -> Array:
    """Seven-point difference as a convolution."""
    side = jnp.zeros((3, 3)).at[1, 1].set(-1.0)
    middle = jnp.array([[0.0, -1.0, 0.0], [-1.0, 6.0, -1.0], [0.0, -1.0, 0.0]])
    kernel = jnp.stack([side, middle, side])
    return lax.conv(p[None, None], kernel[None, None], (1, 1, 1), "VALID")[0, 0]


@as_it_stands
def diff_1d(p: Array) -> Array:
    """Three-point difference as a difference of differences."""
    return -jnp.diff(p, n=2)


def diff_2d(p: Array) -> Array:
    """Five-point difference as differences of differences."""
    return -jnp.diff(p[:, 1:-1], n=2, axis=0) - jnp.diff(p[1:-1], n=2, axis=1)


def diff_3d(p: Array) -> Array:
    """Seven-point difference as differences of differences."""
    x = jnp.diff(p[:, 1:-1, 1:-1], n=2, axis=0)
    y = jnp.diff(p[1:-1, :, 1:-1], n=2, axis=1)
    z = jnp.diff(p[1:-1, 1:-1, :], n=2, axis=2)
    return -(x + y + z)


def scatter_1d(p: Array) -> Array:
    """Three-point difference by adding to the neighbours."""
    total = (2.0 * p).at[1:].add(-p[:-1]).at[:-1].add(-p[1:])
    return total[1:-1]


def scatter_2d(p: Array) -> Array:
    """Five-point difference by adding to the neighbours."""
    total = (4.0 * p).at[1:].add(-p[:-1]).at[:-1].add(-p[1:])
    total = total.at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    return total[1:-1, 1:-1]


def scatter_3d(p: Array) -> Array:
    """Seven-point difference by adding to the neighbours."""
    total = (6.0 * p).at[1:].add(-p[:-1]).at[:-1].add(-p[1:])
    total = total.at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    total = total.at[..., 1:].add(-p[..., :-1]).at[..., :-1].add(-p[..., 1:])
    return total[1:-1, 1:-1, 1:-1]


@single_only
def line_difference(line: Array) -> Array:
    """Three-point difference of one line."""
    return 2.0 * line[1:-1] - line[:-2] - line[2:]


@single_only
def lines_2d(p: Array, *, along_line: Field) -> Array:
    """Five-point difference by mapping the difference of a line."""
    x = jax.vmap(along_line, in_axes=1, out_axes=1)(p[:, 1:-1])
    return x + jax.vmap(along_line)(p[1:-1])


@single_only
def lines_3d(p: Array, *, along_line: Field) -> Array:
    """Seven-point difference by mapping the difference of a line."""
    x = jax.vmap(jax.vmap(along_line, 1, 1), 2, 2)(p[:, 1:-1, 1:-1])
    y = jax.vmap(jax.vmap(along_line, 1, 1))(p[1:-1, :, 1:-1])
    return x + y + jax.vmap(jax.vmap(along_line))(p[1:-1, 1:-1])


def gather_1d(p: Array) -> Array:
    """Three-point difference by index arrays."""
    centre = jnp.arange(1, p.shape[0] - 1)
    return 2.0 * p[centre] - jnp.take(p, centre - 1) - jnp.take(p, centre + 1)


# Whole operators.


@as_it_stands
def scaled(u: Array, *, difference: Field, add_ghosts: Field, spacing: Callable[[Array], float]) -> Array:
    """Minus the Laplacian."""
    h = spacing(u)
    return difference(add_ghosts(u)) / h**2


@as_it_stands
def screened(u: Array, *, negative_laplacian: Field, screening: float) -> Array:
    """Minus the Laplacian plus a screening term."""
    return negative_laplacian(u) + screening * u


def shifted_pads_1d(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the second derivative, neighbours by padding with zero boundary values."""
    left = jnp.pad(u[:-1], (1, 0))
    right = jnp.pad(u[1:], (0, 1))
    return (2.0 * u - left - right) / spacing(u) ** 2


def shifted_pads_2d(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the Laplacian, neighbours by padding with zero boundary values."""
    west = jnp.pad(u[:-1], ((1, 0), (0, 0)))
    east = jnp.pad(u[1:], ((0, 1), (0, 0)))
    south = jnp.pad(u[:, :-1], ((0, 0), (1, 0)))
    north = jnp.pad(u[:, 1:], ((0, 0), (0, 1)))
    return (4.0 * u - west - east - south - north) / spacing(u) ** 2


@rebound(axes=(1, 2, 3))
def shifted_pads_3d(u: Array, *, spacing: Callable[[Array], float], axes: Iterable[int] = range(3)) -> Array:
    """Minus the Laplacian, neighbours by padding with zero boundary values."""
    total = 6.0 * u
    for axis in axes:
        lower = lax.slice_in_dim(u, 0, -1, axis=axis)
        upper = lax.slice_in_dim(u, 1, None, axis=axis)
        empty = jnp.zeros_like(lax.slice_in_dim(u, 0, 1, axis=axis))
        total = total - jnp.concatenate([empty, lower], axis) - jnp.concatenate([upper, empty], axis)
    return total / spacing(u) ** 2


def periodic_rolls(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the periodic Laplacian by rolling along every axis."""
    total = jnp.zeros_like(u)
    for axis in range(u.ndim):
        total = total + 2.0 * u - jnp.roll(u, 1, axis) - jnp.roll(u, -1, axis)
    return total / spacing(u) ** 2


# Different spacings or diffusivities along the axes.


def directional_slices_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences along x and y."""
    p = add_ghosts(u)
    x = 2.0 * u - p[:-2, 1:-1] - p[2:, 1:-1]
    y = 2.0 * u - p[1:-1, :-2] - p[1:-1, 2:]
    return x_weight * x + y_weight * y


def directional_diff_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences along x and y."""
    p = add_ghosts(u)
    x = jnp.diff(p[:, 1:-1], n=2, axis=0)
    y = jnp.diff(p[1:-1], n=2, axis=1)
    return -(x_weight * x + y_weight * y)


@single_only
def directional_lines_2d(u: Array, *, add_ghosts: Field, along_line: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences along x and y."""
    p = add_ghosts(u)
    x = jax.vmap(along_line, in_axes=1, out_axes=1)(p[:, 1:-1])
    return x_weight * x + y_weight * jax.vmap(along_line)(p[1:-1])


def directional_convolution_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences as one convolution."""
    centre = 2.0 * (x_weight + y_weight)
    kernel = jnp.array([[0.0, -x_weight, 0.0], [-y_weight, centre, -y_weight], [0.0, -x_weight, 0.0]])
    return lax.conv(add_ghosts(u)[None, None], kernel[None, None], (1, 1), "VALID")[0, 0]


@single_only
def directional_slices_3d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float, z_weight: float) -> Array:
    """Weighted sum of the second differences along x, y and z."""
    p = add_ghosts(u)
    x = 2.0 * u - p[:-2, 1:-1, 1:-1] - p[2:, 1:-1, 1:-1]
    y = 2.0 * u - p[1:-1, :-2, 1:-1] - p[1:-1, 2:, 1:-1]
    z = 2.0 * u - p[1:-1, 1:-1, :-2] - p[1:-1, 1:-1, 2:]
    return x_weight * x + y_weight * y + z_weight * z


@single_only
def directional_diff_3d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float, z_weight: float) -> Array:
    """Weighted sum of the second differences along x, y and z."""
    p = add_ghosts(u)
    x = jnp.diff(p[:, 1:-1, 1:-1], n=2, axis=0)
    y = jnp.diff(p[1:-1, :, 1:-1], n=2, axis=1)
    z = jnp.diff(p[1:-1, 1:-1], n=2, axis=2)
    return -(x_weight * x + y_weight * y + z_weight * z)
