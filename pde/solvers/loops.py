"""Loops around a sweep or a Krylov step, as parts."""

from __future__ import annotations

from pde.blocks import krylov, relaxation
from pde.parts.part import Block, Part, part
from pde.schemes.model import Model
from pde.solvers.solver import Plan

MOST_UNROLLED = 6
"""Cycles or steps written out in a row; enough for the error of the discretisation to show."""


_REPEATS: dict[str, Block] = {
    "fori": relaxation.repeat_fori,
    "scan": relaxation.repeat_scan,
    "recorded": relaxation.repeat_recorded,
    "while": relaxation.repeat_while,
    "unrolled": relaxation.repeat_unrolled,
}
_ADVANCES: dict[str, Block] = {
    "fori": krylov.advance_fori,
    "scan": krylov.advance_scan,
    "recorded": krylov.advance_recorded,
    "while": krylov.advance_while,
    "unrolled": krylov.advance_unrolled,
}


def repeated(model: Model, plan: Plan, sweep: Part, count: int) -> Part:
    """A sweep, at most `count` times."""
    block = _REPEATS[plan.loop]
    if plan.loop == "while":
        return part(block, sweep=sweep, apply_operator=model.apply, tolerance=plan.tolerance, limit=count)
    extra = {"apply_operator": model.apply} if plan.loop == "recorded" else {}
    count = min(count, MOST_UNROLLED) if plan.loop == "unrolled" else count
    return part(block, sweep=sweep, iterations=count, **extra)


def advanced(plan: Plan, start: Part, step: Part, count: int) -> Part:
    """A start, then a step at most `count` times."""
    block = _ADVANCES[plan.loop]
    if plan.loop == "while":
        return part(block, start=start, step=step, tolerance=plan.tolerance, limit=count)
    if plan.loop == "unrolled":
        return part(block, start=start, step=step, iterations=min(count, MOST_UNROLLED))
    return part(block, start=start, step=step, tolerance=plan.tolerance, iterations=count)
