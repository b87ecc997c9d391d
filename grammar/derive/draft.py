"""A draft of a program: what has been drawn so far, its arguments, and the way back from an attempt that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TypeVar

from grammar.choices import Choices
from grammar.derive.applicable import DIFFERENTIATING
from grammar.derive.graph import Arguments, Block, Display, Node, Param, Tree, Var, variables
from grammar.derive.index import Tables, quantile
from grammar.derive.outcome import LINKED, trees
from grammar.rules.production import Production
from grammar.values import types
from grammar.values.binding import Binding
from grammar.values.patterns import ArrayPattern, BodyPattern
from grammar.values.types import KEY, ArrayType, Type

T = TypeVar("T")
_SIZES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64)
_RANKS = (0.06, 0.33, 0.74, 0.95, 1.0)


@dataclass(slots=True)
class _Mark:
    """Where a block stood before an attempt."""

    nodes: int
    scope: int
    params: int
    dictionary: tuple[tuple[Tree, ...], tuple[str, ...]] | None
    made: int


class Draft:
    """One program's graph as far as it is drawn, and what was decided of the program as a whole."""

    def __init__(self, tables: Tables, choices: Choices) -> None:
        self.tables = tables
        self.choices = choices
        self.style = tables.profile.style
        self.caps = tables.profile.caps
        self.entry = Block()
        self.helpers: list[tuple[BodyPattern, tuple[Type, ...], Block]] = []
        self.made = 0
        """How many nodes stand in it."""
        self.last_failure = ""
        """The production that was tried last and came to nothing."""
        dtypes = tables.profile.dtypes
        names = [name for name, share in dtypes.items() if share]
        self.float = names[choices.weighted(tuple(accumulate(dtypes[name] for name in names)))]
        """The dtype of floats where nothing else decides."""
        self._sizes = [choices.item(_SIZES) for _ in range(4)]
        self.arguments = quantile(tables.profile.sizes["arguments"], choices)
        """How many arguments the entry is to have."""
        self._dictionary: Display | None = None
        shares = tables.profile.transforms
        self.transform = tuple(shares)[choices.weighted(tuple(accumulate(shares.values())))]
        self.smooth = int(self.transform in DIFFERENTIATING)
        """How many functions that are differentiated stand around the place of derivation."""
        self.nested = 0
        """How many bodies stand around it."""

    # --- types ---

    def size(self) -> int:
        """One of the program's few sizes of dimensions."""
        return self.choices.item(self._sizes)

    def shape(self, rank: int) -> tuple[int, ...]:
        """A shape of these sizes."""
        return tuple(self.size() for _ in range(rank))

    def first_type(self) -> ArrayType:
        """The type of an argument that nothing determines."""
        of = ArrayType(self.float, self.shape(self.choices.weighted(_RANKS)))
        while of.size > self.caps["elements"]:
            of = replace(of, shape=of.shape[1:])
        return of

    def dtype(self, pattern: ArrayPattern, binding: Binding) -> str:
        """The dtype of a new value of this pattern."""
        known = binding.dtype(pattern.family)
        if known is not None:
            return known
        return self.float if pattern.mixed or self.float in pattern.dtypes else pattern.dtypes[0]

    # --- arguments ---

    def may_add_argument(self, block: Block, depth: int) -> bool:
        """Whether a value that is asked for in this block may be a new argument of the entry."""
        return (
            block is self.entry
            and depth <= 2
            and self._argument_count() < max(self.arguments, 1) + 2
            and (self._argument_count() < self.arguments or self.choices.chance(0.3))
        )

    def _argument_count(self) -> int:
        return len(self.entry.scope) - sum(var.node is not None for var in self.entry.scope)

    def add_argument(self, of: ArrayType, role: str) -> Var:
        """A new argument of the entry, by itself or in its dictionary of parameters."""
        entry = self.entry
        var = Var(of, entry, live=of.dtype in (*LINKED, KEY))
        entry.scope.append(var)
        eligible = of.dtype in types.FLOATS and not of.refinement.name and len(entry.params) > 0
        if eligible and (self._dictionary is not None or self.choices.chance(self.style["dictionary"])):
            self._add_to_dictionary(var, role)
        else:
            entry.params.append(Param(role, var))
        return var

    def _add_to_dictionary(self, var: Var, role: str) -> None:
        if self._dictionary is None:
            self._dictionary = Display((), ())
            self.entry.params.append(Param("params", self._dictionary))
        tree = self._dictionary
        key = next(k for k in _parameter_keys(var.type, role) if k not in tree.keys)
        tree.items, tree.keys = (*tree.items, var), (*tree.keys, key)

    # --- nodes ---

    def add(self, block: Block, node: Node, outputs: Tree) -> None:
        """Adds a node, with what it makes, to the end of its block."""
        node.outputs = outputs
        block.scope.extend(variables(outputs))
        block.nodes.append(node)
        self.made += 1
        for tree in trees(node.arguments):
            use(tree)
        for value in node.arguments.values():
            if isinstance(value, Block):
                value.calls += 1

    def attempt(self, block: Block, grow: Callable[[], T | None]) -> T | None:
        """What `grow` gives; where that is None, the block is again as it was."""
        mark = self._mark(block)
        grown = grow()
        if grown is None:
            self._undo(block, mark)
        return grown

    def _mark(self, block: Block) -> _Mark:
        tree = self._dictionary
        held = None if tree is None else (tree.items, tree.keys)
        return _Mark(len(block.nodes), len(block.scope), len(block.params), held, self.made)

    def _undo(self, block: Block, mark: _Mark) -> None:
        for node in block.nodes[mark.nodes :]:
            self._release(node)
        del block.nodes[mark.nodes :]
        del block.scope[mark.scope :]
        del block.params[mark.params :]
        self.made = mark.made
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
                    self.discard(value)

    def drop_uncalled(self, production: Production, arguments: Arguments) -> None:
        """Drops the bodies drawn for a node that does not come to be; a helper of other nodes stays."""
        for name, _ in production.bodies:
            body = arguments.get(name)
            if body is not None and not body.calls:
                self.discard(body)

    def discard(self, body: Block) -> None:
        """Gives back the uses of a body that is not written."""
        for node in body.nodes:
            self._release(node)
        body.nodes.clear()
        self.helpers = [helper for helper in self.helpers if helper[2] is not body]


def use(tree: Tree) -> None:
    """Counts one use of each variable of a tree."""
    for var in variables(tree):
        var.uses += 1


def _parameter_keys(of: ArrayType, role: str) -> Iterable[str]:
    base = {0: "scale", 1: "bias", 2: "kernel"}.get(len(of.shape), "weights")
    yield from ((role,) if len(role) > 1 else ())
    yield base
    yield from (f"{base}_{at}" for at in range(2, 100))
