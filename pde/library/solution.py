"""A problem solved, and what is known of the answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from pde.errors import check_whole
from pde.family.variant import Variant, check_tolerance, returns_record, solver_part
from pde.library.choice import choose
from pde.library.claims import Status, aim, default_tolerance, reach, relative_residual, status_of
from pde.library.compiled import solver_function
from pde.library.data import given_arrays, own_arrays, rescaled, unit
from pde.schemes.model import Model
from pde.schemes.problem import Problem


@dataclass(frozen=True)
class Outcome:
    """A solution on its grid, and how it was found."""

    u: Array
    points: np.ndarray
    error: float
    """Largest difference from the known solution; nan where the data are the caller's."""
    iterations: int | None
    """None where the solver does not count them."""
    variant: Variant
    n: int
    residual: float
    """Norm of b - A u relative to that of b, of the discrete system, its boundary data included and, where constants
    solve it, its incompatible part left out; from the arrays that came in and went out, in 64 bits."""
    tolerance: float | None
    """The relative residual that was asked for, or else is the default; None for a direct solver."""
    status: Status | None
    """How the iteration ended; None for a direct solver."""

    @property
    def converged(self) -> bool | None:
        """Whether `residual` is within `tolerance`, whatever the loop believed; None for a direct solver."""
        return None if self.status is None else self.status is Status.CONVERGED


def solve(
    problem: Problem,
    solver: str = "multigrid",
    n: int = 63,
    *,
    scheme: str = "",
    spelling: str = "",
    loop: str = "",
    tolerance: float | None = None,
    data: Sequence[ArrayLike] | None = None,
) -> Outcome:
    """Solves the problem with n unknowns along the first axis and compares with the known solution.

    >>> solve(Problem(2, "dirichlet", "poisson", "sine"), solver="cg", n=63).error < 1e-3
    True

    `tolerance` is the relative residual of an iteration; `default_tolerance` where none is given. One that cannot be
    reached is no mistake: `status` says how the iteration ended, and `residual` where.

    `data` are the caller's arrays in place of the problem's own, in the order and shapes of `variant.model(n).data`:
    f, then the boundary data. The known solution belongs to others then, and `error` is nan.

    Raises UserError for a combination, a size or data that make no sense, in one sentence with the cure.
    """
    variant = choose(problem, solver, scheme, spelling, loop)
    n, tolerance = check_whole("n", n), check_tolerance(tolerance)
    function = solver_function(variant, n, tolerance)
    model = variant.model(n)
    arrays = own_arrays(model) if data is None else given_arrays(model, data)
    size = unit(model, arrays)
    scaled_arrays = [array / size for array in arrays]
    output = function(*scaled_arrays)
    unit_u, record = output if returns_record(variant) else (output, None)
    left = relative_residual(variant, n, unit_u, scaled_arrays)
    u = rescaled(unit_u, size)
    error = _error(model, u) if data is None else math.nan
    count = _count(variant, record)
    if variant.loop == "direct":
        return Outcome(u, model.points, error, None, variant, n, left, None, None)
    wanted = tolerance or default_tolerance(variant, n)
    status = status_of(left, wanted, reach(model), _spent(variant, model, tolerance, count))
    return Outcome(u, model.points, error, count, variant, n, left, wanted, status)


def _error(model: Model, u: Array) -> float:
    exact = model.problem.sample(model.points)[0]
    exact = exact - exact.mean() if model.problem.singular else exact
    return float(jnp.max(jnp.abs(u - exact)))


def _count(variant: Variant, record: Any) -> int | None:
    if variant.loop == "while":
        return int(record)
    return len(record) if variant.loop == "recorded" else None


def _spent(variant: Variant, model: Model, tolerance: float | None, count: int | None) -> bool:
    """Whether a loop took all its steps; one that is not a while loop ends nowhere else."""
    limit = dict(solver_part(variant, model, aim(variant, tolerance)).bound).get("limit", 0)
    return count is None or count >= limit
