"""Programs written for a batch: every block of a tree of parts gives way to its twin for several right-hand sides."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pde.blocks.batch import operators, solvers
from pde.parts.part import Part, bindable

TWINS: dict[str, Callable[..., Any]] = {
    name: block
    for module in (operators, solvers)
    for name, block in vars(module).items()
    if inspect.isfunction(block) and block.__module__ == module.__name__
}
"""Blocks for a batch by the name of the block for one right-hand side."""

AS_THEY_STAND = frozenset(
    (
        *("scaled", "screened", "diff_1d", "constant_diagonal", "literal_diagonal", "shifted_diagonal"),
        *("solve_with_load", "jacobi_sweep", "damped_sweep", "red_black_sweep", "overrelaxed_sweep", "symmetric_sweep"),
        *("repeat_fori", "repeat_scan", "repeat_unrolled", "advance_unrolled", "chebyshev_step"),
        *("descent_start", "quotient", "divide_by_diagonal", "sweep_once"),
        *("smooth_fori", "smooth_unrolled", "v_cycle", "w_cycle", "f_cycle", "full_multigrid", "corrected_by"),
        *("transform_1d", "scaled_inverse", "sine_by_extension", "sine_by_zeros", "sine_by_halves", "sine_by_matrix"),
        *("cosine_by_extension", "inverse_cosine_by_extension", "cosine_by_matrix", "inverse_cosine_by_matrix"),
        *("cycle_fori", "cycle_scan"),
    )
)
"""Blocks that are right for a batch already: they work point by point, along the last axis, or through their roles."""

OF_ONE_MEMBER = frozenset(
    (
        *("x_matrix", "y_matrix", "z_matrix", "axis_matrix", "matrix", "bands", "eigenvalues", "invert", "shifts"),
        *("coefficient", "faces", "points", "vertices", "widths"),
    )
)
"""Roles that see one member, a size or coordinates: they stay as they are."""


def lift(item: Part) -> Part | None:
    """The part for a batch, which is axis 0 of its arrays; None where a block of it has no twin.

    On every member the result is what `jax.vmap` of the part gives, up to rounding.
    """
    name = item.block.__name__
    block = TWINS.get(name, item.block if name in AS_THEY_STAND else None)
    if block is None:
        return None
    bound = dict(item.bound)
    for role, child in item.roles():
        twin = child if role in OF_ONE_MEMBER else lift(child)
        if twin is None:
            return None
        bound[role] = twin
    for role in bindable(block) - bound.keys() - {"recurse"}:
        bound[role] = Part(TWINS[role])
    return Part(block, tuple(sorted(bound.items(), key=lambda pair: pair[0])))
