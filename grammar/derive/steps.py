"""Steps of a derivation, forwards from what is in scope and backwards from what is wanted.

A step takes a variable (unused ones first), a production that accepts it, and finds the other operands. An attempt that
fails leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from grammar.derive.bodies import Bodies
from grammar.derive.draft import Draft
from grammar.derive.fitting import bind_array, in_bounds, reduces_scalars, turns
from grammar.derive.graph import Arguments, Block, Display, Node, Tree, Var, type_of, variables
from grammar.derive.links import Links
from grammar.derive.operands import Operands
from grammar.derive.outcome import LINKED, fresh, magnitude_of, result_refinement, saturated, stays_live, trees
from grammar.errors import Rejected
from grammar.rules.production import Production
from grammar.values import types
from grammar.values.binding import Binding
from grammar.values.patterns import ArrayPattern, Pattern, TreePattern, TuplePattern
from grammar.values.statics import Bound
from grammar.values.types import KEY, ArrayType

_ATTEMPTS = 12
_ATTEMPTS_BACKWARDS = 4


class Steps:
    """Grows a draft by one production at a time: the ways of `growth.Growth`."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._choices = draft.choices
        self._operands = Operands(draft, self)
        self._bodies = Bodies(draft, self, Links(draft, self))

    # --- forwards ---

    def step(self, block: Block, pool: Sequence[Var]) -> bool:
        """Applies one production to a variable of the pool; False when no attempt succeeded."""
        for _ in range(_ATTEMPTS):
            driver = self._driver(pool)
            if driver is None:
                return False
            picked = self._draft.tables.accepting(driver.type).pick(self._choices)
            if picked is None:
                continue
            production, operand = picked
            if self._draft.smooth and not production.smooth:
                continue
            if self._forward(block, production, operand, driver) is not None:
                return True
        return False

    def _driver(self, pool: Sequence[Var]) -> Var | None:
        """A variable of the pool, mostly one of the last, and one that has no use yet."""
        total = 0.0
        cumulative: list[float] = []
        for at, var in enumerate(pool):
            weight = 8.0 if not var.uses else 0.0 if var.type.dtype == KEY else 1.0
            total += weight * (1.0 + at / len(pool))
            cumulative.append(total)
        return pool[self._choices.weighted(cumulative)] if total else None

    def _forward(self, block: Block, production: Production, operand: str, driver: Var) -> Node | None:
        """Applies a production with `driver` as one operand, or as a leaf of one."""
        pattern = production.params[operand]
        if isinstance(pattern, TreePattern):
            return self._draft.attempt(block, lambda: self._with_leaf(block, production, operand, driver))
        assert isinstance(pattern, ArrayPattern)
        bindings = bind_array(pattern, driver.type, Binding({}))
        if not bindings:
            return None
        binding = self._choices.item(bindings)
        return self._draft.attempt(block, lambda: self.assemble(block, production, binding, {operand: driver}, 0))

    def _with_leaf(self, block: Block, production: Production, operand: str, driver: Var) -> Node | None:
        pattern = production.params[operand]
        assert isinstance(pattern, TreePattern)
        tree, binding = self._operands.tree_of(block, pattern, driver)
        return self.assemble(block, production, binding, {operand: tree}, 0)

    # --- backwards ---

    def produce(self, block: Block, goal: ArrayType, depth: int) -> Var | None:
        """A new variable of the wanted type, from a production run backwards; None when no attempt succeeds."""
        table = self._draft.tables.producing(goal)
        for _ in range(_ATTEMPTS_BACKWARDS):
            production = table.pick(self._choices)
            if production is None:
                return None
            if self._draft.smooth and not production.differentiable:
                continue
            made = self._backward(block, production, goal, depth)
            if made is not None:
                return made
        return None

    def _backward(self, block: Block, production: Production, goal: ArrayType, depth: int) -> Var | None:
        """A new variable of the wanted type as the result of this production."""
        pattern = production.result
        assert isinstance(pattern, ArrayPattern)
        fitting = pattern.dims.matches(goal.shape, {}, bounded=True)
        if not fitting:
            return None
        dtypes = {} if pattern.mixed else {pattern.family: goal.dtype}
        binding = Binding(self._choices.item(fitting), dtypes, bounded=True)

        def grow() -> Var | None:
            node = self.assemble(block, production, binding, {}, depth)
            if node is None or not isinstance(node.outputs, Var):
                return None
            made = node.outputs.type
            return node.outputs if made.fits(goal) and made.magnitude <= max(goal.magnitude, 4.0) else None

        return self._draft.attempt(block, grow)

    # --- one node ---

    def assemble(
        self, block: Block, production: Production, binding: Binding, arguments: Arguments, depth: int
    ) -> Node | None:
        """A node of the production, with the operands, statics and bodies that its arguments still lack."""
        with_operands = self._with_operands(block, production, binding, arguments, depth)
        known = with_operands and self._with_statics(block, production, with_operands, arguments)
        node = known and self._with_bodies(block, production, known, arguments, depth)
        if node is None:
            self._draft.drop_uncalled(production, arguments)
            self._draft.last_failure = production.name
        return node

    def _with_operands(
        self, block: Block, production: Production, binding: Binding, arguments: Arguments, depth: int
    ) -> Binding | None:
        """Adds the operands that are missing to the arguments; the binding that they bring."""
        taken = {var for tree in arguments.values() for var in variables(tree)}
        known: Binding | None = binding
        whole, related = "", -1
        if binding.bounded:  # backwards, a relation speaks before the operands, and again about what they have brought
            whole = self._whole_operand(production)
            known = self._related(production, binding)
            if known is None:
                return None
            related = len(known.sizes)
        for name, pattern in production.operands:
            if name in arguments:
                continue
            if name == whole:
                assert isinstance(pattern, ArrayPattern)
                pattern = replace(pattern, dims=pattern.dims.exact())
            found = self._operands.find(block, name, pattern, known, taken, depth)
            if found is None:
                return None
            arguments[name], known = found
            taken.update(variables(arguments[name]))
        return known if len(known.sizes) == related else self._related(production, known)

    def _whole_operand(self, production: Production) -> str:
        """Of the operands that broadcast, the one that has the whole shape when the result is given."""
        names = [name for name, pattern in production.arrays if pattern.dims.broadcasts]
        return self._choices.item(names) if names else ""

    def _related(self, production: Production, binding: Binding) -> Binding | None:
        """The binding with what the production's relation, if there is one, adds; None where that refuses it."""
        if production.relation is None:
            return binding
        try:
            found = production.relation(binding, self._choices)
        except Rejected:
            raise
        except Exception as error:
            known = dict(binding.sizes)
            raise production.fail(f"its relation fails on {known}: {type(error).__name__}: {error}") from error
        if found is None:
            return None
        if not isinstance(cast("Any", found), Binding):
            raise production.fail(f"its relation returns {found!r}; return a binding, or None where it refuses one")
        for label, spec in production.statics:
            if isinstance(spec, Bound) and spec.name not in found.sizes:
                raise production.fail(f"its relation binds no {spec.name!r}, which static {label!r} asks for; bind it")
        return found

    def _with_statics(
        self, block: Block, production: Production, binding: Binding, arguments: Arguments
    ) -> Binding | None:
        """Adds the static arguments; the binding that they bring, or None where the arguments exceed a cap."""
        binding = self._completed(block, production, binding)
        for name, spec in production.statics:
            arguments[name] = spec.draw(binding, production.operand_dims, self._choices)
            binding = spec.bind(arguments[name], binding)
        fits = in_bounds(production, arguments, binding.sizes) and not self._unrolls_too_far(production, arguments)
        return binding if fits and not reduces_scalars(production, arguments) else None

    def _completed(self, block: Block, production: Production, binding: Binding) -> Binding:
        """The binding with a size for every dimension that only the result or a static mentions."""
        drawn = {name for _, spec in production.statics for name in spec.draws}
        for _, spec in production.statics:
            for name in spec.binds:
                if name not in binding.sizes and name not in drawn:
                    size = self._free_shape(block) if name in spec.stars else self._draft.size()
                    binding = binding.having(**{name: size})
        return binding

    def _free_shape(self, block: Block) -> tuple[int, ...]:
        """A shape for what nothing determines: mostly that of something in scope, so that they can meet later."""
        shapes = [var.type.shape for var in block.scope if len(var.type.shape) <= 3]
        if shapes and self._choices.chance(0.7):
            return self._choices.item(shapes)
        return self._draft.shape(self._choices.below(3))

    def _unrolls_too_far(self, production: Production, arguments: Arguments) -> bool:
        """Whether a Python loop, which tracing writes out, would run more often than the profile allows."""
        most = self._draft.caps["unroll"]
        return any(turns(production, name, arguments.get(name)) > most for name in production.template.iterated)

    def _with_bodies(
        self, block: Block, production: Production, binding: Binding, arguments: Arguments, depth: int
    ) -> Node | None:
        """Grows the bodies and adds the node with what it makes."""
        magnitudes = [leaf.magnitude for tree in trees(arguments) for _, leaf in types.leaves(type_of(tree))]
        outs: dict[str, float] = {}
        for name, pattern in production.bodies:
            grown = self._bodies.grow(block, pattern, binding, magnitudes, depth)
            if grown is None:
                return None
            body, binding = grown
            arguments[name] = body
            assert body.result is not None
            outs[name] = max((leaf.magnitude for _, leaf in types.leaves(type_of(body.result))), default=0.0)
        node = Node(production, arguments, block)
        magnitude = magnitude_of(production, arguments, binding.sizes, outs)
        outputs = self._output(production.result, node, binding, magnitude)
        if outputs is None:
            return None
        if stays_live(production, arguments):
            for var in variables(outputs):
                var.live = var.type.dtype in LINKED and not saturated(var, arguments)
        self._draft.add(block, node, outputs)
        return node

    def _output(self, pattern: Pattern, node: Node, binding: Binding, magnitude: float) -> Tree | None:
        """New variables for what a node makes; None where one would be too large."""
        if isinstance(pattern, TuplePattern):
            items = [self._output(item, node, binding, magnitude) for item in pattern.items]
            return None if None in items else Display(tuple(item for item in items if item is not None))
        if isinstance(pattern, TreePattern):
            of = binding.trees[pattern.name]
            largest = max([magnitude, *(leaf.magnitude for _, leaf in types.leaves(of))])
            fits = all(largest <= types.cap(leaf.dtype) for _, leaf in types.leaves(of))
            return fresh(types.like(of, magnitude=largest), node) if fits else None
        if pattern.dims.unbound(binding.sizes):
            return None
        dtype = (
            types.promote(binding.promoted)
            if pattern.mixed and binding.promoted
            else self._draft.dtype(pattern, binding)
        )
        refinement = result_refinement(pattern, node, binding.sizes)
        own = 0.0 if refinement.name in ("unit", "probability", "simplex") or dtype == "bool" else magnitude
        made = ArrayType(dtype, pattern.dims.build(binding.sizes), refinement, own)
        if made.size > self._draft.caps["elements"] or made.size == 0 or not own <= types.cap(dtype):
            return None
        return Var(made, node.block, node)
