"""Second-order differences for a batch: ghost values on the sides of space, and the stencil in each spelling."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks import operators
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]


@batch_of(operators.zero_ghosts)
def zero_ghosts(u: Array) -> Array:
    """Zero values on the boundary."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1))


@batch_of(operators.wrapped_ghosts)
def wrapped_ghosts(u: Array) -> Array:
    """Values from the other end of the period."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="wrap")


@batch_of(operators.mirrored_ghosts)
def mirrored_ghosts(u: Array) -> Array:
    """Values mirrored at the boundary vertex: zero normal derivative."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="reflect")


@batch_of(operators.edge_ghosts)
def edge_ghosts(u: Array) -> Array:
    """Values of the boundary cell repeated: zero normal derivative."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="edge")


@batch_of(operators.odd_ghosts)
def odd_ghosts(u: Array) -> Array:
    """Values of the boundary cell with opposite sign: zero on the face."""
    sides = [(0, 0)] + [(1, 1)] * (u.ndim - 1)
    return 2.0 * jnp.pad(u, sides) - jnp.pad(u, sides, mode="edge")


@batch_of(operators.robin_ghosts)
def robin_ghosts(u: Array, *, spacing: Callable[[Array], float], rate: float) -> Array:
    """Ghost values of du/dn + rate * u = 0 on the face."""
    h = spacing(u)
    factor = (2.0 - rate * h) / (2.0 + rate * h)
    sides = [(0, 0)] + [(1, 1)] * (u.ndim - 1)
    return (1.0 - factor) * jnp.pad(u, sides) + factor * jnp.pad(u, sides, mode="edge")


@batch_of(operators.mixed_ghosts)
def mixed_ghosts(u: Array) -> Array:
    """Zero on the face x = 0, zero normal derivative on all others."""
    return jnp.pad(u, [(0, 0)] + [(1, 1)] * (u.ndim - 1), mode="edge").at[:, 0].multiply(-1.0)


@batch_of(operators.channel_ghosts)
def channel_ghosts(u: Array) -> Array:
    """Periodic along x, zero on the walls."""
    rows = jnp.pad(u, ((0, 0), (1, 1), (0, 0)), mode="wrap")
    return jnp.pad(rows, ((0, 0), (0, 0), (1, 1)))


@batch_of(operators.slices_1d)
def slices_1d(p: Array) -> Array:
    """Three-point difference of every member, by slices."""
    return 2.0 * p[:, 1:-1] - p[:, :-2] - p[:, 2:]


@batch_of(operators.slices_2d)
def slices_2d(p: Array) -> Array:
    """Five-point difference of every member, by slices."""
    neighbours = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
    return 4.0 * p[:, 1:-1, 1:-1] - neighbours


@batch_of(operators.slices_3d)
def slices_3d(p: Array) -> Array:
    """Seven-point difference of every member, by slices."""
    x = p[:, :-2, 1:-1, 1:-1] + p[:, 2:, 1:-1, 1:-1]
    y = p[:, 1:-1, :-2, 1:-1] + p[:, 1:-1, 2:, 1:-1]
    z = p[:, 1:-1, 1:-1, :-2] + p[:, 1:-1, 1:-1, 2:]
    return 6.0 * p[:, 1:-1, 1:-1, 1:-1] - x - y - z


@batch_of(operators.roll_1d)
def roll_1d(p: Array) -> Array:
    """Three-point difference of every member, by rolling the lines."""
    return (2.0 * p - jnp.roll(p, 1, 1) - jnp.roll(p, -1, 1))[:, 1:-1]


@batch_of(operators.roll_2d)
def roll_2d(p: Array) -> Array:
    """Five-point difference of every member, by rolling along each axis of space."""
    total = 4.0 * p
    for axis in (1, 2):
        total = total - jnp.roll(p, 1, axis) - jnp.roll(p, -1, axis)
    return total[:, 1:-1, 1:-1]


@batch_of(operators.roll_3d)
def roll_3d(p: Array) -> Array:
    """Seven-point difference of every member, by rolling along each axis of space."""
    total = 6.0 * p
    for axis in (1, 2, 3):
        total = total - jnp.roll(p, 1, axis) - jnp.roll(p, -1, axis)
    return total[:, 1:-1, 1:-1, 1:-1]


@batch_of(operators.convolution_1d)
def convolution_1d(p: Array) -> Array:
    """Three-point difference as a convolution over the batch."""
    kernel = jnp.array([-1.0, 2.0, -1.0])
    return lax.conv(p[:, None], kernel[None, None], (1,), "VALID")[:, 0]


@batch_of(operators.convolution_2d)
def convolution_2d(p: Array) -> Array:
    """Five-point difference as a convolution over the batch."""
    kernel = jnp.array([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]])
    return lax.conv(p[:, None], kernel[None, None], (1, 1), "VALID")[:, 0]


@batch_of(operators.convolution_3d)
def convolution_3d(p: Array) -> Array:
    """Seven-point difference as a convolution over the batch."""
    side = jnp.zeros((3, 3)).at[1, 1].set(-1.0)
    middle = jnp.array([[0.0, -1.0, 0.0], [-1.0, 6.0, -1.0], [0.0, -1.0, 0.0]])
    kernel = jnp.stack([side, middle, side])
    return lax.conv(p[:, None], kernel[None, None], (1, 1, 1), "VALID")[:, 0]


@batch_of(operators.diff_2d)
def diff_2d(p: Array) -> Array:
    """Five-point difference of every member, as differences of differences."""
    return -jnp.diff(p[:, :, 1:-1], n=2, axis=1) - jnp.diff(p[:, 1:-1], n=2, axis=2)


@batch_of(operators.diff_3d)
def diff_3d(p: Array) -> Array:
    """Seven-point difference of every member, as differences of differences."""
    x = jnp.diff(p[:, :, 1:-1, 1:-1], n=2, axis=1)
    y = jnp.diff(p[:, 1:-1, :, 1:-1], n=2, axis=2)
    z = jnp.diff(p[:, 1:-1, 1:-1, :], n=2, axis=3)
    return -(x + y + z)


@batch_of(operators.scatter_1d)
def scatter_1d(p: Array) -> Array:
    """Three-point difference of every member, by adding to the neighbours."""
    total = (2.0 * p).at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    return total[:, 1:-1]


@batch_of(operators.scatter_2d)
def scatter_2d(p: Array) -> Array:
    """Five-point difference of every member, by adding to the neighbours."""
    total = (4.0 * p).at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    total = total.at[..., 1:].add(-p[..., :-1]).at[..., :-1].add(-p[..., 1:])
    return total[:, 1:-1, 1:-1]


@batch_of(operators.scatter_3d)
def scatter_3d(p: Array) -> Array:
    """Seven-point difference of every member, by adding to the neighbours."""
    total = (6.0 * p).at[:, 1:].add(-p[:, :-1]).at[:, :-1].add(-p[:, 1:])
    total = total.at[:, :, 1:].add(-p[:, :, :-1]).at[:, :, :-1].add(-p[:, :, 1:])
    total = total.at[..., 1:].add(-p[..., :-1]).at[..., :-1].add(-p[..., 1:])
    return total[:, 1:-1, 1:-1, 1:-1]


@batch_of(operators.gather_1d)
def gather_1d(p: Array) -> Array:
    """Three-point difference of every member, by index arrays."""
    centre = jnp.arange(1, p.shape[1] - 1)
    return 2.0 * p[:, centre] - jnp.take(p, centre - 1, axis=1) - jnp.take(p, centre + 1, axis=1)


@batch_of(operators.shifted_pads_1d)
def shifted_pads_1d(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the second derivative, neighbours by padding with zero boundary values."""
    left = jnp.pad(u[:, :-1], ((0, 0), (1, 0)))
    right = jnp.pad(u[:, 1:], ((0, 0), (0, 1)))
    return (2.0 * u - left - right) / spacing(u) ** 2


@batch_of(operators.shifted_pads_2d)
def shifted_pads_2d(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the Laplacian, neighbours by padding with zero boundary values."""
    west = jnp.pad(u[:, :-1], ((0, 0), (1, 0), (0, 0)))
    east = jnp.pad(u[:, 1:], ((0, 0), (0, 1), (0, 0)))
    south = jnp.pad(u[:, :, :-1], ((0, 0), (0, 0), (1, 0)))
    north = jnp.pad(u[:, :, 1:], ((0, 0), (0, 0), (0, 1)))
    return (4.0 * u - west - east - south - north) / spacing(u) ** 2


@batch_of(operators.periodic_rolls)
def periodic_rolls(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Minus the periodic Laplacian by rolling along every axis of space."""
    total = jnp.zeros_like(u)
    for axis in range(1, u.ndim):
        total = total + 2.0 * u - jnp.roll(u, 1, axis) - jnp.roll(u, -1, axis)
    return total / spacing(u) ** 2


@batch_of(operators.directional_slices_2d)
def directional_slices_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences along x and y."""
    p = add_ghosts(u)
    x = 2.0 * u - p[:, :-2, 1:-1] - p[:, 2:, 1:-1]
    y = 2.0 * u - p[:, 1:-1, :-2] - p[:, 1:-1, 2:]
    return x_weight * x + y_weight * y


@batch_of(operators.directional_diff_2d)
def directional_diff_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences along x and y."""
    p = add_ghosts(u)
    x = jnp.diff(p[:, :, 1:-1], n=2, axis=1)
    y = jnp.diff(p[:, 1:-1], n=2, axis=2)
    return -(x_weight * x + y_weight * y)


@batch_of(operators.directional_convolution_2d)
def directional_convolution_2d(u: Array, *, add_ghosts: Field, x_weight: float, y_weight: float) -> Array:
    """Weighted sum of the second differences as one convolution over the batch."""
    centre = 2.0 * (x_weight + y_weight)
    kernel = jnp.array([[0.0, -x_weight, 0.0], [-y_weight, centre, -y_weight], [0.0, -x_weight, 0.0]])
    return lax.conv(add_ghosts(u)[:, None], kernel[None, None], (1, 1), "VALID")[:, 0]
