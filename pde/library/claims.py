"""What is claimed of an iteration's answer: the tolerance it is asked for, its true residual, how it ended."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from pde.errors import check_whole
from pde.family.variant import Variant, check, check_size
from pde.library.precision import current_precision
from pde.parts.part import part
from pde.schemes.model import Model
from pde.solvers.rates import condition

LOOSEST = 0.1
"""The default tolerance where the precision reaches next to nothing."""
STRICTER = 0.5
"""Loops aim at this part of a tolerance: what they measure of a residual is rounded, and often a recurrence."""


class Status(enum.Enum):
    """How an iteration ended, by the true residual of what it returns."""

    CONVERGED = "converged"
    """The residual is within the tolerance."""
    STAGNATED = "stagnated: the precision reaches no further"
    """The residual is beyond the tolerance, but within what rounding leaves of it (`reach`)."""
    LIMIT = "not converged at the limit of iterations"
    """The iteration had more to gain when it had taken the steps that theory grants."""
    BREAKDOWN = "breakdown: the iteration ended without a solution"
    """A divisor vanished or the residual grew out of hand; the best iterate is returned."""


def reach(model: Model) -> float:
    """The relative residual below which rounding does not let an iteration come for certain: 4 eps kappa.

    Rounding u alone changes A u by eps |A| |u|, which is eps kappa |b| where u is as smooth as can be (Higham, Accuracy
    and Stability of Numerical Algorithms, 2002, sections 7.1 and 17.1). Measured over solvers, boundaries and
    dimensions, iterations that aim far below leave 0.1 eps kappa in the median and 3.5 at the most, where the ghosts of
    a Robin boundary are rounded in every cell.
    """
    return 4.0 * current_precision().epsilon * condition(model)


def default_tolerance(variant: Variant, n: int) -> float:
    """The relative residual that an iteration is asked for in the precision that JAX is set to.

    It leaves the discretisation error visible (1e-5 in 32 bits, 1e-10 or 1e-12 in 64), but is no smaller than what the
    precision reaches at this size, nor larger than 0.1.

    Raises UserError for an invalid variant or size.
    """
    check(variant)
    check_size(variant, n)
    n = check_whole("n", n)
    return min(max(_visible(variant), reach(variant.model(n))), LOOSEST)


def _visible(variant: Variant) -> float:
    return variant.tolerance if jax.config.read("jax_enable_x64") else 1e-5


def aim(variant: Variant, tolerance: float | None) -> float:
    """The relative residual that the loop itself aims at: by default as small as answers profit from."""
    return STRICTER * (tolerance or _visible(variant))


def relative_residual(variant: Variant, n: int, u: ArrayLike, data: Sequence[ArrayLike]) -> float:
    """Norm of b - A u relative to that of b, computed in 64 bits whatever JAX is set to.

    `data` are those of `solve`. It is 0 where both vanish, and not finite where u is not.
    """
    arrays = [np.asarray(array, np.float64) for array in (*data, u)]
    size = max(float(np.max(np.abs(array))) for array in arrays[:-1]) or 1.0
    with jax.enable_x64(True):
        left, right = _norms(variant, n)(*(array / size for array in arrays))
    return 0.0 if left == right == 0.0 else float(np.divide(left, right))


@functools.lru_cache(maxsize=64)
def _norms(variant: Variant, n: int) -> Callable[..., tuple[Array, Array]]:
    model = variant.model(n)
    load, apply = model.wrap(part(unsolved)).bind(), model.apply.bind()

    def norms(*arrays: Array) -> tuple[Array, Array]:
        right = load(*arrays[:-1])
        return jnp.linalg.norm(right - apply(arrays[-1])), jnp.linalg.norm(right)

    return jax.jit(norms)


def unsolved(f: Array) -> Array:
    """The right-hand side as it comes to the solver."""
    return f


def status_of(residual: float, tolerance: float, reached: float, at_limit: bool) -> Status:
    if residual <= tolerance:
        return Status.CONVERGED
    if residual <= min(reached, 1.0):
        return Status.STAGNATED
    return Status.LIMIT if at_limit and residual <= 1.0 else Status.BREAKDOWN
