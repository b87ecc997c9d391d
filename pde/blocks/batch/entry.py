"""Zero means of every member of a batch."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks import entry
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]


@batch_of(entry.solve_zero_mean)
def solve_zero_mean(f: Array, *, solve_system: Field) -> Array:
    """Solutions of zero mean for the compatible part of every right-hand side."""
    space = tuple(range(1, f.ndim))
    u = solve_system(f - jnp.mean(f, axis=space, keepdims=True))
    return u - jnp.mean(u, axis=space, keepdims=True)


@batch_of(entry.solve_zero_mean_recorded)
def solve_zero_mean_recorded(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Solutions of zero mean for the compatible part of every right-hand side, and their records."""
    space = tuple(range(1, f.ndim))
    u, record = solve_system(f - jnp.mean(f, axis=space, keepdims=True))
    return u - jnp.mean(u, axis=space, keepdims=True), record
