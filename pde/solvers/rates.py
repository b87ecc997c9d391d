"""How many iterations theory grants each method until the relative residual is below a tolerance."""

from __future__ import annotations

import math
import sys

from pde.schemes.model import Model, Trait

MARGIN = 4
LEAST_RATE = sys.float_info.epsilon
"""Stands for a rate that has rounded to zero, where screening outweighs the differences."""


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


def best_relaxation(model: Model) -> float:
    """Young's best relaxation, from the radius of Jacobi's iteration."""
    return 2.0 / (1.0 + math.sqrt(1.0 - jacobi_radius(model) ** 2))


def _count(tolerance: float, rate: float, lead: float = 1.0) -> int:
    """The least k with lead * rate**k <= tolerance."""
    rate = max(rate, LEAST_RATE)
    return math.ceil(math.log(tolerance / lead) / math.log(rate)) + MARGIN


def jacobi(model: Model, tolerance: float) -> int:
    """Jacobi: the error falls by its spectral radius."""
    return _count(tolerance, jacobi_radius(model), 2.0)


def damped_jacobi(model: Model, tolerance: float, damping: float) -> int:
    """Damped Jacobi: the error falls by its spectral radius."""
    return _count(tolerance, jacobi_radius(model, damping), 2.0)


def gauss_seidel(model: Model, tolerance: float) -> int:
    """Gauss-Seidel on a two-coloured stencil: the square of Jacobi's radius."""
    return _count(tolerance, jacobi_radius(model) ** 2, 4.0)


def overrelaxation(model: Model, tolerance: float) -> int:
    """SOR at its best: k (omega - 1)**k, for its eigenvalue is defective (Young, 1971, section 7.2)."""
    rate = max(best_relaxation(model) - 1.0, LEAST_RATE)
    k = _count(tolerance, rate)
    return k + math.ceil(math.log(4.0 * k * math.sqrt(condition(model))) / -math.log(rate))


def _krylov_rate(model: Model) -> float:
    root = math.sqrt(condition(model))
    return (root - 1.0) / (root + 1.0)


def chebyshev(model: Model, tolerance: float) -> int:
    """Chebyshev and conjugate residuals: 2 rate**k in the residual."""
    return _count(tolerance, _krylov_rate(model), 2.0)


def conjugate(model: Model, tolerance: float) -> int:
    """Conjugate gradients: 2 sqrt(kappa) rate**k in the residual."""
    return _count(tolerance, _krylov_rate(model), 2.0 * math.sqrt(condition(model)))


def preconditioned(model: Model, tolerance: float) -> int:
    """Conjugate gradients with a diagonal preconditioner: the diagonal's spread enters the condition."""
    smallest, largest = model.diagonal_range()
    root = math.sqrt(condition(model) * largest / smallest)
    return _count(tolerance, (root - 1.0) / (root + 1.0), 2.0 * root * math.sqrt(largest / smallest))


def descent(model: Model, tolerance: float) -> int:
    """Steepest descent: ((kappa - 1) / (kappa + 1))**k in the energy norm."""
    kappa = condition(model)
    return _count(tolerance, (kappa - 1.0) / (kappa + 1.0), math.sqrt(kappa))


def stabilised(model: Model, tolerance: float) -> int:
    """BiCGStab has no bound; on these operators it needs no more steps than conjugate gradients."""
    return conjugate(model, tolerance) + 20


def restart_length(model: Model) -> int:
    """Directions between restarts after which GMRES has gained a factor of ten."""
    size = math.prod(model.shape)
    return min(size, math.ceil(math.log(20.0) / -math.log(_krylov_rate(model))) + 1, 60)


def restarts(model: Model, tolerance: float) -> int:
    """Restarts of GMRES, each gaining what conjugate residuals gain in as many steps."""
    gain = 2.0 * _krylov_rate(model) ** restart_length(model)
    return math.ceil(math.log(tolerance) / math.log(min(gain, 0.5))) + MARGIN


def cycles(tolerance: float, rate: float) -> int:
    """Multigrid cycles of a rate that does not depend on the grid."""
    return _count(tolerance, rate, 2.0)
