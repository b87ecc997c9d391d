"""Loops around a step for a batch: a member that has finished stays as it is while others go on."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks import krylov, members
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]
State = tuple[Array, ...]


@batch_of(krylov.advance_fori, norm=members.norm)
def advance_fori(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    iterations: int,
) -> Array:
    """Solutions after at most a fixed number of steps from zero."""
    target = tolerance * norm(f)

    def advance(_: Array, state: State) -> State:
        active = norm(state[1]) > target
        return tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True))

    return lax.fori_loop(0, iterations, advance, start(f))[0]


@batch_of(krylov.advance_scan, norm=members.norm)
def advance_scan(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    iterations: int,
) -> Array:
    """Solutions after at most a fixed number of steps from zero."""
    target = tolerance * norm(f)

    def advance(state: State, _: None) -> tuple[State, None]:
        active = norm(state[1]) > target
        return tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True)), None

    state, _ = lax.scan(advance, start(f), None, length=iterations)
    return state[0]


@batch_of(krylov.advance_recorded, norm=members.norm)
def advance_recorded(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    iterations: int,
) -> tuple[Array, Array]:
    """Solutions after at most a fixed number of steps, and the norms of every member's residuals."""
    target = tolerance * norm(f)

    def advance(state: State, _: None) -> tuple[State, Array]:
        active = norm(state[1]) > target
        state = tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True))
        return state, norm(state[1]).ravel()

    state, norms = lax.scan(advance, start(f), None, length=iterations)
    return state[0], norms.T


@batch_of(krylov.advance_while, norm=members.norm)
def advance_while(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    limit: int,
) -> tuple[Array, Array]:
    """Solutions to a relative residual, and the number of steps that every member took."""
    target = tolerance * norm(f)

    def unfinished(progress: tuple[State, Array]) -> Array:
        state, count = progress
        return (norm(state[1]) > target) & (count < limit)

    def advance(progress: tuple[State, Array]) -> tuple[State, Array]:
        state, count = progress
        active = unfinished(progress)
        state = tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True))
        return state, count + active

    begin = start(f), jnp.zeros_like(target, dtype=int)
    state, count = lax.while_loop(lambda progress: jnp.any(unfinished(progress)), advance, begin)
    return state[0], count.ravel()
