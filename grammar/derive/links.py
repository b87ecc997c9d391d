"""Links: productions that make one wanted array of given ones, so that nothing that was drawn is left over."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace

from grammar.derive.draft import Draft
from grammar.derive.fitting import bind_arrays
from grammar.derive.graph import Block, Var, used_by, variables, walk
from grammar.derive.growth import Growth
from grammar.derive.index import Table
from grammar.derive.outcome import LINKED, trees
from grammar.rules.production import Production
from grammar.values.dims import broadcast
from grammar.values.patterns import ArrayPattern
from grammar.values.types import ArrayType

_ATTEMPTS = 6
_INNERMOST = sys.maxsize
"""A depth at which nothing is made but the link itself."""


class Links:
    """Joins, collapses, squashes and bends the variables of a draft."""

    def __init__(self, draft: Draft, growth: Growth) -> None:
        self._draft = draft
        self._tables = draft.tables
        self._growth = growth

    def apply(
        self, block: Block, table: Table[Production], operands: Sequence[Var], goal: ArrayType, bound: float
    ) -> Var | None:
        """A variable of the wanted dtype and shape, whose magnitude is in bounds, by a production of the table that is
        applied to exactly these variables."""

        def grow(production: Production) -> Var | None:
            result, arguments = production.result, _arguments(production, operands)
            binding = bind_arrays(dict(production.arrays), arguments)
            assert isinstance(result, ArrayPattern)
            assert binding is not None
            if binding.dtype(result.family) is None:
                binding = binding.with_dtype(result.family, goal.dtype)
            node = self._growth.assemble(block, production, binding, {**arguments}, _INNERMOST)
            if node is None or not isinstance(node.outputs, Var):
                return None
            made = node.outputs.type
            wanted = made.dtype == goal.dtype and made.shape == goal.shape and made.magnitude <= max(bound, 4.0)
            return node.outputs if wanted else None

        fitting = table.only(lambda production: _takes(production, operands))
        for _ in range(_ATTEMPTS):
            production = fitting.pick(self._draft.choices)
            if production is None:
                return None
            made = self._draft.attempt(block, lambda production=production: grow(production))
            if made is not None:
                return made
        return None

    def join(
        self, block: Block, slot: Var, var: Var, bound: float, table: Table[Production] | None = None
    ) -> Var | None:
        """A variable of the slot's type that depends on both; None, and nothing made, where there is no way."""
        return self._draft.attempt(block, lambda: self._joined(block, slot, var, bound, table or self._tables.combine))

    def _joined(self, block: Block, slot: Var, var: Var, bound: float, table: Table[Production]) -> Var | None:
        if var.type.dtype != slot.type.dtype:
            cast = self.apply(block, self._tables.cast, [var], replace(slot.type, shape=var.type.shape), bound)
            if cast is None:
                return None
            var = cast
        if broadcast(var.type.shape, slot.type.shape) != slot.type.shape:
            scalar = self.collapse(block, var, slot.type, bound)
            if scalar is None:
                return None
            var = scalar
        return self.apply(block, table, [slot, var], slot.type, bound)

    def collapse(self, block: Block, var: Var, goal: ArrayType, bound: float) -> Var | None:
        """A scalar of the goal's dtype that depends on all of the variable."""
        return self.apply(block, self._tables.collapse, [var], replace(goal, shape=()), bound)

    def squash(self, block: Block, var: Var, bound: float) -> Var | None:
        """The variable, bounded."""
        return self.apply(block, self._tables.squash, [var], var.type, bound)

    def bend(self, block: Block, var: Var, bound: float) -> Var:
        """A result that is differentiated, made by what is not linear: the slope of a linear function, or of a sum of
        functions of one argument each, says nothing of the arguments."""
        if var.type.dtype not in LINKED or self._is_bent(block, var):
            return var
        return self.apply(block, self._tables.bend, [var], var.type, bound) or var

    def _is_bent(self, block: Block, var: Var) -> bool:
        bending = self._tables.bend.options
        if len(block.params) == 1:
            return any(node.production in bending for node in walk(block))
        node = var.node
        while node is not None and node.production in self._tables.collapse.options:
            (inner,) = (tree for tree in trees(node.arguments))
            node = inner.node if isinstance(inner, Var) else None
        return node is not None and node.production in bending


def _arguments(production: Production, operands: Sequence[Var]) -> dict[str, Var]:
    return {name: var for (name, _), var in zip(production.arrays, operands, strict=True)}


def _takes(production: Production, operands: Sequence[Var]) -> bool:
    return bind_arrays(dict(production.arrays), _arguments(production, operands)) is not None


def stepped_over(block: Block, results: Iterable[Var]) -> list[Var]:
    """The numbers among a function's parameters through which no derivative of these results flows: only masks, indices
    or nothing are made of them on the way there."""
    reached: set[Var] = set()
    ahead = list(results)
    while ahead:
        var = ahead.pop()
        if var in reached or var.type.dtype not in LINKED:
            continue
        reached.add(var)
        if var.node is not None:
            ahead += used_by(var.node)
    parameters = [var for param in block.params for var in variables(param.tree)]
    return [var for var in parameters if var.type.dtype in LINKED and var not in reached]
