"""Products over each member of a batch, which blocks bind where one right-hand side has a function of JAX."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def inner(a: Array, b: Array) -> Array:
    """Inner product of every member of a batch."""
    return jnp.sum(a * b, axis=tuple(range(1, a.ndim)), keepdims=True)


def norm(a: Array) -> Array:
    """Norm of every member of a batch."""
    return jnp.sqrt(jnp.sum(a**2, axis=tuple(range(1, a.ndim)), keepdims=True))
