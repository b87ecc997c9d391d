"""The arrays of a system, which are looked at before anything changes their values."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from numpy.typing import ArrayLike

from pde.errors import UserError, shown
from pde.library.precision import check_range, current_precision
from pde.schemes.model import Data, Model
from pde.schemes.problem import compatibility

COMPATIBLE = 1e-2
"""Part of their size that sources and fluxes may differ by: sampling leaves as much."""


def floats_of(item: Data, array: ArrayLike) -> Any:
    """The array in JAX's precision, whether it is there or traced. Raises UserError where that would change it."""
    if isinstance(array, Tracer):
        if not _real(array.dtype):
            raise UserError(f"{item.name} holds {array.dtype}, not real numbers: give floats")
        if current_precision().bits == 32 and not jnp.issubdtype(array.dtype, jnp.floating):
            raise UserError(
                f"{item.name} holds {array.dtype} while it is traced, cut from 64 bits perhaps: give floats"
            )
        return array.astype(float)
    if isinstance(array, Array) and array.dtype == jnp.dtype(f"float{current_precision().bits}"):
        return array
    numbers = read_numbers(item.name, array)
    check_range(item.name, numbers[np.isfinite(numbers)])
    return jnp.asarray(numbers, float)


def read_numbers(name: str, array: object) -> np.ndarray:
    """The array in 64 bits, not all of it finite perhaps. Raises UserError for all that are not real numbers."""
    if isinstance(array, Tracer):
        raise UserError(
            f"{name} is being traced by JAX: give numbers, or call pde.solver_function(variant, n) inside jit"
        )
    if _masked(array):
        raise UserError(f"{name} has masked elements: fill them, as by {name}.filled(0.0)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers = np.asarray(array)
    except Exception as failure:  # whatever lists and a caller's own __array__ do
        reason = shown(str(failure))
        raise UserError(f"{name} is no array of numbers ({type(failure).__name__} {reason}): give one") from None
    if not _real(numbers.dtype):
        raise UserError(f"{name} holds {numbers.dtype}, not real numbers: give floats, as an array of numpy or JAX")
    with np.errstate(all="ignore"):
        floats = numbers.astype(np.float64)
        lost = int(np.sum(np.isfinite(numbers) & ~np.isfinite(floats))) if numbers.dtype.kind == "f" else 0
    if lost:
        raise UserError(
            f"{name} has {lost} elements beyond 64 bits: divide by their size, and multiply the solution by it"
        )
    return floats


def _real(dtype: Any) -> bool:
    return jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)


def _masked(array: object) -> bool:
    """Whether elements are masked, in whatever lists they stand."""
    if isinstance(array, np.ma.MaskedArray):
        return bool(np.ma.is_masked(array))
    return isinstance(array, list | tuple) and any(map(_masked, array))


def own_arrays(model: Model) -> list[np.ndarray]:
    """The problem's own data."""
    arrays = [np.asarray(item.values(), np.float64) for item in model.data]
    for array, item in zip(arrays, model.data, strict=True):
        if lost := int(np.sum(~np.isfinite(array))):
            raise UserError(
                f"solution {model.problem.known.name!r} gives {item.name} {lost} elements that are not finite in "
                f"{current_precision().bits} bits: make it smaller or smoother"
            )
    return arrays


def given_arrays(model: Model, data: Any) -> list[np.ndarray]:
    """The caller's arrays, if they have the model's shapes, are finite and, where constants solve it, balance."""
    if isinstance(data, str | bytes | dict | set | frozenset) or not hasattr(data, "__iter__"):
        raise UserError(f"data = {shown(data)} is no list of arrays: give [{_wanted(model.data)}]")
    try:
        items: list[Any] = list(data)
    except Exception:  # whatever a caller's own __iter__ does, and tracers without an axis
        raise UserError(f"data = {shown(data)} is no list of arrays: give [{_wanted(model.data)}]") from None
    if len(items) != len(model.data):
        raise misshapen(model.data, items)
    arrays = [read_numbers(item.name, array) for item, array in zip(model.data, items, strict=True)]
    if [array.shape for array in arrays] != [item.shape for item in model.data]:
        raise misshapen(model.data, arrays)
    for array, item in zip(arrays, model.data, strict=True):
        if not np.isfinite(array).all():
            raise UserError(f"{item.name} has {np.sum(~np.isfinite(array))} elements that are not finite: give numbers")
    if model.problem.singular:
        size = max(float(np.max(np.abs(array))) for array in arrays) or 1.0
        inflow = sum(float(np.mean(sides / size, axis=tuple(range(1, sides.ndim))).sum()) for sides in arrays[1:])
        check_compatible(arrays[0] / size, inflow, model.problem.boundary)
    return arrays


def _wanted(data: Sequence[Data]) -> str:
    return ", ".join(f"{item.name} of shape {item.shape}" for item in data)


def misshapen(data: Sequence[Data], arrays: Sequence[Any]) -> UserError:
    """The mistake of arrays that have other shapes than the data."""
    shapes = [getattr(array, "shape", None) or np.shape(np.asarray(array, object)) for array in arrays]
    return UserError(f"data have the shapes {shown(shapes)}: give {_wanted(data)}")


def unit(model: Model, arrays: Sequence[np.ndarray]) -> float:
    """A power of two near the largest element, by which the data are divided without rounding."""
    for item, array in zip(model.data, arrays, strict=True):
        check_range(item.name, array)
    size = max(float(np.max(np.abs(array))) for array in arrays)
    return 2.0 ** math.floor(math.log2(size)) if size else 1.0


def rescaled(u: Array, size: float) -> Array:
    """The solution of the caller's data. Raises UserError where the precision has no such numbers."""
    largest = float(jnp.max(jnp.abs(u)))
    precision = current_precision()
    if largest and math.isfinite(largest) and not precision.tiny <= largest * size <= precision.max:
        raise UserError(
            f"the solution has a largest element of {largest:.3g} * {size:.3g}, outside the {precision.tiny:.1e} to "
            f"{precision.max:.1e} of {precision.bits} bits: divide the data by their size"
        )
    return u * size


def check_compatible(f: np.ndarray, inflow: float, boundary: str = "neumann") -> None:
    """Raises UserError where sources and boundary fluxes do not balance though constants solve the problem.

    Within 1e-2 the difference is that of sampling, and left out.
    """
    total, scale = compatibility(f, inflow), float(np.mean(np.abs(f))) + abs(inflow) + 1e-300
    if abs(total) > COMPATIBLE * scale:
        kind = {"neumann": "Neumann"}.get(boundary, boundary)
        raise UserError(
            f"the mean of f plus the boundary flux is {total / scale:.3g} of their size, but a pure {kind} problem has "
            f"a solution only if it is 0 (within {COMPATIBLE:g}): "
            "subtract it from f, or add screening c > 0"
        )
