"""Products over each member of a batch, for blocks that one right-hand side binds a function of JAX in."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def inner(a: Array, b: Array) -> Array:
    """Inner product of every member of a batch."""
    return jnp.sum(a * b, axis=tuple(range(1, a.ndim)), keepdims=True)


def norm(a: Array) -> Array:
    """Norm of every member of a batch."""
    return jnp.sqrt(jnp.sum(a**2, axis=tuple(range(1, a.ndim)), keepdims=True))
