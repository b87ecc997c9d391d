"""What the library puts around an iteration.

The programs' own loops measure residuals by their squares, which overflow and vanish, and end at once where these are
nan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array, lax


def differentiable_while(
    f: Array, *, apply_operator: Callable[[Array], Array], solve_forward: Callable[[Array], tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Solution whose derivatives solve the same symmetric system, and the count of iterations."""

    def solve_right(_: object, right: Array) -> tuple[Array, Array]:
        return solve_forward(right)

    return lax.custom_linear_solve(apply_operator, f, solve_right, symmetric=True, has_aux=True)


def refined_while(
    f: Array,
    *,
    apply_operator: Callable[[Array], Array],
    solve_system: Callable[[Array], tuple[Array, Array]],
    tolerance: float,
    limit: int,
) -> tuple[Array, Array]:
    """Solution whose residual was looked at, and the count of iterations.

    A recurrence drifts away from the residual that it stands for. Where that is too large, the loop solves for what is
    left, as long as that is halved (Sleijpen and van der Vorst, Reliable updated residuals in hybrid Bi-CG methods,
    1996). What is returned is the best of these, zero included.
    """
    target = tolerance * jnp.linalg.norm(f)

    def unfinished(state: tuple[Array, Array, Array, Array, Array]) -> Array:
        _, _, size, _, gaining = state
        return gaining & (size > target)

    def improve(state: tuple[Array, Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array, Array]:
        u, residual, size, count, _ = state
        change, steps = solve_system(residual)
        nearer = u + change
        left = f - apply_operator(nearer)
        left_size = jnp.linalg.norm(left)
        better = left_size < size
        u, residual = jnp.where(better, nearer, u), jnp.where(better, left, residual)
        gaining = (left_size < 0.5 * size) & (steps < limit)
        return u, residual, jnp.where(better, left_size, size), count + steps, gaining

    start = (jnp.zeros_like(f), f, jnp.linalg.norm(f), jnp.asarray(0), jnp.asarray(True))
    u, _, _, count, _ = lax.while_loop(unfinished, improve, start)
    return u, count


def watched_while(
    f: Array,
    *,
    start: Callable[[Array], tuple[Array, ...]],
    step: Callable[[tuple[Array, ...]], tuple[Array, ...]],
    tolerance: float,
    limit: int,
) -> tuple[Array, Array]:
    """The best solution of an iteration whose residuals jump, and the number of steps it took.

    It ends where its residual has not moved, for a divisor has vanished, and where it has grown from its best by the
    inverse root of the precision: of later ones half the digits are rounding.
    """
    target = tolerance * jnp.linalg.norm(f)
    growth = float(jnp.finfo(f.dtype).eps) ** -0.5

    def unfinished(progress: tuple[Any, ...]) -> Array:
        _, _, best, size, moved, count = progress
        return moved & (best > target) & (size < growth * best) & (count < limit)

    def advance(progress: tuple[Any, ...]) -> tuple[Any, ...]:
        state, u, best, size, _, count = progress
        state = step(state)
        now = jnp.linalg.norm(state[1])
        u = jnp.where(now < best, state[0], u)
        return state, u, jnp.minimum(now, best), now, now != size, count + 1

    size = jnp.linalg.norm(f)
    first = (start(f), jnp.zeros_like(f), size, size, jnp.asarray(True), jnp.asarray(0))
    _, u, _, _, _, count = lax.while_loop(unfinished, advance, first)
    return u, count


def _size(f: Array) -> Array:
    size = lax.stop_gradient(jnp.max(jnp.abs(f)))
    return jnp.where(size == 0.0, 1.0, size)


def scaled(f: Array, *, solve_system: Callable[[Array], Array]) -> Array:
    """Solution of the system divided by the largest element of f, times that."""
    size = _size(f)
    return size * solve_system(f / size)


def scaled_while(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """The scaled solution and the count of iterations."""
    size = _size(f)
    u, count = solve_system(f / size)
    return size * u, count


def scaled_recorded(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """The scaled solution and the norms of its residuals."""
    size = _size(f)
    u, norms = solve_system(f / size)
    return size * u, size * norms
