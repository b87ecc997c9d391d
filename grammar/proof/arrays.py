"""Concrete values of refined types: arrays drawn for arguments, and whether an array is what its type says."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from grammar.values.leaf import Input
from grammar.values.types import BOOL, COMPLEX, INTS, KEY, ArrayType

Leaf = Callable[[np.random.Generator, tuple[int, ...], int], np.ndarray]
Holds = Callable[[np.ndarray, int, float], np.ndarray | np.bool_ | bool]


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


def sample(leaf: Input, rng: np.random.Generator) -> jax.Array:
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


# What each refinement says of a value, given the bound of an index and the error of rounding.
_HOLDS: dict[str, Holds] = {
    "positive": lambda value, bound, error: value >= 0,  # what is tiny rounds to 0
    "nonnegative": lambda value, bound, error: value >= 0,
    "unit": lambda value, bound, error: abs(value) <= 1 + error,
    "probability": lambda value, bound, error: (value >= -error) & (value <= 1 + error),
    "simplex": lambda value, bound, error: (value >= -error).all() & (abs(value.sum(-1) - 1) <= 10 * error),
    "triangular": lambda value, bound, error: (value == np.tril(value)).all() and np.diagonal(value, 0, -2, -1).all(),
    "index": lambda value, bound, error: (value >= 0) & (value < bound),
    "spd": lambda value, bound, error: (
        np.allclose(value, np.swapaxes(value, -1, -2).conj(), atol=10 * error) and np.linalg.eigvalsh(value) > 0
    ),
}
CHECKED = frozenset(_HOLDS)
"""The refinements that say something of values."""


def holds(of: ArrayType, value: jax.Array) -> bool:
    """Whether an array is all that its type's refinement says, up to rounding."""
    if of.refinement.name not in CHECKED or of.dtype in BOOL:
        return True
    exact = np.asarray(value).astype(np.complex128 if of.dtype in COMPLEX else np.float64)
    error = 1e-4 if of.dtype in ("float32", "float64", *COMPLEX) else 3e-2
    return bool(np.all(_HOLDS[of.refinement.name](exact, of.refinement.bound, error)))
