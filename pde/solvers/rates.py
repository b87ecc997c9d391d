"""What the bounds of several solvers are computed from: condition numbers, spectral radii, counts."""

from __future__ import annotations

import math
import sys

from pde.schemes.model import Model, Trait

MARGIN = 4
LEAST_RATE = sys.float_info.epsilon
"""Stands for a rate that has rounded to zero, where screening outweighs the differences."""


def count(tolerance: float, rate: float, lead: float = 1.0) -> int:
    """The least k with lead * rate**k <= tolerance."""
    rate = max(rate, LEAST_RATE)
    return math.ceil(math.log(tolerance / lead) / math.log(rate)) + MARGIN


def condition(model: Model) -> float:
    """Ratio of the extreme non-zero eigenvalues."""
    low, high = model.spectrum()
    return high / low


def jacobi_radius(model: Model, damping: float = 1.0) -> float:
    """Spectral radius of (damped) Jacobi's iteration, from bounds of spectrum and diagonal."""
    low, high = model.spectrum()
    smallest, largest = model.diagonal_range()
    top = 2.0 if Trait.BIPARTITE in model.traits else high / smallest
    upper = top - low / largest if Trait.BIPARTITE in model.traits else top
    return max(abs(1.0 - damping * low / largest), abs(1.0 - damping * upper))


def chebyshev_rate(condition: float) -> float:
    """Factor by which the best polynomials on a spectrum of this condition fall (Saad, 2003, section 6.11.1)."""
    root = math.sqrt(condition)
    return (root - 1.0) / (root + 1.0)
