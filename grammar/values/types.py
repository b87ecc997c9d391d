"""Types of values: what an array is (dtype, shape, refinement, magnitude), pytrees of arrays, and promotion.

The magnitude m of a numeric array bounds it: |x| <= 2^m, and 2^-m <= x <= 2^m where the refinement is `positive`.
It is what keeps results finite without a guard in every line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

Shape = tuple[int, ...]

FLOATS = ("float32", "bfloat16", "float16", "float64")
INTS = ("int32", "uint8", "int8", "int16", "uint32", "uint16")
COMPLEX = ("complex64",)
BOOL = ("bool",)
KEY = "key<fry>"

# The largest magnitude a value of the dtype may have; squares and sums of such values are still finite.
CAPS = {"float32": 30.0, "bfloat16": 30.0, "float64": 60.0, "float16": 5.0, "complex64": 30.0}


@dataclass(frozen=True, slots=True)
class Refinement:
    """What holds of an array's values beyond their dtype."""

    name: str = ""
    bound: int = 0
    """For indices: every value lies in [0, bound)."""

    def __str__(self) -> str:
        return f"{self.name}<{self.bound}" if self.bound else self.name


ANY = Refinement()
# Every refinement with those that follow from it.
IMPLIES: dict[str, tuple[str, ...]] = {
    "": ("",),
    "positive": ("positive", "nonnegative", ""),
    "nonnegative": ("nonnegative", ""),
    "unit": ("unit", ""),
    "probability": ("probability", "nonnegative", "unit", ""),
    "simplex": ("simplex", "probability", "nonnegative", "unit", ""),
    "index": ("index", "nonnegative", ""),
    "spd": ("spd", ""),
    "triangular": ("triangular", ""),
    "key": ("key",),
}
# Refinements that hold of every element by itself, and so survive moving elements about.
ELEMENTWISE = ("positive", "nonnegative", "unit", "probability", "index")
SIGNS = ("positive", "nonnegative")


@dataclass(frozen=True, slots=True)
class ArrayType:
    """The type of one array."""

    dtype: str
    shape: Shape
    refinement: Refinement = ANY
    magnitude: float = 2.0

    @property
    def size(self) -> int:
        total = 1
        for extent in self.shape:
            total *= extent
        return total

    def fits(self, other: ArrayType) -> bool:
        """Whether a value of this type can stand where one of type `other` is wanted (magnitude aside)."""
        return (
            self.dtype == other.dtype
            and self.shape == other.shape
            and other.refinement.name in IMPLIES[self.refinement.name]
            and (not other.refinement.bound or self.refinement.bound <= other.refinement.bound)
        )


@dataclass(frozen=True, slots=True)
class TupleType:
    """A tuple of values."""

    items: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class DictType:
    """A dictionary with fixed string keys, in the order of the source."""

    items: tuple[tuple[str, Type], ...]


Type = ArrayType | TupleType | DictType


def leaves(of: Type, path: str = "") -> Iterator[tuple[str, ArrayType]]:
    """The arrays of a pytree with their paths in JAX's `keystr` notation, in JAX's order (dictionaries by key)."""
    if isinstance(of, ArrayType):
        yield path, of
    elif isinstance(of, TupleType):
        for at, item in enumerate(of.items):
            yield from leaves(item, f"{path}[{at}]")
    else:
        for key, item in sorted(of.items):
            yield from leaves(item, f"{path}[{key!r}]")


def like(of: Type, **changes: Any) -> Type:
    """The same pytree with every array's fields replaced."""
    if isinstance(of, ArrayType):
        return replace(of, **changes)
    if isinstance(of, TupleType):
        return TupleType(tuple(like(item, **changes) for item in of.items))
    return DictType(tuple((key, like(item, **changes)) for key, item in of.items))


@cache
def promote(dtypes: tuple[str, ...]) -> str:
    """The dtype JAX gives to an operation on arrays of these dtypes (its promotion lattice, 32 bits wide)."""
    import jax.numpy as jnp  # delayed: types are used where nothing is ever traced

    out = dtypes[0]
    for other in dtypes[1:]:
        out = str(jnp.promote_types(out, other))
    return {"int64": "int32", "uint64": "uint32"}.get(out, out)


def cap(dtype: str) -> float:
    """The largest magnitude allowed for a value of this dtype; integers wrap and have none."""
    return CAPS.get(dtype, 1e9)
