"""Derivation: draws a typed graph of productions, forwards from what is in scope and backwards from what is wanted.

A step takes a variable (unused ones first), a production that accepts it, and finds the other operands: in scope,
derived backwards from their type, as a literal, or as a new argument. So everything made is made for a use, and what
is left over at the end is returned or joined into what is. An attempt that fails leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import log2
from typing import Any

from grammar import types
from grammar.choices import Choices
from grammar.dims import Binding, broadcast
from grammar.errors import Rejected
from grammar.graph import Block, Display, Literal, Node, Param, Tree, Var, type_of, variables, walk
from grammar.notation import ArrayPattern, BodyPattern, Pattern, Production, TreePattern, TuplePattern
from grammar.tables import Tables, quantile
from grammar.transforms import DIFFERENTIATING, SCALAR, applies
from grammar.types import ANY, IMPLIES, KEY, ArrayType, Refinement, Type

_SIZES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64)
_RANKS = (0.06, 0.33, 0.74, 0.95, 1.0)
_FLOAT_LITERALS = (2.0, 0.5, 0.1, 3.0, 0.25, 1.5, 0.9, 0.01, 4.0, 10.0, 0.2, 1e-3)
_INT_LITERALS = (2, 3, 1, 4, 5, 7)
# A loop's carry may be this much larger than it starts; its body must stay within.
_CARRY_ROOM = 6.0
_CARRY_SLACK = 0.1
_ATTEMPTS = 12


@dataclass(slots=True)
class _Mark:
    """Where a block stood before an attempt."""

    nodes: int
    scope: int
    params: int
    dictionary: tuple[tuple[Tree, ...], tuple[str, ...]] | None
    made: int


class Derivation:
    """One program's graph, drawn from choices. `entry` holds it after `run`."""

    def __init__(self, tables: Tables, choices: Choices) -> None:
        self.tables = tables
        self.choices = choices
        self.style = tables.profile.style
        self.entry = Block()
        self.helpers: list[tuple[BodyPattern, tuple[Type, ...], Block]] = []
        self._made = 0
        self._last_failure = ""
        dtypes = tables.profile.dtypes
        names = [name for name, share in dtypes.items() if share]
        self._float = names[choices.weighted(tuple(accumulate(dtypes[name] for name in names)))]
        self._sizes = [choices.item(_SIZES) for _ in range(4)]
        self._most_elements = tables.profile.caps["elements"]
        self._arguments = quantile(tables.profile.sizes["arguments"], choices)
        self._dictionary: Display | None = None
        shares = tables.profile.transforms
        self.transform = tuple(shares)[choices.weighted(tuple(accumulate(shares.values())))]
        self._smooth = int(self.transform in DIFFERENTIATING)
        """How many functions that are differentiated stand around the place of derivation."""
        self._nested = 0
        """How many bodies stand around it."""

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
        if not applies(self.transform, self.entry):
            self.transform = "none"
        return self.entry

    def alone(self, production: Production) -> Block:
        """Draws a function around one application of a production, its operands mostly new arguments; for checks."""
        self._arguments = 20
        for _ in range(60):
            mark = self._mark(self.entry)
            node = self._assemble(self.entry, production, {}, {}, 1)
            if node is not None:
                self.entry.result = node.outputs
                return self.entry
            self._undo(self.entry, mark)
        raise Rejected("it could not be drawn in 60 attempts", production.name)

    # --- steps forward ---

    def _first_type(self) -> ArrayType:
        rank = self.choices.weighted(_RANKS)
        return ArrayType(self._float, tuple(self.choices.item(self._sizes) for _ in range(rank)))

    def _step(self, block: Block, pool: Sequence[Var]) -> bool:
        """Applies one production to a variable of the pool; False when no attempt succeeded."""
        for _ in range(_ATTEMPTS):
            driver = self._driver(pool)
            if driver is None:
                return False
            picked = self.tables.accepting(driver.type).pick(self.choices)
            if picked is None:
                continue
            production, operand = picked
            if self._smooth and not production.differentiable:
                continue
            if self._attempt(block, production, operand, driver) is not None:
                return True
        return False

    def _driver(self, pool: Sequence[Var]) -> Var | None:
        total = 0.0
        cumulative: list[float] = []
        for at, var in enumerate(pool):
            weight = 8.0 if not var.uses else 0.0 if var.type.dtype == KEY else 1.0
            total += weight * (1.0 + at / len(pool))
            cumulative.append(total)
        return pool[self.choices.weighted(cumulative)] if total else None

    def _attempt(self, block: Block, production: Production, operand: str, driver: Var) -> Node | None:
        """Applies a production with `driver` as one operand, or leaves everything as it was."""
        pattern = production.params[operand]
        assert isinstance(pattern, ArrayPattern)
        bindings = self._bind_array(pattern, driver.type, {})
        if not bindings:
            return None
        mark = self._mark(block)
        binding = dict(self.choices.item(bindings))
        node = self._assemble(block, production, binding, {operand: driver}, 0)
        if node is None:
            self._undo(block, mark)
        return node

    # --- binding ---

    def _bind_array(self, pattern: ArrayPattern, of: ArrayType, binding: Binding) -> list[Binding]:
        """The bindings under which an array of this type is an operand of this pattern."""
        rule = pattern.refinement
        if of.dtype not in pattern.dtypes or rule.name not in IMPLIES[of.refinement.name]:
            return []
        key = ":" + pattern.family
        if pattern.mixed:
            binding = {**binding, key: (*binding.get(key, ()), of.dtype)}
        elif binding.get(key, of.dtype) != of.dtype:
            return []
        else:
            binding = {**binding, key: of.dtype}
        if rule.bound is not None:
            (name,) = rule.bound.names or ("",)
            if name and name not in binding:
                binding[name] = of.refinement.bound
            if of.refinement.bound > rule.bound.size(binding):
                return []
        return pattern.dims.matches(of.shape, binding)

    def _assemble(
        self, block: Block, production: Production, binding: Binding, arguments: dict[str, Any], depth: int
    ) -> Node | None:
        """Finds the missing operands, statics and bodies, checks the caps and adds the node."""
        taken = {id(var) for tree in arguments.values() for var in variables(tree)}
        backward = "#" in binding
        whole = self._whole_operand(production) if backward else ""
        if backward and production.relation is not None and not production.relation(binding, self.choices):
            return self._fail(production)
        related = _dimensions(binding) if backward else -1
        for name, pattern in production.operands:
            if name in arguments:
                continue
            if name == whole:
                assert isinstance(pattern, ArrayPattern)
                pattern = replace(pattern, dims=pattern.dims.exact())
            found = self._operand(block, production, name, pattern, binding, taken, depth)
            if found is None:
                return self._fail(production)
            arguments[name], binding = found
            taken.update(id(var) for var in variables(arguments[name]))
        # Backwards, a relation has spoken before the operands; it is asked again about what they have brought.
        asked_again = production.relation is not None and _dimensions(binding) != related
        if asked_again and not production.relation(binding, self.choices):  # type: ignore[misc]
            return self._fail(production)
        self._complete_statics(block, production, binding)
        for name, spec in production.statics:
            arguments[name] = spec.draw(binding, production.arrays, self.choices)
        if not self._in_bounds(arguments, production, binding):
            return self._fail(production)
        magnitudes = [leaf.magnitude for tree in _trees(arguments) for _, leaf in types.leaves(type_of(tree))]
        outs: dict[str, float] = {}
        for name, body in production.bodies:
            made = self._body(block, body, binding, magnitudes, depth)
            if made is None:
                self._drop_uncalled(production, arguments)
                return self._fail(production)
            arguments[name] = made
            result = made.result
            assert result is not None
            outs[name] = max((leaf.magnitude for _, leaf in types.leaves(type_of(result))), default=0.0)
        node = Node(production, arguments, block)
        outputs = self._outputs(production, node, binding, outs)
        if outputs is None:
            self._drop_uncalled(production, arguments)
            return self._fail(production)
        if _stays_live(production, arguments):
            for var in variables(outputs):
                var.live = var.type.dtype in _LINKED and not _saturated(var, arguments)
        self._commit(block, node, outputs)
        return node

    def _whole_operand(self, production: Production) -> str:
        """Of the operands that broadcast, the one that has the whole shape when the result is given."""
        names = [name for name, pattern in production.arrays if pattern.dims.broadcasts]
        return self.choices.item(names) if names else ""

    def _fail(self, production: Production) -> None:
        self._last_failure = production.name

    def _in_bounds(self, arguments: Mapping[str, Any], production: Production, binding: Binding) -> bool:
        """Whether index operands stay below their bound now that every dimension is known."""
        for name, pattern in production.arrays:
            rule = pattern.refinement
            if rule.bound is not None:
                tree = arguments[name]
                if isinstance(tree, Var) and tree.type.refinement.bound > rule.bound.size(binding):
                    return False
        return True

    def _complete_statics(self, block: Block, production: Production, binding: Binding) -> None:
        """Gives every dimension a value that only the result or a static mentions."""
        drawn = {name for _, spec in production.statics for name in spec.draws}
        for _, spec in production.statics:
            for name in spec.binds:
                if name not in binding and name not in drawn:
                    binding[name] = self._free_shape(block) if name in spec.stars else self.choices.item(self._sizes)

    def _free_shape(self, block: Block) -> tuple[int, ...]:
        """A shape for what nothing determines: mostly that of something in scope, so that they can meet later."""
        shapes = [var.type.shape for var in block.scope if len(var.type.shape) <= 3]
        if shapes and self.choices.chance(0.7):
            return self.choices.item(shapes)
        return tuple(self.choices.item(self._sizes) for _ in range(self.choices.below(3)))

    # --- operands ---

    def _operand(
        self,
        block: Block,
        production: Production,
        name: str,
        pattern: ArrayPattern | TreePattern,
        binding: Binding,
        taken: set[int],
        depth: int,
    ) -> tuple[Tree, Binding] | None:
        """A value for an operand and the binding it brings: in scope, a literal, derived, or a new argument."""
        if isinstance(pattern, TreePattern):
            return self._tree_operand(block, pattern, binding)
        literal = bool(taken) and self._may_be_literal(pattern, binding)
        if literal and self.choices.chance(self.style["literal"]):
            return self._literal(pattern, binding), binding
        found = self._in_scope(block, pattern, binding, taken)
        if found is not None and (not literal or self.choices.chance(0.9)):
            return found
        if _unbound(pattern, binding):
            pattern = replace(pattern, dims=pattern.dims.exact())
            binding = self._complete(pattern, binding)
        goal = self._goal(pattern, binding)
        if goal is None:
            return None
        if depth < self.tables.profile.caps["depth"] and self.choices.chance(0.5):
            made = self._produce(block, goal, depth + 1)
            if made is not None:
                return made, self._with_dtype(pattern, goal, binding)
        if self._may_add_argument(block, depth):
            return self._new_argument(block, goal, name), self._with_dtype(pattern, goal, binding)
        if literal:
            return self._literal(pattern, binding), binding
        made = self._produce(block, goal, depth + 1) if depth < self.tables.profile.caps["depth"] else None
        return None if made is None else (made, self._with_dtype(pattern, goal, binding))

    def _tree_operand(self, block: Block, pattern: TreePattern, binding: Binding) -> tuple[Tree, Binding] | None:
        """One to three float arrays of the scope, together."""
        pool = [var for var in block.scope if var.type.dtype == self._float and var.type.refinement.name != "spd"]
        if not pool and self._may_add_argument(block, 0):
            pool = [self._new_argument(block, self._first_type(), "init")]
        pool.sort(key=lambda var: var.uses)
        count = min(len(pool), 1 + self.choices.weighted((0.35, 0.8, 1.0)))
        if count == 0:
            return None
        chosen = tuple(pool[at] for at in sorted(self._distinct(min(len(pool), count + 2), count)))
        if count == 1:
            tree: Tree = chosen[0]
        elif self.choices.chance(0.2):
            tree = Display(chosen, tuple(_STATE_KEYS[:count]))
        else:
            tree = Display(chosen)
        return tree, {**binding, pattern.name: type_of(tree)}

    def _distinct(self, bound: int, count: int) -> list[int]:
        left = list(range(bound))
        return [left.pop(self.choices.below(len(left))) for _ in range(count)]

    def _in_scope(
        self, block: Block, pattern: ArrayPattern, binding: Binding, taken: set[int]
    ) -> tuple[Tree, Binding] | None:
        candidates: list[tuple[Var, list[Binding]]] = []
        cumulative: list[float] = []
        total = 0.0
        dtypes, dims, rule = pattern.dtypes, pattern.dims, pattern.refinement
        known = None if pattern.mixed else binding.get(":" + pattern.family)
        for var in block.visible():
            of = var.type
            if of.dtype not in dtypes or (known is not None and of.dtype != known) or id(var) in taken:
                continue
            if rule.name not in IMPLIES[of.refinement.name] or (of.dtype == KEY and var.uses):
                continue
            # What binds no index leaves the dtype to the one that is chosen: this loop is the heart of a derivation.
            bindings = dims.matches(of.shape, binding) if rule.bound is None else self._bind_array(pattern, of, binding)
            if not bindings:
                continue
            total += 6.0 if not var.uses else 1.0 if var.block is block else 0.5
            candidates.append((var, bindings))
            cumulative.append(total)
        if not candidates:
            return None
        var, bindings = candidates[self.choices.weighted(cumulative)]
        chosen = bindings[0] if len(bindings) == 1 else self.choices.item(bindings)
        return var, dict(chosen) if rule.bound is not None else self._with_dtype(pattern, var.type, chosen)

    def _may_be_literal(self, pattern: ArrayPattern, binding: Binding) -> bool:
        dims = pattern.dims
        return (
            len(dims.terms) == 1
            and dims.terms[0].broadcast
            and dims.stars[0] in binding
            and (":" + pattern.family) in binding
            and pattern.refinement.name in ("", "positive", "nonnegative")
        )

    def _literal(self, pattern: ArrayPattern, binding: Binding) -> Literal:
        known = binding[":" + pattern.family]
        dtype = known[0] if pattern.mixed else known
        if dtype in types.FLOATS or dtype in types.COMPLEX:
            value: float = self.choices.item(_FLOAT_LITERALS)
        else:
            value = self.choices.item(_INT_LITERALS)
        return Literal(value, ArrayType(dtype, (), Refinement("positive"), abs(log2(value))))

    def _complete(self, pattern: ArrayPattern, binding: Binding) -> Binding:
        """The binding with a value for every dimension of the pattern, and for the bound of its indices."""
        out = dict(binding)
        for name in _unbound(pattern, binding):
            if name in pattern.dims.stars:
                rank = self.choices.weighted((0.5, 0.85, 1.0))
                out[name] = tuple(self.choices.item(self._sizes) for _ in range(rank))
            else:
                out[name] = self.choices.item(self._sizes)
        return out

    def _goal(self, pattern: ArrayPattern, binding: Binding) -> ArrayType | None:
        """The type of a new value for an operand; None where it would be too large or its bound is unknown."""
        dtype = self._dtype(pattern, binding)
        refinement = pattern.refinement.wanted(binding)
        if pattern.refinement.bound is not None and not refinement.bound:
            return None
        goal = ArrayType(dtype, self._operand_shape(pattern, binding), refinement)
        if refinement.name == "index":
            goal = replace(goal, magnitude=log2(refinement.bound + 1))
        elif refinement.name in ("unit", "probability", "simplex"):
            goal = replace(goal, magnitude=0.0)
        return goal if goal.size <= self._most_elements else None

    def _operand_shape(self, pattern: ArrayPattern, binding: Binding) -> tuple[int, ...]:
        """The shape of a new operand; one that broadcasts may be smaller than the result."""
        shape = pattern.dims.build(binding)
        if len(pattern.dims.terms) == 1 and pattern.dims.terms[0].broadcast and len(shape) > 1:
            how = self.choices.weighted((0.4, 0.75, 0.9, 1.0))
            if how == 1:
                return shape[-1:]
            if how == 2:
                return (*shape[:-1], 1)
            if how == 3:
                return ()
        return shape

    def _dtype(self, pattern: ArrayPattern, binding: Binding) -> str:
        known = binding.get(":" + pattern.family)
        if pattern.mixed:
            return known[0] if known else self._float
        if known is not None:
            return known
        return self._float if self._float in pattern.dtypes else pattern.dtypes[0]

    @staticmethod
    def _with_dtype(pattern: ArrayPattern, goal: ArrayType, binding: Binding) -> Binding:
        key = ":" + pattern.family
        if pattern.mixed:
            return {**binding, key: (*binding.get(key, ()), goal.dtype)}
        return {**binding, key: goal.dtype}

    # --- steps backward ---

    def _produce(self, block: Block, goal: ArrayType, depth: int) -> Var | None:
        """A new variable of the wanted type, from a production run backwards; None when no attempt succeeds."""
        table = self.tables.producing(goal)
        for _ in range(4):
            production = table.pick(self.choices)
            if production is None:
                return None
            if self._smooth and not production.differentiable:
                continue
            made = self._backward(block, production, goal, depth)
            if made is not None:
                return made
        return None

    def _backward(self, block: Block, production: Production, goal: ArrayType, depth: int) -> Var | None:
        pattern = production.result
        assert isinstance(pattern, ArrayPattern)
        key = ":" + pattern.family
        dtype: Any = (goal.dtype,) if pattern.mixed else goal.dtype
        bindings = pattern.dims.matches(goal.shape, {key: dtype, "#": True})
        if not bindings:
            return None
        mark = self._mark(block)
        binding = dict(self.choices.item(bindings))
        if pattern.mixed:
            binding.pop(key)
        node = self._assemble(block, production, binding, {}, depth)
        if node is not None and isinstance(node.outputs, Var):
            made = node.outputs
            if made.type.fits(goal) and made.type.magnitude <= max(goal.magnitude, 4.0):
                return made
        self._undo(block, mark)
        return None

    # --- results ---

    def _outputs(self, production: Production, node: Node, binding: Binding, outs: Mapping[str, float]) -> Tree | None:
        magnitude = _magnitude(production, node.arguments, binding, outs)
        return self._output(production, production.result, node, binding, magnitude)

    def _output(
        self, production: Production, pattern: Pattern, node: Node, binding: Binding, magnitude: float
    ) -> Tree | None:
        if isinstance(pattern, TuplePattern):
            items = [self._output(production, item, node, binding, magnitude) for item in pattern.items]
            return None if None in items else Display(tuple(item for item in items if item is not None))
        if isinstance(pattern, TreePattern):
            return _fresh(binding[pattern.name], node)
        if any(name not in binding for name in pattern.dims.names):
            return None
        dtype = self._result_dtype(pattern, binding)
        refinement = _result_refinement(pattern, node, binding)
        own = 0.0 if refinement.name in ("unit", "probability", "simplex") or dtype == "bool" else magnitude
        made = ArrayType(dtype, pattern.dims.build(binding), refinement, own)
        if made.size > self._most_elements or made.size == 0 or not own <= types.cap(dtype):
            return None
        return Var(made, node.block, node)

    def _result_dtype(self, pattern: ArrayPattern, binding: Binding) -> str:
        known = binding.get(":" + pattern.family)
        if known is None:
            return self._float if self._float in pattern.dtypes else pattern.dtypes[0]
        return types.promote(known) if pattern.mixed else known

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
            tree = _fresh(of, None, body)
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
        return self._settle(body, bound)

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
        fitting = [var for var in body.scope if var.node is not None and self._bind_array(item, var.type, binding)]
        unused = [var for var in fitting if not var.uses]
        pool = unused or fitting
        if not pool:
            return None
        var = pool[-1]
        binding.update(self.choices.item(self._bind_array(item, var.type, binding)))
        return var

    def _absorb(self, body: Block, var: Var, bound: float) -> bool:
        """Joins an unused variable into one of the results."""
        slots = [result for result in variables(body.result) if result.type.dtype in _LINKED] if body.result else []
        if not slots or var.type.dtype not in (*_LINKED, *types.INTS, *types.BOOL):
            return False
        slot = self.choices.item(slots)
        joined = self._join(body, slot, var, bound)
        if joined is None:
            return False
        _replace_result(body, slot, joined)
        return True

    def _join(self, block: Block, slot: Var, var: Var, bound: float) -> Var | None:
        """A variable of the slot's type that depends on both."""
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
        return self._apply_link(block, self.tables.combine, [slot, var], slot.type, bound)

    def _apply_link(
        self, block: Block, table: Any, operands: Sequence[Var], goal: ArrayType, bound: float
    ) -> Var | None:
        """Applies a production of a linking table to exactly these variables."""
        for _ in range(6):
            production: Production | None = table.pick(self.choices)
            if production is None:
                return None
            mark = self._mark(block)
            binding: Binding = {}
            arguments: dict[str, Any] = {}
            for (name, pattern), var in zip(production.arrays, operands, strict=True):
                bindings = self._bind_array(pattern, var.type, binding)
                if not bindings:
                    break
                binding = bindings[0]
                arguments[name] = var
            else:
                key = f":{production.result.family}"  # type: ignore[union-attr]
                binding = {**binding}
                if key not in binding:
                    binding[key] = goal.dtype
                node = self._assemble(block, production, binding, arguments, 9)
                if node is not None and isinstance(node.outputs, Var):
                    made = node.outputs.type
                    if made.dtype == goal.dtype and made.shape == goal.shape and made.magnitude <= max(bound, 4.0):
                        return node.outputs
            self._undo(block, mark)
        return None

    def _settle(self, body: Block, bound: float) -> bool:
        """Bounds every result that is too large for the next turn of a loop; refuses what is a bare parameter."""
        assert body.result is not None
        for var in {id(var): var for var in variables(body.result)}.values():
            if var.type.dtype in _LINKED and var.type.magnitude > bound:
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
        unused = [var for var in entry.scope if not var.uses]
        if not unused:
            unused = [entry.scope[-1]]
        if any(var.node is None for var in unused):
            raise Rejected("an argument could not be used", self._last_failure)
        if self.transform in SCALAR and len(unused) == 1 and unused[0].type.shape:
            of = unused[0].type
            scalar = self._apply_link(entry, self.tables.collapse, unused, replace(of, shape=()), types.cap(of.dtype))
            unused = unused if scalar is None else [scalar]
        unused = self._with_live(entry, unused)
        for var in unused:
            var.uses += 1
        if len(unused) == 1:
            entry.result = unused[0]
        elif self.choices.chance(self.style["result_dictionary"] / self.style["several_results"]):
            entry.result = Display(tuple(unused), tuple(f"?{at}" for at in range(len(unused))))
        else:
            entry.result = Display(tuple(unused))

    def _with_live(self, entry: Block, results: list[Var]) -> list[Var]:
        """The results, with one that is sure to depend on the arguments: a mask or a rounded value alone may be the
        same for all of them."""
        if any(var.live for var in results):
            return results
        live = [var for var in entry.scope if var.live and var.type.dtype in _LINKED]
        made = [var for var in live if var.node is not None] or live
        if not made:
            return results
        if self.transform in SCALAR and len(results) == 1:
            self.transform = "value_and_grad"
            joined = self._join(entry, results[0], made[-1], types.cap(results[0].type.dtype))
            return results if joined is None else [joined]
        return [made[-1], *results]

    def _merge(self, entry: Block, unused: Sequence[Var]) -> bool:
        """Joins the two unused variables that fit best."""
        floats = sorted((v for v in unused if v.type.dtype in _LINKED), key=lambda v: v.type.size)
        others = [v for v in unused if v.type.dtype in (*types.INTS, *types.BOOL) and v.type.refinement.name != "key"]
        if not floats or len(unused) < 2:
            return False
        slot = floats[-1]
        small = others[0] if others else floats[0]
        return small is not slot and self._join(entry, slot, small, types.cap(slot.type.dtype)) is not None

    # --- arguments, and undoing ---

    def _may_add_argument(self, block: Block, depth: int) -> bool:
        return (
            block is self.entry
            and depth <= 2
            and self._argument_count() < max(self._arguments, 1) + 2
            and (self._argument_count() < self._arguments or self.choices.chance(0.3))
        )

    def _argument_count(self) -> int:
        return len(self.entry.scope) - sum(var.node is not None for var in self.entry.scope)

    def _new_argument(self, block: Block, of: ArrayType, role: str) -> Var:
        var = Var(of, block, live=of.dtype in (*_LINKED, KEY))
        block.scope.append(var)
        eligible = of.dtype in types.FLOATS and not of.refinement.name and len(block.params) > 0
        if eligible and (self._dictionary is not None or self.choices.chance(self.style["dictionary"])):
            self._add_to_dictionary(block, var, role)
        else:
            block.params.append(Param(role, var))
        return var

    def _add_to_dictionary(self, block: Block, var: Var, role: str) -> None:
        if self._dictionary is None:
            self._dictionary = Display((), ())
            block.params.append(Param("params", self._dictionary))
        tree = self._dictionary
        key = next(k for k in _parameter_keys(var.type, role) if k not in tree.keys)
        tree.items, tree.keys = (*tree.items, var), (*tree.keys, key)

    def _mark(self, block: Block) -> _Mark:
        tree = self._dictionary
        held = None if tree is None else (tree.items, tree.keys)
        return _Mark(len(block.nodes), len(block.scope), len(block.params), held, self._made)

    def _undo(self, block: Block, mark: _Mark) -> None:
        for node in block.nodes[mark.nodes :]:
            self._release(node)
        del block.nodes[mark.nodes :]
        del block.scope[mark.scope :]
        del block.params[mark.params :]
        self._made = mark.made
        if block is self.entry:
            if mark.dictionary is None:
                self._dictionary = None
            elif self._dictionary is not None:
                self._dictionary.items, self._dictionary.keys = mark.dictionary

    def _release(self, node: Node) -> None:
        for tree in _trees(node.arguments):
            for var in variables(tree):
                var.uses -= 1
        for value in node.arguments.values():
            if isinstance(value, Block):
                value.calls -= 1
                if not value.calls:
                    self._discard(value)

    def _drop_uncalled(self, production: Production, arguments: Mapping[str, Any]) -> None:
        """Drops the bodies drawn for a node that does not come to be; a helper of other nodes stays."""
        for name, _ in production.bodies:
            body = arguments.get(name)
            if body is not None and not body.calls:
                self._discard(body)

    def _discard(self, body: Block) -> None:
        """Gives back the uses of a body that is not written."""
        for node in body.nodes:
            self._release(node)
        body.nodes.clear()
        self.helpers = [helper for helper in self.helpers if helper[2] is not body]

    def _commit(self, block: Block, node: Node, outputs: Tree) -> None:
        node.outputs = outputs
        block.scope.extend(variables(outputs))
        block.nodes.append(node)
        self._made += 1
        for tree in _trees(node.arguments):
            for var in variables(tree):
                var.uses += 1
        for value in node.arguments.values():
            if isinstance(value, Block):
                value.calls += 1


_LINKED = (*types.FLOATS, *types.COMPLEX)
_STATE_KEYS = ("state", "trace", "total")


def _trees(arguments: Mapping[str, Any]) -> Iterable[Tree]:
    return (value for value in arguments.values() if isinstance(value, Var | Literal | Display))


def _dimensions(binding: Binding) -> int:
    """How many dimensions a binding knows (its other keys start with a sign)."""
    return sum(key[0].isalpha() for key in binding)


def _unbound(pattern: ArrayPattern, binding: Binding) -> list[str]:
    bound = pattern.refinement.bound
    names = pattern.dims.unbound(binding)
    return names if bound is None else names + [name for name in bound.names if name not in (*binding, *names)]


def _key_of(item: ArrayPattern | TreePattern) -> str:
    return item.name if isinstance(item, TreePattern) else f"{item.family} {item.dims.text}"


def _fresh(of: Type, node: Node | None, block: Block | None = None) -> Tree:
    """A tree of new variables of this type."""
    home = block if block is not None else node.block if node is not None else None
    assert home is not None
    if isinstance(of, ArrayType):
        return Var(of, home, node)
    if isinstance(of, types.TupleType):
        return Display(tuple(_fresh(item, node, home) for item in of.items))
    return Display(tuple(_fresh(item, node, home) for _, item in of.items), tuple(key for key, _ in of.items))


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


def _stays_live(production: Production, arguments: Mapping[str, Any]) -> bool:
    """Whether what a production makes of these values is sure to change with them."""
    values = [var for tree in _trees(arguments) for var in variables(tree)]
    if not production.faithful or production.bodies or not values:
        return False
    # What adds up to 1 may add up to 1 again.
    return all(var.live and var.type.refinement.name != "simplex" for var in values)


def _saturated(var: Var, arguments: Mapping[str, Any]) -> bool:
    """Whether a bounded function may have met values so large that it is flat there."""
    if var.type.refinement.name not in ("unit", "probability", "simplex"):
        return False
    return any(leaf.magnitude > 3 for tree in _trees(arguments) for _, leaf in types.leaves(type_of(tree)))


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    return broadcast(small, large) == large


def _magnitude(
    production: Production, arguments: Mapping[str, Any], binding: Binding, outs: Mapping[str, float]
) -> float:
    """log2 of the bound of the result."""
    own = {
        name: max((leaf.magnitude for _, leaf in types.leaves(type_of(arguments[name]))), default=0.0)
        for name, _ in production.operands
    }
    own.update(outs)
    if production.magnitude is None:
        return max(own.values(), default=2.0)
    values: list[Any] = []
    for name in production.magnitude_arguments:
        if name in own:
            values.append(own[name])
        elif name in arguments:
            values.append(arguments[name])
        else:
            size = binding[name]
            values.append(log2(size) if isinstance(size, int) else sum(log2(extent) for extent in size))
    return min(float(production.magnitude(*values)), 1e6)


def _result_refinement(pattern: ArrayPattern, node: Node, binding: Binding) -> Refinement:
    rule = pattern.refinement
    if rule.source:
        source = type_of(node.arguments[rule.source])
        kept = source.refinement if isinstance(source, ArrayType) else ANY
        if rule.kept is types.SIGNS:
            signs = [name for name in types.SIGNS if name in IMPLIES[kept.name]]
            return Refinement(signs[0]) if signs else ANY
        return kept if kept.name in rule.kept else ANY
    if rule.bound is not None:
        return Refinement(rule.name, rule.bound.size(binding))
    return Refinement(rule.name)


def _parameter_keys(of: ArrayType, role: str) -> Iterable[str]:
    base = {0: "scale", 1: "bias", 2: "kernel"}.get(len(of.shape), "weights")
    yield from ((role,) if len(role) > 1 else ())
    yield base
    yield from (f"{base}_{at}" for at in range(2, 100))
