"""The solvers as jitted functions of arrays, made once for each variant, size and tolerance."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
from numpy.typing import ArrayLike

from pde.errors import check_whole
from pde.family.variant import Variant, check, check_size, check_tolerance, returns_record, solver_part
from pde.library.claims import STRICTER, aim, default_tolerance
from pde.library.data import floats_of, misshapen
from pde.library.loops import (
    differentiable_while,
    refined_while,
    scaled,
    scaled_recorded,
    scaled_while,
    watched_while,
)
from pde.library.precision import check_coefficients, current_precision
from pde.parts.part import Part, part
from pde.schemes.model import Model, Trait
from pde.solvers.table import SOLVERS


def solver_function(variant: Variant, n: int, tolerance: float | None = None) -> Callable[..., Any]:
    """The jitted function of the arrays in `variant.model(n).data`; `jax.vmap` takes it to batches of them.

    Its result scales with its arrays, from the smallest to the largest numbers, and is nan where they are not finite.
    `jax.grad` passes it, but for a while loop or GMRES on an operator that is not symmetric; through a while loop the
    gradient is the adjoint solution.

    Raises UserError for an invalid variant, size or tolerance.
    """
    check(variant)
    check_size(variant, n)
    n = check_whole("n", n)
    check_coefficients(variant.problem, n)
    compiled = _compiled(variant, n, check_tolerance(tolerance), current_precision().epsilon)
    wanted = variant.model(n).data

    def function(*arrays: ArrayLike) -> Any:
        if len(arrays) != len(wanted):
            raise misshapen(wanted, arrays)
        floats = [floats_of(item, array) for item, array in zip(wanted, arrays, strict=True)]
        if [array.shape for array in floats] != [item.shape for item in wanted]:
            raise misshapen(wanted, floats)
        return compiled(*floats)

    return function


@functools.lru_cache(maxsize=64)
def _compiled(variant: Variant, n: int, tolerance: float | None, epsilon: float) -> Callable[..., Any]:
    """The function for a precision, told apart by its epsilon."""
    model = variant.model(n)
    solver = solver_part(variant, model, aim(variant, tolerance))
    if variant.loop == "while":
        solver = _refined(variant, model, solver, tolerance or default_tolerance(variant, n))
    if variant.loop == "while" and Trait.SYMMETRIC in model.traits:
        solver = part(differentiable_while, apply_operator=model.apply, solve_forward=solver)
    if variant.loop != "direct":
        block = {"while": scaled_while, "recorded": scaled_recorded}.get(variant.loop, scaled)
        solver = part(block, solve_system=solver)
    return jax.jit(model.wrap(solver, returns_record(variant)).bind())


def _refined(variant: Variant, model: Model, solver: Part, tolerance: float) -> Part:
    """The loop, watched where its residuals jump, and begun again from what it left where that was not enough."""
    if SOLVERS[variant.solver].erratic:
        solver = replace(solver, block=watched_while)
    limit = dict(solver.bound)["limit"]
    return part(
        refined_while, apply_operator=model.apply, solve_system=solver, tolerance=STRICTER * tolerance, limit=limit
    )
