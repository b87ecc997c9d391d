"""Steps of a derivation, forwards from what is in scope and backwards from what is wanted.

A step takes a variable (unused ones first), a production that accepts it, and finds the other operands: in scope,
derived backwards from their type, as a literal, or as a new argument. An attempt that fails leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import log2
from typing import Any

from grammar.derive.draft import Draft
from grammar.derive.fitting import bind_array, dimensions, reduces_scalars, turns, unbound, with_dtype
from grammar.derive.graph import Block, Display, Literal, Node, Tree, Var, type_of, variables
from grammar.derive.outcome import LINKED, fresh, magnitude_of, result_refinement, saturated, stays_live, trees
from grammar.errors import Rejected
from grammar.rules.production import Production
from grammar.values import types
from grammar.values.dims import Binding
from grammar.values.patterns import ArrayPattern, BodyPattern, Pattern, TreePattern, TuplePattern
from grammar.values.statics import Bound
from grammar.values.types import IMPLIES, KEY, ArrayType, Refinement

_RANKS = (0.06, 0.33, 0.74, 0.95, 1.0)
_FLOAT_LITERALS = (2.0, 0.5, 0.1, 3.0, 0.25, 1.5, 0.9, 0.01, 4.0, 10.0, 0.2, 1e-3)
_INT_LITERALS = (2, 3, 1, 4, 5, 7)
_STATE_KEYS = ("state", "trace", "total")
_ATTEMPTS = 12


class Steps(Draft):
    """A draft that grows by one production at a time."""

    def _body(
        self, block: Block, pattern: BodyPattern, binding: Binding, magnitudes: Iterable[float], depth: int
    ) -> Block | None:
        """A function of the wanted type, or None; it is grown by steps in its turn."""
        raise NotImplementedError

    # --- steps forward ---

    def _first_type(self) -> ArrayType:
        rank = self.choices.weighted(_RANKS)
        of = ArrayType(self._float, tuple(self.choices.item(self._sizes) for _ in range(rank)))
        while of.size > self._most_elements:
            of = replace(of, shape=of.shape[1:])
        return of

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
            if self._smooth and not production.smooth:
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
        bindings = bind_array(pattern, driver.type, {})
        if not bindings:
            return None
        mark = self._mark(block)
        binding = dict(self.choices.item(bindings))
        node = self._assemble(block, production, binding, {operand: driver}, 0)
        if node is None:
            self._undo(block, mark)
        return node

    # --- one node ---

    def _assemble(
        self, block: Block, production: Production, binding: Binding, arguments: dict[str, Any], depth: int
    ) -> Node | None:
        """Finds the missing operands, statics and bodies, checks the caps and adds the node."""
        found = self._operands(block, production, binding, arguments, depth)
        if found is None or not self._statics(block, production, found, arguments):
            return self._fail(production)
        node = self._with_bodies(block, production, found, arguments, depth)
        if node is None:
            self._drop_uncalled(production, arguments)
            return self._fail(production)
        return node

    def _operands(
        self, block: Block, production: Production, binding: Binding, arguments: dict[str, Any], depth: int
    ) -> Binding | None:
        """Adds the operands that are missing to the arguments; returns the binding that they bring."""
        taken = {var for tree in arguments.values() for var in variables(tree)}
        backward = "#" in binding
        whole = self._whole_operand(production) if backward else ""
        if backward and production.relation is not None and not self._related(production, binding):
            return None
        related = dimensions(binding) if backward else -1
        for name, pattern in production.operands:
            if name in arguments:
                continue
            if name == whole:
                assert isinstance(pattern, ArrayPattern)
                pattern = replace(pattern, dims=pattern.dims.exact())
            found = self._operand(block, production, name, pattern, binding, taken, depth)
            if found is None:
                return None
            arguments[name], binding = found
            taken.update(variables(arguments[name]))
        # Backwards, a relation has spoken before the operands; it is asked again about what they have brought.
        asked_again = production.relation is not None and dimensions(binding) != related
        return None if asked_again and not self._related(production, binding) else binding

    def _statics(self, block: Block, production: Production, binding: Binding, arguments: dict[str, Any]) -> bool:
        """Adds the static arguments; whether all arguments are within the caps."""
        self._complete_statics(block, production, binding)
        for name, spec in production.statics:
            arguments[name] = spec.draw(binding, production.operand_dims, self.choices)
        if not self._in_bounds(arguments, production, binding) or self._unrolls_too_far(arguments, production):
            return False
        return not reduces_scalars(production, arguments)

    def _with_bodies(
        self, block: Block, production: Production, binding: Binding, arguments: dict[str, Any], depth: int
    ) -> Node | None:
        """Grows the bodies and adds the node with what it makes."""
        magnitudes = [leaf.magnitude for tree in trees(arguments) for _, leaf in types.leaves(type_of(tree))]
        outs: dict[str, float] = {}
        for name, body in production.bodies:
            made = self._body(block, body, binding, magnitudes, depth)
            if made is None:
                return None
            arguments[name] = made
            result = made.result
            assert result is not None
            outs[name] = max((leaf.magnitude for _, leaf in types.leaves(type_of(result))), default=0.0)
        node = Node(production, arguments, block)
        outputs = self._outputs(production, node, binding, outs)
        if outputs is None:
            return None
        if stays_live(production, arguments):
            for var in variables(outputs):
                var.live = var.type.dtype in LINKED and not saturated(var, arguments)
        self._commit(block, node, outputs)
        return node

    def _related(self, production: Production, binding: Binding) -> bool:
        assert production.relation is not None
        try:
            holds = production.relation(binding, self.choices)
        except Rejected:
            raise
        except Exception as error:
            raise production.fail(f"its relation fails on {binding}: {type(error).__name__}: {error}") from error
        for label, spec in production.statics if holds else ():
            if isinstance(spec, Bound) and spec.name not in binding:
                raise production.fail(f"its relation binds no {spec.name!r}, which static {label!r} asks for; bind it")
        return holds

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

    def _unrolls_too_far(self, arguments: Mapping[str, Any], production: Production) -> bool:
        """Whether a Python loop, which tracing writes out, would run more often than the profile allows."""
        most = self.tables.profile.caps["unroll"]
        return any(turns(production, name, arguments.get(name)) > most for name in production.template.iterated)

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
        taken: set[Var],
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
        if unbound(pattern, binding):
            pattern = replace(pattern, dims=pattern.dims.exact())
            binding = self._complete(pattern, binding)
        goal = self._goal(pattern, binding)
        if goal is None:
            return None
        if depth < self.tables.profile.caps["depth"] and self.choices.chance(0.5):
            made = self._produce(block, goal, depth + 1)
            if made is not None:
                return made, with_dtype(pattern, goal, binding)
        if self._may_add_argument(block, depth):
            return self._new_argument(block, goal, name), with_dtype(pattern, goal, binding)
        if literal:
            return self._literal(pattern, binding), binding
        made = self._produce(block, goal, depth + 1) if depth < self.tables.profile.caps["depth"] else None
        return None if made is None else (made, with_dtype(pattern, goal, binding))

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
        self, block: Block, pattern: ArrayPattern, binding: Binding, taken: set[Var]
    ) -> tuple[Tree, Binding] | None:
        candidates: list[tuple[Var, list[Binding]]] = []
        cumulative: list[float] = []
        total = 0.0
        dtypes, dims, rule = pattern.dtypes, pattern.dims, pattern.refinement
        known = None if pattern.mixed else binding.get(":" + pattern.family)
        for var in block.visible():
            of = var.type
            if of.dtype not in dtypes or (known is not None and of.dtype != known) or var in taken:
                continue
            if rule.name not in IMPLIES[of.refinement.name] or (of.dtype == KEY and var.uses):
                continue
            # What binds no index leaves the dtype to the one that is chosen: this loop is the heart of a derivation.
            bindings = dims.matches(of.shape, binding) if rule.bound is None else bind_array(pattern, of, binding)
            if not bindings:
                continue
            total += 6.0 if not var.uses else 1.0 if var.block is block else 0.5
            candidates.append((var, bindings))
            cumulative.append(total)
        if not candidates:
            return None
        var, bindings = candidates[self.choices.weighted(cumulative)]
        chosen = bindings[0] if len(bindings) == 1 else self.choices.item(bindings)
        return var, dict(chosen) if rule.bound is not None else with_dtype(pattern, var.type, chosen)

    def _may_be_literal(self, pattern: ArrayPattern, binding: Binding) -> bool:
        dims = pattern.dims
        return (
            len(dims.terms) == 1
            and dims.terms[0].broadcast
            and dims.stars[0] in binding
            and binding.get(":" + pattern.family) not in (None, "bool")
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
        for name in unbound(pattern, binding):
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
        magnitude = magnitude_of(production, node.arguments, binding, outs)
        return self._output(production, production.result, node, binding, magnitude)

    def _output(
        self, production: Production, pattern: Pattern, node: Node, binding: Binding, magnitude: float
    ) -> Tree | None:
        if isinstance(pattern, TuplePattern):
            items = [self._output(production, item, node, binding, magnitude) for item in pattern.items]
            return None if None in items else Display(tuple(item for item in items if item is not None))
        if isinstance(pattern, TreePattern):
            return fresh(binding[pattern.name], node)
        if any(name not in binding for name in pattern.dims.names):
            return None
        dtype = self._result_dtype(pattern, binding)
        refinement = result_refinement(pattern, node, binding)
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
