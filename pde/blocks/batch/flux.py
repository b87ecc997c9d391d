"""Operators in flux form for a batch, whose members share the diffusivity."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks import flux
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]
Points = Callable[[int], Array]


@batch_of(flux.flux_slices_1d)
def flux_slices_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces."""
    flux = coefficient(faces(p.shape[1] - 2)) * (p[:, 1:] - p[:, :-1])
    return flux[:, :-1] - flux[:, 1:]


@batch_of(flux.flux_slices_2d)
def flux_slices_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[1] - 2, p.shape[2] - 2
    a_x = coefficient(faces(n)[:, None], points(m))
    a_y = coefficient(points(n)[:, None], faces(m))
    x = a_x * (p[:, 1:, 1:-1] - p[:, :-1, 1:-1])
    y = a_y * (p[:, 1:-1, 1:] - p[:, 1:-1, :-1])
    return x[:, :-1] - x[:, 1:] + y[:, :, :-1] - y[:, :, 1:]


@batch_of(flux.flux_diff_2d)
def flux_diff_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[1] - 2, p.shape[2] - 2
    x = coefficient(faces(n)[:, None], points(m)) * jnp.diff(p[:, :, 1:-1], axis=1)
    y = coefficient(points(n)[:, None], faces(m)) * jnp.diff(p[:, 1:-1], axis=2)
    return -jnp.diff(x, axis=1) - jnp.diff(y, axis=2)


@batch_of(flux.flux_diagonal_2d)
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


@batch_of(flux.balance_slices)
def balance_slices(u: Array, *, vertices: Points) -> Array:
    """Balance of the fluxes over the dual cells of a non-uniform grid."""
    flux = jnp.diff(jnp.pad(u, ((0, 0), (1, 1)))) / jnp.diff(vertices(u.shape[1]))
    return flux[:, :-1] - flux[:, 1:]
