"""What the precision that JAX is set to holds, and what is too much for it."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from pde.errors import UserError
from pde.schemes.problem import Problem

WITHOUT_VALUES = ("neumann", "periodic")
"""Boundaries that leave the mean of u to c."""


@dataclass(frozen=True)
class Precision:
    """What floating-point numbers of one length hold."""

    bits: int
    epsilon: float
    tiny: float
    max: float


def current_precision() -> Precision:
    """The precision that JAX is set to."""
    found = np.finfo(np.float64 if jax.config.read("jax_enable_x64") else np.float32)
    return Precision(found.bits, float(found.eps), float(found.tiny), float(found.max))


def check_range(name: str, numbers: np.ndarray) -> None:
    """Raises UserError where the largest number overflows or vanishes in JAX's precision."""
    precision, size = current_precision(), float(np.max(np.abs(numbers), initial=0.0))
    if size > precision.max or 0.0 < size < precision.tiny:
        raise UserError(
            f"{name} has a largest element of {size:.3g}, outside the {precision.tiny:.1e} to {precision.max:.1e} of "
            f"{precision.bits} bits: divide by it, or call jax.config.update('jax_enable_x64', True)"
        )


def check_coefficients(problem: Problem, n: int) -> None:
    """Raises UserError where the operator overflows or vanishes in JAX's precision, or c is lost in its rounding."""
    terms, precision = problem.terms, current_precision()
    weights = terms.weights[: problem.dimension]
    largest, smallest = max(terms.screening, 4.0 * (n + 1.0) ** 2 * max(weights)), min(weights)
    if largest > 1e-3 * precision.max or smallest < 1e3 * precision.tiny:
        raise UserError(
            f"screening = {terms.screening:g} and weights = {weights} make an operator beyond the "
            f"{precision.bits} bits of JAX's numbers: divide the equation by the largest, or call "
            "jax.config.update('jax_enable_x64', True)"
        )
    least = 100.0 * precision.epsilon
    if problem.boundary in WITHOUT_VALUES and 0.0 < terms.screening < least * max(weights):
        raise UserError(
            f"c = {terms.screening:g} is lost in the rounding of {precision.bits} bits, and the mean of u with it: "
            f"take c = 0, for which u has zero mean, or c >= {least * max(weights):.1e}"
        )
