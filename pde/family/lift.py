"""Programs written for a batch: every block of a tree of parts gives way to its form for several right-hand sides."""

from __future__ import annotations

from dataclasses import replace

from pde.blocks.batch import form_of
from pde.parts.part import Part, part


def lift(item: Part) -> Part | None:
    """The part for a batch, which is axis 0 of its arrays; None where a block of it has no form for one.

    On every member the result is what `jax.vmap` of the part gives, up to rounding.
    """
    form = form_of(item.block)
    if form is None:
        return None
    if form.shared:
        return item
    bound = dict(item.bound)
    for role, child in item.roles():
        twin = lift(child)
        if twin is None:
            return None
        bound[role] = twin
    bound |= {role: part(value) if callable(value) else value for role, value in form.bound.items()}
    return replace(part(form.block, **bound), summary=form.summary)
