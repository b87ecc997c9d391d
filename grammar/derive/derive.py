"""Derivation: draws a typed graph of productions, from its first argument to what it returns.

Everything made is made for a use, and what is left over at the end of a function is returned or joined into what is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from grammar.derive.applicable import DIFFERENTIATING, SCALAR, applies
from grammar.derive.fitting import bind_array
from grammar.derive.graph import Block, Display, Param, Tree, Var, type_of, used_by, variables, walk
from grammar.derive.index import Table, quantile
from grammar.derive.outcome import LINKED, fresh, trees
from grammar.derive.steps import Steps
from grammar.errors import Rejected
from grammar.rules.production import Production
from grammar.values import types
from grammar.values.dims import Binding, broadcast
from grammar.values.patterns import ArrayPattern, BodyPattern, TreePattern
from grammar.values.types import ANY, KEY, ArrayType, Type

# A loop's carry may be this much larger than it starts; its body must stay within.
_CARRY_ROOM = 6.0
_CARRY_SLACK = 0.1


class Derivation(Steps):
    """One program's graph, drawn from choices. `entry` holds it after `run`."""

    def run(self) -> Block:
        """Draws the entry function. Rejected when nothing could be applied."""
        budget = quantile(self.tables.profile.sizes["statements"], self.choices)
        self._new_argument(self.entry, self._first_type(), "x")
        failed = 0
        while self._made < budget and failed < 6:
            failed = 0 if self._step(self.entry, self.entry.scope) else failed + 1
        if not self.entry.nodes:
            raise Rejected("no production could be applied", self._last_failure)
        self._finish_entry()
        if not applies(self.transform, self.entry, self._most_elements):
            self.transform = "none"
        return self.entry

    def alone(self, production: Production) -> Block:
        """Draws a function around one application of a production, its operands mostly new arguments; for checks."""
        self._arguments = 20
        for _ in range(60):
            mark = self._mark(self.entry)
            node = self._assemble(self.entry, production, {}, {}, 1)
            if node is not None:
                assert node.outputs is not None
                self.entry.result = node.outputs
                for var in variables(node.outputs):
                    var.uses += 1
                return self.entry
            self._undo(self.entry, mark)
        raise Rejected("it could not be drawn in 60 attempts", production.name)

    # --- bodies ---

    def _body(
        self, block: Block, pattern: BodyPattern, binding: Binding, magnitudes: Iterable[float], depth: int
    ) -> Block | None:
        """A function of the wanted type, grown from its parameters; binds the free dimensions of its results."""
        if depth >= self.tables.profile.caps["depth"] or self._nested >= self.tables.profile.caps["nesting"]:
            return None
        largest = max(magnitudes, default=2.0)
        carried = [item for item in pattern.params if _key_of(item) in {_key_of(result) for result in pattern.results}]
        room = min(largest + _CARRY_ROOM, types.cap(self._float) - 2)
        params: list[Type] = []
        for item in pattern.params:
            of = self._item_type(item, binding)
            if of is None:
                return None
            params.append(types.like(of, refinement=ANY, magnitude=room if item in carried else largest))
        reused = self._reused(pattern, params)
        if reused is not None:
            for item, (_, leaf) in zip(pattern.results, types.leaves(type_of(reused.result)), strict=False):  # type: ignore[arg-type]
                if isinstance(item, ArrayPattern):
                    binding.update(item.dims.matches(leaf.shape, binding)[0])
            return reused
        captures = not pattern.helper and self.choices.chance(self.style["captured"])
        body = Block(parent=block if captures else None, helper=pattern.helper)
        roles = iter(("carry", "inputs", "extra")) if carried else iter(("x", "y", "z", "w"))
        for of in params:
            tree = fresh(of, None, body)
            for var in variables(tree):
                var.live = var.type.dtype in LINKED
            body.params.append(Param(next(roles, "value"), tree))
            body.scope.extend(variables(tree))
        self._nested += 1
        self._smooth += pattern.smooth
        for _ in range(1 + self.choices.weighted((0.4, 0.75, 0.92, 1.0))):
            self._step(body, body.scope)
        finished = self._finish_body(body, pattern, binding, room)
        self._smooth -= pattern.smooth
        self._nested -= 1
        if finished:
            if pattern.helper:
                body.differentiable = all(node.production.differentiable for node in walk(body))
                self.helpers.append((pattern, tuple(params), body))
            return body
        self._discard(body)
        return None

    def _reused(self, pattern: BodyPattern, params: Sequence[Type]) -> Block | None:
        """A helper that is there already and takes such arguments."""
        if not pattern.helper:
            return None
        for known, known_params, body in self.helpers:
            same = len(known_params) == len(params) and all(
                types.like(a, magnitude=0.0) == types.like(b, magnitude=0.0)
                for a, b in zip(known_params, params, strict=True)
            )
            bounded = all(
                b.magnitude <= a.magnitude
                for p, q in zip(known_params, params, strict=False)
                for (_, a), (_, b) in zip(types.leaves(p), types.leaves(q), strict=False)
            )
            usable = body.differentiable or not self._smooth
            if known == pattern and same and bounded and usable and self.choices.chance(0.7):
                return body
        return None

    def _item_type(self, item: ArrayPattern | TreePattern, binding: Binding) -> Type | None:
        if isinstance(item, TreePattern):
            return binding.get(item.name)
        if item.dims.unbound(binding):
            return None
        return ArrayType(self._dtype(item, binding), item.dims.build(binding))

    def _finish_body(self, body: Block, pattern: BodyPattern, binding: Binding, room: float) -> bool:
        """Chooses what the body returns, joins what is unused into it, and binds the results' free dimensions."""
        results: list[Tree] = []
        bound = room + _CARRY_SLACK
        for item in pattern.results:
            goal = self._item_type(item, binding)
            if goal is not None:
                tree = self._wanted(body, goal, bound)
            else:
                assert isinstance(item, ArrayPattern)
                tree = self._free_result(body, item, binding)
            if tree is None:
                return False
            results.append(tree)
        returned = [var for tree in results for var in variables(tree)]
        for var in returned:
            var.uses += 1
        body.result = Display(tuple(results)) if len(results) > 1 else results[0]
        for var in [var for var in body.scope if not var.uses]:
            if not var.uses and not self._absorb(body, var, bound):
                return False
        if pattern.smooth:
            if not all(self._absorb(body, var, bound) for var in _stepped_over(body, variables(body.result))):
                return False
            for var in dict.fromkeys(variables(body.result)):
                _replace_result(body, var, self._bent(body, var, bound))
        return self._settle(body, bound)

    def _bent(self, block: Block, var: Var, bound: float) -> Var:
        """A result that is differentiated, made by what is not linear: the slope of a linear function, or of a sum of
        functions of one argument each, says nothing of the arguments."""
        if var.type.dtype not in LINKED or self._is_bent(block, var):
            return var
        return self._apply_link(block, self.tables.bend, [var], var.type, bound) or var

    def _is_bent(self, block: Block, var: Var) -> bool:
        bending = self.tables.bend.options
        if len(block.params) == 1:
            return any(node.production in bending for node in walk(block))
        node = var.node
        while node is not None and node.production in self.tables.collapse.options:
            (inner,) = (tree for tree in trees(node.arguments))
            node = inner.node if isinstance(inner, Var) else None
        return node is not None and node.production in bending

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
        made = self._produce(body, replace(goal, magnitude=bound), 1)
        if made is None and goal.shape == ():
            source = [var for var in body.scope if var.type.dtype == goal.dtype]
            if source:
                made = self._apply_link(body, self.tables.collapse, [source[-1]], goal, bound)
        return made

    def _free_result(self, body: Block, item: ArrayPattern, binding: Binding) -> Tree | None:
        fitting = [var for var in body.scope if var.node is not None and bind_array(item, var.type, binding)]
        unused = [var for var in fitting if not var.uses]
        pool = unused or fitting
        if not pool:
            return None
        var = pool[-1]
        binding.update(self.choices.item(bind_array(item, var.type, binding)))
        return var

    def _absorb(self, body: Block, var: Var, bound: float) -> bool:
        """Joins an unused variable into one of the results."""
        slots = [result for result in variables(body.result) if result.type.dtype in LINKED] if body.result else []
        if not slots or var.type.dtype not in (*LINKED, *types.INTS, *types.BOOL):
            return False
        slot = self.choices.item(slots)
        joined = self._join(body, slot, var, bound)
        if joined is None:
            return False
        _replace_result(body, slot, joined)
        return True

    def _join(
        self, block: Block, slot: Var, var: Var, bound: float, table: Table[Production] | None = None
    ) -> Var | None:
        """A variable of the slot's type that depends on both; None, and nothing made, where there is no way."""
        mark = self._mark(block)
        joined = self._joined(block, slot, var, bound, table or self.tables.combine)
        if joined is None:
            self._undo(block, mark)
        return joined

    def _joined(self, block: Block, slot: Var, var: Var, bound: float, table: Table[Production]) -> Var | None:
        if var.type.dtype != slot.type.dtype:
            cast = self._apply_link(block, self.tables.cast, [var], replace(slot.type, shape=var.type.shape), bound)
            if cast is None:
                return None
            var = cast
        if not _broadcasts(var.type.shape, slot.type.shape):
            scalar = self._apply_link(block, self.tables.collapse, [var], replace(slot.type, shape=()), bound)
            if scalar is None:
                return None
            var = scalar
        return self._apply_link(block, table, [slot, var], slot.type, bound)

    def _apply_link(
        self, block: Block, table: Table[Production], operands: Sequence[Var], goal: ArrayType, bound: float
    ) -> Var | None:
        """Applies a production of a linking table to exactly these variables."""
        fitting = table.only(lambda production: self._bound_to(production, operands) is not None)
        for _ in range(6):
            production = fitting.pick(self.choices)
            if production is None:
                return None
            mark = self._mark(block)
            binding = {f":{production.result.family}": goal.dtype, **(self._bound_to(production, operands) or {})}  # type: ignore[union-attr]
            arguments: dict[str, Any] = dict(zip(dict(production.arrays), operands, strict=True))
            node = self._assemble(block, production, binding, arguments, 9)
            if node is not None and isinstance(node.outputs, Var):
                made = node.outputs.type
                if made.dtype == goal.dtype and made.shape == goal.shape and made.magnitude <= max(bound, 4.0):
                    return node.outputs
            self._undo(block, mark)
        return None

    def _bound_to(self, production: Production, operands: Sequence[Var]) -> Binding | None:
        """The first binding under which a production takes exactly these variables; None where it does not."""
        binding: Binding = {}
        for (_, pattern), var in zip(production.arrays, operands, strict=True):
            bindings = bind_array(pattern, var.type, binding)
            if not bindings:
                return None
            binding = bindings[0]
        return binding

    def _settle(self, body: Block, bound: float) -> bool:
        """Bounds every result that is too large for the next turn of a loop; refuses what is a bare parameter."""
        assert body.result is not None
        for var in dict.fromkeys(variables(body.result)):
            if var.type.dtype in LINKED and var.type.magnitude > bound:
                squashed = self._apply_link(body, self.tables.squash, [var], var.type, bound)
                if squashed is None:
                    return False
                _replace_result(body, var, squashed)
        return any(var.node is not None for var in variables(body.result))

    # --- the entry's result ---

    def _finish_entry(self) -> None:
        """Returns what is unused, joined into as few values as the style asks."""
        entry = self.entry
        wanted = 1
        if self.transform == "none" and self.choices.chance(self.style["several_results"]):
            wanted = self.choices.between(2, 3)
        for _ in range(12):
            unused = [var for var in entry.scope if not var.uses]
            if len(unused) <= wanted and all(var.node for var in unused):
                break
            raw = [var for var in unused if var.type.dtype == KEY] or unused
            if raw[0].type.dtype == KEY or not self._merge(entry, unused):
                self._step(entry, raw)
        unused = self._results(entry, wanted)
        if self.transform in SCALAR and len(unused) == 1 and unused[0].type.shape:
            of = unused[0].type
            scalar = self._apply_link(entry, self.tables.collapse, unused, replace(of, shape=()), types.cap(of.dtype))
            unused = unused if scalar is None else [scalar]
        unused = self._enliven(entry, unused)
        if self.transform in DIFFERENTIATING:
            for var in _stepped_over(entry, unused):
                unused[-1] = self._join(entry, unused[-1], var, types.cap(self._float), self.tables.add) or unused[-1]
            unused = [self._bent(entry, var, types.cap(var.type.dtype)) for var in unused]
        for var in unused:
            var.uses += 1
        if len(unused) == 1:
            entry.result = unused[0]
        elif self.choices.chance(self._dictionary_share()):
            entry.result = Display(tuple(unused), tuple(map(str, range(len(unused)))), unnamed=True)
        else:
            entry.result = Display(tuple(unused))

    def _dictionary_share(self) -> float:
        """Of the programs with several results, those that return them in a dictionary."""
        several, dictionary = self.style["several_results"], self.style["result_dictionary"]
        return dictionary / max(several, dictionary, 1e-9)

    def _results(self, entry: Block, wanted: int) -> list[Var]:
        """What is unused, and values on the way to it where more are wanted."""
        unused = [var for var in entry.scope if not var.uses] or entry.scope[-1:]
        if any(var.node is None for var in unused):
            raise Rejected("an argument could not be used", self._last_failure)
        spare = [var for var in entry.scope if var.live and var.uses and var.node is not None]
        chosen = [spare[at] for at in self._distinct(len(spare), min(wanted - len(unused), len(spare)))]
        return [var for var in entry.scope if var in unused or var in chosen]

    def _enliven(self, entry: Block, results: list[Var]) -> list[Var]:
        """The results, each number among them joined with what follows the arguments where it may not follow them by
        itself: what a mask or a rounded value leaves may be the same for all of them."""
        live = [var for var in entry.scope if var.live and var.type.dtype in LINKED]
        live = [var for var in live if var.node is not None] or live
        if not live:
            return results
        if not any(var.live for var in results) and self.transform in SCALAR:
            self.transform = "value_and_grad"
        bound, add = types.cap(self._float), self.tables.add
        joined = [self._join(entry, var, _apart(live, var), bound, add) if _is_dull(var) else None for var in results]
        joined = [new or var for new, var in zip(joined, results, strict=True)]
        if not any(var.live for var in joined):  # masks, indices
            joined[0] = self._join(entry, live[-1], joined[0], bound, add) or joined[0]
        return joined

    def _merge(self, entry: Block, unused: Sequence[Var]) -> bool:
        """Joins the two unused variables that fit best."""
        floats = sorted((v for v in unused if v.type.dtype in LINKED), key=lambda v: v.type.size)
        others = [v for v in unused if v.type.dtype in (*types.INTS, *types.BOOL) and v.type.refinement.name != "key"]
        if not floats or len(unused) < 2:
            return False
        slot = floats[-1]
        small = others[0] if others else floats[0]
        return small is not slot and self._join(entry, slot, small, types.cap(slot.type.dtype)) is not None


def _is_dull(var: Var) -> bool:
    return var.type.dtype in LINKED and not var.live


def _apart(pool: Sequence[Var], var: Var) -> Var:
    """The last of the pool of which a variable is not made in one step: it might be what a difference leaves nothing
    of."""
    near = {each for tree in trees(var.node.arguments) for each in variables(tree)} if var.node else set[Var]()
    return ([each for each in pool if each not in near] or pool)[-1]


def _key_of(item: ArrayPattern | TreePattern) -> str:
    return item.name if isinstance(item, TreePattern) else f"{item.family} {item.dims.text}"


def _stepped_over(block: Block, results: Iterable[Var]) -> list[Var]:
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


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    return broadcast(small, large) == large
