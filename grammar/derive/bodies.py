"""Bodies: functions that loops, branches and transforms take, grown by steps of their own from their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grammar.derive.draft import Draft, use
from grammar.derive.fitting import bind_array
from grammar.derive.graph import Block, Display, Param, Tree, Var, type_of, variables, walk
from grammar.derive.growth import Growth
from grammar.derive.links import Links, stepped_over
from grammar.derive.outcome import LINKED, fresh
from grammar.values import types
from grammar.values.binding import Binding
from grammar.values.patterns import ArrayPattern, BodyPattern, TreePattern
from grammar.values.types import ANY, ArrayType, Type

# A loop's carry may be this much larger than it starts; its body must stay within.
_CARRY_ROOM = 6.0
_CARRY_SLACK = 0.1


class Bodies:
    """Grows functions of a wanted type inside a draft."""

    def __init__(self, draft: Draft, growth: Growth, links: Links) -> None:
        self._draft = draft
        self._choices = draft.choices
        self._growth = growth
        self._links = links

    def grow(
        self, block: Block, pattern: BodyPattern, binding: Binding, magnitudes: Iterable[float], depth: int
    ) -> tuple[Block, Binding] | None:
        """A function of the wanted type for a node of this block, whose operands have these magnitudes, and the binding
        with the free dimensions of its results; None where none could be grown."""
        draft = self._draft
        if depth >= draft.caps["depth"] or draft.nested >= draft.caps["nesting"]:
            return None
        largest = max(magnitudes, default=2.0)
        room = min(largest + _CARRY_ROOM, types.cap(draft.float) - 2)
        carried = _carried(pattern)
        params: list[Type] = []
        for item in pattern.params:
            of = self._type(item, binding)
            if of is None:
                return None
            params.append(types.like(of, refinement=ANY, magnitude=room if item in carried else largest))
        reused = self._reused(pattern, params)
        if reused is not None:
            return reused, _bound_results(pattern, reused, binding)
        return self._new(block, pattern, params, binding, room)

    def _new(
        self, block: Block, pattern: BodyPattern, params: Sequence[Type], binding: Binding, room: float
    ) -> tuple[Block, Binding] | None:
        """A function with parameters of these types, and the binding with the free dimensions of its results."""
        draft = self._draft
        captures = not pattern.helper and self._choices.chance(draft.style["captured"])
        body = Block(parent=block if captures else None, helper=pattern.helper)
        roles = iter(("carry", "inputs", "extra")) if _carried(pattern) else iter(("x", "y", "z", "w"))
        for of in params:
            tree = fresh(of, None, body)
            for var in variables(tree):
                var.live = var.type.dtype in LINKED
            body.params.append(Param(next(roles, "value"), tree))
            body.scope.extend(variables(tree))
        draft.nested += 1
        draft.smooth += pattern.smooth
        for _ in range(1 + self._choices.weighted((0.4, 0.75, 0.92, 1.0))):
            self._growth.step(body, body.scope)
        finished = self._finish(body, pattern, binding, room + _CARRY_SLACK)
        draft.smooth -= pattern.smooth
        draft.nested -= 1
        if finished is None:
            draft.discard(body)
            return None
        if pattern.helper:
            body.differentiable = all(node.production.differentiable for node in walk(body))
            draft.helpers.append((pattern, tuple(params), body))
        return body, finished

    def _reused(self, pattern: BodyPattern, params: Sequence[Type]) -> Block | None:
        """A helper that is there already and takes such arguments."""
        if not pattern.helper:
            return None
        for known, known_params, body in self._draft.helpers:
            same = len(known_params) == len(params) and all(
                types.like(a, magnitude=0.0) == types.like(b, magnitude=0.0)
                for a, b in zip(known_params, params, strict=True)
            )
            bounded = all(
                b.magnitude <= a.magnitude
                for p, q in zip(known_params, params, strict=False)
                for (_, a), (_, b) in zip(types.leaves(p), types.leaves(q), strict=False)
            )
            usable = body.differentiable or not self._draft.smooth
            if known == pattern and same and bounded and usable and self._choices.chance(0.7):
                return body
        return None

    def _type(self, item: ArrayPattern | TreePattern, binding: Binding) -> Type | None:
        """The type of a parameter or a result; None where a dimension of it is free."""
        if isinstance(item, TreePattern):
            return binding.trees.get(item.name)
        if item.dims.unbound(binding.sizes):
            return None
        return ArrayType(self._draft.dtype(item, binding), item.dims.build(binding.sizes))

    # --- results ---

    def _finish(self, body: Block, pattern: BodyPattern, binding: Binding, bound: float) -> Binding | None:
        """Chooses what the body returns, joins what is unused into it, and binds the results' free dimensions."""
        chosen = self._choose(body, pattern, binding, bound)
        if chosen is None:
            return None
        results, binding = chosen
        for tree in results:
            use(tree)
        body.result = Display(tuple(results)) if len(results) > 1 else results[0]
        for var in [var for var in body.scope if not var.uses]:
            if not var.uses and not self._absorb(body, var, bound):
                return None
        if pattern.smooth:
            if not all(self._absorb(body, var, bound) for var in stepped_over(body, variables(body.result))):
                return None
            for var in dict.fromkeys(variables(body.result)):
                _replace_result(body, var, self._links.bend(body, var, bound))
        return binding if self._settle(body, bound) else None

    def _choose(
        self, body: Block, pattern: BodyPattern, binding: Binding, bound: float
    ) -> tuple[list[Tree], Binding] | None:
        """A value for each result, and the binding with the free dimensions of them."""
        results: list[Tree] = []
        for item in pattern.results:
            goal = self._type(item, binding)
            if goal is not None:
                tree = self._wanted(body, goal, bound)
            else:
                assert isinstance(item, ArrayPattern)
                tree = self._free_result(body, item, binding)
                if tree is not None:
                    binding = self._choices.item(bind_array(item, tree.type, binding))
            if tree is None:
                return None
            results.append(tree)
        return results, binding

    def _wanted(self, body: Block, goal: Type, bound: float) -> Tree | None:
        """A tree of variables of the wanted type, made by the body where it can be."""
        if isinstance(goal, types.TupleType):
            items = [self._wanted(body, item, bound) for item in goal.items]
            return None if None in items else Display(tuple(item for item in items if item is not None))
        if isinstance(goal, types.DictType):
            pairs = [(key, self._wanted(body, item, bound)) for key, item in goal.items]
            if any(item is None for _, item in pairs):
                return None
            return Display(tuple(item for _, item in pairs if item is not None), tuple(key for key, _ in pairs))
        fitting = [var for var in body.scope if var.type.fits(goal)]
        fresh = [var for var in fitting if not var.uses and var.node is not None]
        unused = [var for var in fitting if not var.uses]
        if fresh or unused or fitting:
            return (fresh or unused or fitting)[-1]
        made = self._growth.produce(body, replace(goal, magnitude=bound), 1)
        if made is None and goal.shape == ():
            source = [var for var in body.scope if var.type.dtype == goal.dtype]
            if source:
                made = self._links.collapse(body, source[-1], goal, bound)
        return made

    def _free_result(self, body: Block, item: ArrayPattern, binding: Binding) -> Var | None:
        """The last variable that the body makes and the pattern accepts, one without a use where there is one."""
        fitting = [var for var in body.scope if var.node is not None and bind_array(item, var.type, binding)]
        pool = [var for var in fitting if not var.uses] or fitting
        return pool[-1] if pool else None

    def _absorb(self, body: Block, var: Var, bound: float) -> bool:
        """Joins an unused variable into one of the results."""
        slots = [result for result in variables(body.result) if result.type.dtype in LINKED] if body.result else []
        if not slots or var.type.dtype not in (*LINKED, *types.INTS, *types.BOOL):
            return False
        slot = self._choices.item(slots)
        joined = self._links.join(body, slot, var, bound)
        if joined is None:
            return False
        _replace_result(body, slot, joined)
        return True

    def _settle(self, body: Block, bound: float) -> bool:
        """Bounds every result that is too large for the next turn of a loop; refuses what is a bare parameter."""
        assert body.result is not None
        for var in dict.fromkeys(variables(body.result)):
            if var.type.dtype in LINKED and var.type.magnitude > bound:
                squashed = self._links.squash(body, var, bound)
                if squashed is None:
                    return False
                _replace_result(body, var, squashed)
        return any(var.node is not None for var in variables(body.result))


def _carried(pattern: BodyPattern) -> list[ArrayPattern | TreePattern]:
    """The parameters that a result has the type of, as the carry of a loop has."""
    results = {_name(result) for result in pattern.results}
    return [item for item in pattern.params if _name(item) in results]


def _name(item: ArrayPattern | TreePattern) -> str:
    return item.name if isinstance(item, TreePattern) else f"{item.family} {item.dims.text}"


def _bound_results(pattern: BodyPattern, body: Block, binding: Binding) -> Binding:
    """The binding with the free dimensions of the results of a body that is there already."""
    assert body.result is not None
    for item, (_, leaf) in zip(pattern.results, types.leaves(type_of(body.result)), strict=False):
        if isinstance(item, ArrayPattern):
            binding = binding.with_sizes(item.dims.matches(leaf.shape, binding.sizes, bounded=binding.bounded)[0])
    return binding


def _replace_result(body: Block, old: Var, new: Var) -> None:
    def swap(tree: Tree) -> Tree:
        if tree is old:
            old.uses -= 1
            new.uses += 1
            return new
        if isinstance(tree, Display):
            return Display(tuple(swap(item) for item in tree.items), tree.keys)
        return tree

    assert body.result is not None
    body.result = swap(body.result)
