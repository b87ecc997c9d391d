"""Concrete inputs: arrays drawn from the types of a program's arguments."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from grammar.program import Input
from grammar.types import BOOL, COMPLEX, INTS, KEY

Leaf = Callable[[np.random.Generator, tuple[int, ...], int], np.ndarray]


def _spd(rng: np.random.Generator, shape: tuple[int, ...], bound: int) -> np.ndarray:
    factor = rng.normal(size=shape)
    return factor @ np.swapaxes(factor, -1, -2) / shape[-1] + np.eye(shape[-1])


# What each refinement allows, by its name; the plain floats keep within 2^2, the magnitude of an argument.
_DRAWS: dict[str, Leaf] = {
    "": lambda rng, shape, bound: np.clip(rng.normal(size=shape), -4, 4),
    "positive": lambda rng, shape, bound: rng.uniform(0.25, 4.0, size=shape),
    "nonnegative": lambda rng, shape, bound: rng.uniform(0.0, 4.0, size=shape),
    "unit": lambda rng, shape, bound: rng.uniform(-1.0, 1.0, size=shape),
    "probability": lambda rng, shape, bound: rng.uniform(0.0, 1.0, size=shape),
    "simplex": lambda rng, shape, bound: rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]),
    "triangular": lambda rng, shape, bound: np.tril(rng.normal(size=shape)) / shape[-1] + 2 * np.eye(shape[-1]),
    "index": lambda rng, shape, bound: rng.integers(0, bound, size=shape),
    "spd": _spd,
}


def draw(leaf: Input, rng: np.random.Generator) -> jax.Array:
    """An array of the leaf's dtype and shape that its refinement allows."""
    if leaf.dtype == KEY:
        keys = jax.random.key(int(rng.integers(2**31)))
        return keys if not leaf.shape else jax.random.split(keys, leaf.shape)
    name, _, bound = leaf.refinement.partition("<")
    if leaf.dtype in BOOL:
        return jnp.asarray(rng.integers(0, 2, size=leaf.shape), dtype=bool)
    if leaf.dtype in INTS and name in ("", "nonnegative", "positive"):
        low = -4 if name == "" and not leaf.dtype.startswith("u") else int(name == "positive")
        return jnp.asarray(rng.integers(low, 5, size=leaf.shape), dtype=leaf.dtype)
    value = _DRAWS[name](rng, leaf.shape, int(bound or 0))
    if leaf.dtype in COMPLEX:
        value = value + 1j * _DRAWS[name](rng, leaf.shape, 0)
    return jnp.asarray(value, dtype=leaf.dtype)
