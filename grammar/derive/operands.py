"""The search for a value that an operand's pattern accepts: in scope, as a literal, made for it, or a new argument."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from math import log2

from grammar.derive.draft import Draft
from grammar.derive.fitting import bind_array, unbound
from grammar.derive.graph import Block, Display, Literal, Tree, Var, type_of, variables
from grammar.derive.growth import Growth
from grammar.derive.index import NEVER_IN_TREES
from grammar.values import types
from grammar.values.binding import Binding
from grammar.values.dims import Sizes
from grammar.values.patterns import ArrayPattern, TreePattern
from grammar.values.types import ANY, IMPLIES, KEY, ArrayType, Refinement, Type

_FLOAT_LITERALS = (2.0, 0.5, 0.1, 3.0, 0.25, 1.5, 0.9, 0.01, 4.0, 10.0, 0.2, 1e-3)
_INT_LITERALS = (2, 3, 1, 4, 5, 7)
_LEAVES = (0.35, 0.8, 1.0)
_STATE_KEYS = ("state", "trace", "total")

Found = tuple[Tree, Binding]
"""A value for an operand and the binding that it brings."""


class Operands:
    """Finds operands in a draft, which grows where there is none."""

    def __init__(self, draft: Draft, growth: Growth) -> None:
        self._draft = draft
        self._choices = draft.choices
        self._growth = growth

    def find(
        self,
        block: Block,
        name: str,
        pattern: ArrayPattern | TreePattern,
        binding: Binding,
        taken: Collection[Var],
        depth: int,
    ) -> Found | None:
        """A value for the operand of this name that is none of those taken; None where there is no way to one."""
        if isinstance(pattern, TreePattern):
            return self._tree(block, pattern, binding, taken, depth)
        literal = bool(taken) and _may_be_literal(pattern, binding)
        if literal and self._choices.chance(self._draft.style["literal"]):
            return self._literal(pattern, binding), binding
        found = self._in_scope(block, pattern, binding, taken)
        if found is not None and (not literal or self._choices.chance(0.9)):
            return found
        return self._new(block, name, pattern, binding, depth, literal)

    def _new(
        self, block: Block, name: str, pattern: ArrayPattern, binding: Binding, depth: int, literal: bool
    ) -> Found | None:
        """A value that is made for the operand, or an argument, or a literal where it may be one."""
        draft = self._draft
        if unbound(pattern, binding.sizes):
            pattern = replace(pattern, dims=pattern.dims.exact())
            binding = binding.with_sizes(self._completed(pattern, binding.sizes))
        goal = self._goal(pattern, binding)
        if goal is None:
            return None
        with_goal = binding.with_dtype(pattern.family, goal.dtype)
        deeper = depth < draft.caps["depth"]
        if deeper and self._choices.chance(0.5):
            made = self._growth.produce(block, goal, depth + 1)
            if made is not None:
                return made, with_goal
        if draft.may_add_argument(block, depth):
            return draft.add_argument(goal, name), with_goal
        if literal:
            return self._literal(pattern, binding), binding
        made = self._growth.produce(block, goal, depth + 1) if deeper else None
        return None if made is None else (made, with_goal)

    def _tree(
        self, block: Block, pattern: TreePattern, binding: Binding, taken: Collection[Var], depth: int
    ) -> Found | None:
        """A tree of the type that its name stands for; where that is open, float arrays of the scope together."""
        draft = self._draft
        if (known := binding.trees.get(pattern.name)) is not None:
            tree = self._like(block, known, taken, depth)
            if tree is None:
                return None
            largest = max(leaf.magnitude for of in (known, type_of(tree)) for _, leaf in types.leaves(of))
            return tree, binding.with_tree(pattern.name, types.like(known, refinement=ANY, magnitude=largest))
        pool = [var for var in _leaves(block, draft.float) if var not in taken]
        if not pool and draft.may_add_argument(block, 0):
            pool = [draft.add_argument(draft.first_type(), "init")]
        if not pool:
            return None
        count = min(len(pool), 1 + self._choices.weighted(_LEAVES))
        chosen = [pool[at] for at in sorted(self._choices.distinct(min(len(pool), count + 2), count))]
        return self._together(pattern, chosen, binding)

    def tree_of(self, block: Block, pattern: TreePattern, leaf: Var) -> Found:
        """A tree with this variable as one of its leaves, and the binding that it brings."""
        others = [var for var in _leaves(block, leaf.type.dtype) if var is not leaf]
        count = min(len(others), self._choices.weighted(_LEAVES))
        chosen = [others[at] for at in self._choices.distinct(min(len(others), count + 2), count)]
        return self._together(pattern, sorted([leaf, *chosen], key=block.scope.index), Binding({}))

    def _together(self, pattern: TreePattern, chosen: list[Var], binding: Binding) -> Found:
        """An array by itself, several as a tuple or, sometimes, a dictionary."""
        if len(chosen) == 1:
            tree: Tree = chosen[0]
        elif self._choices.chance(0.2):
            tree = Display(tuple(chosen), _STATE_KEYS[: len(chosen)])
        else:
            tree = Display(tuple(chosen))
        return tree, binding.with_tree(pattern.name, type_of(tree))

    def _like(self, block: Block, of: Type, taken: Collection[Var], depth: int) -> Tree | None:
        """A tree of the same form as another, of other arrays: of the scope, made for it, or new arguments."""
        if isinstance(of, types.DictType):
            items = self._all_like(block, [item for _, item in of.items], taken, depth)
            return None if items is None else Display(items, tuple(key for key, _ in of.items))
        if isinstance(of, types.TupleType):
            items = self._all_like(block, of.items, taken, depth)
            return None if items is None else Display(items)
        goal = replace(of, refinement=ANY)
        fitting = [var for var in block.visible() if var not in taken and _may_be_leaf(var) and var.type.fits(goal)]
        if fitting:
            return min(fitting, key=lambda var: var.uses)
        if self._draft.may_add_argument(block, depth):
            return self._draft.add_argument(goal, "other")
        return self._growth.produce(block, goal, depth + 1) if depth < self._draft.caps["depth"] else None

    def _all_like(
        self, block: Block, of: Iterable[Type], taken: Collection[Var], depth: int
    ) -> tuple[Tree, ...] | None:
        """One for each, no array twice."""
        found: list[Tree] = []
        for item in of:
            tree = self._like(block, item, {*taken, *(var for each in found for var in variables(each))}, depth)
            if tree is None:
                return None
            found.append(tree)
        return tuple(found)

    def _in_scope(self, block: Block, pattern: ArrayPattern, binding: Binding, taken: Collection[Var]) -> Found | None:
        """One of the variables that the block sees and the pattern accepts; those without a use come first."""
        found: list[tuple[Var, list[Sizes]]] = []
        cumulative: list[float] = []
        total = 0.0
        dtypes, dims, rule = pattern.dtypes, pattern.dims, pattern.refinement
        known = None if pattern.mixed else binding.dtypes.get(pattern.family)
        sizes, bounded = binding.sizes, binding.bounded
        for var in block.visible():
            of = var.type
            if of.dtype not in dtypes or (known is not None and of.dtype != known) or var in taken:
                continue
            if rule.name not in IMPLIES[of.refinement.name] or (of.dtype == KEY and var.uses):
                continue
            # Sizes alone are matched, and the dtype is left to the one that is chosen: this loop is the heart of a
            # derivation.
            if rule.bound is None:
                fitting = dims.matches(of.shape, sizes, bounded=bounded)
            else:
                fitting = [each.sizes for each in bind_array(pattern, of, binding)]
            if not fitting:
                continue
            total += 6.0 if not var.uses else 1.0 if var.block is block else 0.5
            found.append((var, fitting))
            cumulative.append(total)
        if not found:
            return None
        var, fitting = found[self._choices.weighted(cumulative)]
        chosen = fitting[0] if len(fitting) == 1 else self._choices.item(fitting)
        return var, binding.with_sizes(chosen).with_dtype(pattern.family, var.type.dtype)

    def _literal(self, pattern: ArrayPattern, binding: Binding) -> Literal:
        dtype = binding.dtype(pattern.family)
        assert dtype is not None
        if dtype in types.FLOATS or dtype in types.COMPLEX:
            value: float = self._choices.item(_FLOAT_LITERALS)
        else:
            value = self._choices.item(_INT_LITERALS)
        return Literal(value, ArrayType(dtype, (), Refinement("positive"), abs(log2(value))))

    def _completed(self, pattern: ArrayPattern, sizes: Sizes) -> Sizes:
        """The sizes with one for every dimension of the pattern, and for the bound of its indices."""
        out = dict(sizes)
        for name in unbound(pattern, sizes):
            if name in pattern.dims.stars:
                out[name] = self._draft.shape(self._choices.weighted((0.5, 0.85, 1.0)))
            else:
                out[name] = self._draft.size()
        return out

    def _goal(self, pattern: ArrayPattern, binding: Binding) -> ArrayType | None:
        """The type of a new value for an operand; None where it would be too large or its bound is unknown."""
        dtype = self._draft.dtype(pattern, binding)
        refinement = pattern.refinement.wanted(binding.sizes)
        if pattern.refinement.bound is not None and not refinement.bound:
            return None
        goal = ArrayType(dtype, self._shape(pattern, binding.sizes), refinement)
        if refinement.name == "index":
            goal = replace(goal, magnitude=log2(refinement.bound + 1))
        elif refinement.name in ("unit", "probability", "simplex"):
            goal = replace(goal, magnitude=0.0)
        return goal if goal.size <= self._draft.caps["elements"] else None

    def _shape(self, pattern: ArrayPattern, sizes: Sizes) -> tuple[int, ...]:
        """The shape of a new operand; one that broadcasts may be smaller than the result."""
        shape = pattern.dims.build(sizes)
        if len(pattern.dims.terms) == 1 and pattern.dims.terms[0].broadcast and len(shape) > 1:
            how = self._choices.weighted((0.4, 0.75, 0.9, 1.0))
            if how == 1:
                return shape[-1:]
            if how == 2:
                return (*shape[:-1], 1)
            if how == 3:
                return ()
        return shape


def _leaves(block: Block, dtype: str) -> list[Var]:
    """The variables of a block that may be leaves of a tree, those without a use first."""
    pool = [var for var in block.scope if var.type.dtype == dtype and _may_be_leaf(var)]
    return sorted(pool, key=lambda var: var.uses)


def _may_be_leaf(var: Var) -> bool:
    return var.type.refinement.name not in NEVER_IN_TREES


def _may_be_literal(pattern: ArrayPattern, binding: Binding) -> bool:
    """Whether a Python number may stand for the operand, whose shape and dtype then come from the others."""
    dims = pattern.dims
    return (
        len(dims.terms) == 1
        and dims.terms[0].broadcast
        and dims.stars[0] in binding.sizes
        and binding.dtype(pattern.family) not in (None, "bool")
        and pattern.refinement.name in ("", "positive", "nonnegative")
    )
