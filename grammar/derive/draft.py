"""A draft of a program: what has been drawn so far, its arguments, and the way back from an attempt that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from grammar.choices import Choices
from grammar.derive.applicable import DIFFERENTIATING
from grammar.derive.graph import Block, Display, Node, Param, Tree, Var, variables
from grammar.derive.index import Tables, quantile
from grammar.derive.outcome import LINKED, trees
from grammar.rules.production import Production
from grammar.values import types
from grammar.values.patterns import BodyPattern
from grammar.values.types import KEY, ArrayType, Type

_SIZES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64)


@dataclass(slots=True)
class _Mark:
    """Where a block stood before an attempt."""

    nodes: int
    scope: int
    params: int
    dictionary: tuple[tuple[Tree, ...], tuple[str, ...]] | None
    made: int


class Draft:
    """One program's graph as far as it is drawn. `entry` is its entry function."""

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

    # --- arguments ---

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
        var = Var(of, block, live=of.dtype in (*LINKED, KEY))
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

    # --- undoing ---

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
        for tree in trees(node.arguments):
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
        for tree in trees(node.arguments):
            for var in variables(tree):
                var.uses += 1
        for value in node.arguments.values():
            if isinstance(value, Block):
                value.calls += 1


def _parameter_keys(of: ArrayType, role: str) -> Iterable[str]:
    base = {0: "scale", 1: "bias", 2: "kernel"}.get(len(of.shape), "weights")
    yield from ((role,) if len(role) > 1 else ())
    yield base
    yield from (f"{base}_{at}" for at in range(2, 100))
