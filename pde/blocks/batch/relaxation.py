"""Relaxations for a batch: every member keeps scalars of its own, in arrays of shape (batch, 1, ...)."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks import members, relaxation
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]
Step = Callable[[Array, Array], Array]
State = tuple[Array, ...]


@batch_of(relaxation.checkerboard_3d)
def checkerboard_3d(u: Array) -> Array:
    """True at the points whose indices have an even sum."""
    i, j, k = jnp.indices(u.shape[1:])
    return (i + j + k) % 2 == 0


@batch_of(relaxation.lexicographic_sweep_1d)
def lexicographic_sweep_1d(u: Array, f: Array, *, spacing: Callable[[Array], float], relaxation: float) -> Array:
    """One sweep from left to right over all members at once, each point from its newest neighbours."""
    right = jnp.pad(u[:, 1:], ((0, 0), (0, 1)))

    def relax(left: Array, point: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        old, after, load = point
        new = old + relaxation * (0.5 * (left + after + load) - old)
        return new, new

    columns = (u.T, right.T, f.T * spacing(u) ** 2)
    return lax.scan(relax, jnp.zeros_like(u[:, 0]), columns)[1].T


@batch_of(relaxation.repeat_recorded, norm=members.norm)
def repeat_recorded(f: Array, *, sweep: Step, apply_operator: Field, norm: Field, iterations: int) -> State:
    """Solutions after a fixed number of sweeps, and the norms of every member's residuals."""

    def advance(u: Array, _: None) -> tuple[Array, Array]:
        u = sweep(u, f)
        return u, norm(f - apply_operator(u)).ravel()

    u, norms = lax.scan(advance, jnp.zeros_like(f), None, length=iterations)
    return u, norms.T


@batch_of(relaxation.repeat_while, norm=members.norm)
def repeat_while(f: Array, *, sweep: Step, apply_operator: Field, norm: Field, tolerance: float, limit: int) -> State:
    """Solutions to a relative residual, and the number of sweeps that every member took."""
    target = tolerance * norm(f)

    def unfinished(state: State) -> Array:
        _, residual, count = state
        return (norm(residual) > target) & (count < limit)

    def advance(state: State) -> State:
        u, residual, count = state
        active = unfinished(state)
        u = jnp.where(active, sweep(u, f), u)
        return u, jnp.where(active, f - apply_operator(u), residual), count + active

    start = jnp.zeros_like(f), f, jnp.zeros_like(target, dtype=int)
    u, _, count = lax.while_loop(lambda state: jnp.any(unfinished(state)), advance, start)
    return u, count.ravel()


@batch_of(relaxation.chebyshev_start)
def chebyshev_start(f: Array, *, lowest: float, highest: float) -> State:
    """Zero solutions, their residuals, the first directions and coefficients."""
    middle, half = 0.5 * (highest + lowest), 0.5 * (highest - lowest)
    return jnp.zeros_like(f), f, f / middle, jnp.full((f.shape[0],) + (1,) * (f.ndim - 1), half / middle)
