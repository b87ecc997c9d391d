"""A derivation: a typed graph of productions applied to variables. Drawn by `derive`, written out by `write`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grammar.rules.production import Production
from grammar.values.types import ArrayType, DictType, TupleType, Type


@dataclass(slots=True, eq=False)
class Var:
    """One array in scope: a leaf of a parameter, or an output of a node."""

    type: ArrayType
    block: Block
    node: Node | None = None
    uses: int = 0
    live: bool = False
    """Whether it follows the arguments: it is not the same for nearly all of them, as a mask may be."""


@dataclass(slots=True, eq=False)
class Literal:
    """A Python number standing for a scalar array."""

    value: float | int
    type: ArrayType


@dataclass(slots=True, eq=False)
class Display:
    """A tuple or dictionary of values; `keys` is empty for a tuple."""

    items: tuple[Tree, ...]
    keys: tuple[str, ...] = ()
    unnamed: bool = False
    """Whether the keys only count the items, and writing gives them names; as values it is a tuple."""


Tree = Var | Literal | Display


Arguments = dict[str, Any]
"""A production's parameters -> trees for operands, Python values for statics, blocks for bodies."""


@dataclass(slots=True, eq=False)
class Node:
    """A production applied: its parameters' values and the variables it makes (a tree of the result's form)."""

    production: Production
    arguments: Arguments

    block: Block
    outputs: Tree | None = None


@dataclass(slots=True, eq=False)
class Param:
    """A parameter of a function: what it stands for, and the tree of variables behind it."""

    role: str
    tree: Tree


@dataclass(slots=True, eq=False)
class Block:
    """A function: parameters, nodes in order of evaluation, and what it returns."""

    parent: Block | None = None
    params: list[Param] = field(default_factory=list[Param])
    scope: list[Var] = field(default_factory=list[Var])
    """The variables made in this block, parameters included, in order."""
    nodes: list[Node] = field(default_factory=list[Node])
    result: Tree | None = None
    helper: bool = False
    differentiable: bool = True
    calls: int = 0
    """How many nodes call it."""

    def visible(self) -> Iterator[Var]:
        """What the block can use: its own variables, then those of the blocks around it (keys excepted)."""
        yield from self.scope
        outer = self.parent
        while outer is not None:
            for var in outer.scope:
                if var.type.refinement.name != "key":
                    yield var
            outer = outer.parent


def variables(tree: Tree) -> Iterator[Var]:
    """The variables of a tree, in order."""
    if isinstance(tree, Var):
        yield tree
    elif isinstance(tree, Display):
        for item in tree.items:
            yield from variables(item)


def type_of(tree: Tree) -> Type:
    """The type of a tree of values."""
    if isinstance(tree, Display):
        items = tuple(type_of(item) for item in tree.items)
        return DictType(tuple(zip(tree.keys, items, strict=True))) if tree.keys else TupleType(items)
    return tree.type


def walk(block: Block) -> Iterator[Node]:
    """Every node of a block and of the bodies inside it, in order."""
    for node in block.nodes:
        yield node
        for value in node.arguments.values():
            if isinstance(value, Block):
                yield from walk(value)


def used_in(body: Block) -> Iterator[Var]:
    """Every variable that the nodes of a body use or that it returns."""
    for node in walk(body):
        for value in node.arguments.values():
            if isinstance(value, Var | Display | Literal):
                yield from variables(value)
            elif isinstance(value, Block) and value.result is not None:
                yield from variables(value.result)
    if body.result is not None:
        yield from variables(body.result)


def used_by(node: Node) -> Iterator[Var]:
    """Every variable that a node uses, those inside its bodies included."""
    for value in node.arguments.values():
        if isinstance(value, Block):
            yield from used_in(value)
        elif isinstance(value, Var | Display | Literal):
            yield from variables(value)
