"""What a production's result is, given its operands: refinement, magnitude, whether it follows its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log2
from typing import Any

from grammar.derive.graph import Arguments, Block, Display, Literal, Node, Tree, Var, type_of, variables
from grammar.rules.production import Production
from grammar.values import types
from grammar.values.dims import Sizes
from grammar.values.patterns import ArrayPattern
from grammar.values.types import ANY, IMPLIES, ArrayType, Refinement, Type

LINKED = (*types.FLOATS, *types.COMPLEX)
"""Dtypes in which values are joined, and through which derivatives flow."""


def trees(arguments: Arguments) -> Iterable[Tree]:
    """The values among the arguments of a node: its operands."""
    return (value for value in arguments.values() if isinstance(value, Var | Literal | Display))


def fresh(of: Type, node: Node | None, block: Block | None = None) -> Tree:
    """A tree of new variables of this type."""
    home = block if block is not None else node.block if node is not None else None
    assert home is not None
    if isinstance(of, ArrayType):
        return Var(of, home, node)
    if isinstance(of, types.TupleType):
        return Display(tuple(fresh(item, node, home) for item in of.items))
    return Display(tuple(fresh(item, node, home) for _, item in of.items), tuple(key for key, _ in of.items))


def stays_live(production: Production, arguments: Arguments) -> bool:
    """Whether what a production makes of these values follows the program's arguments, as far as its rule tells.

    Numbers decide, and keys where there are none; which elements an index picks does not matter. A mask may leave but
    one of them, so that there have to be two. A derivative may follow nothing, as that of what is linear.
    """
    bodies = [(pattern, arguments[name]) for name, pattern in production.bodies]
    if not production.faithful or any(pattern.smooth for pattern, _ in bodies):
        return False
    if not all(any(var.live for var in variables(body.result)) for _, body in bodies):
        return False
    operands = [var for tree in trees(arguments) for var in variables(tree)]
    numbers = [var for var in operands if var.type.dtype in LINKED]
    masked = any(pattern.family == "Bool" for _, pattern in production.arrays)
    # What adds up to 1 may add up to 1 again.
    live = [var.live and var.type.refinement.name != "simplex" for var in numbers or operands]
    if production.additive or bodies:
        return any(live)
    return all(live) and len(live) > masked


def saturated(var: Var, arguments: Arguments) -> bool:
    """Whether a bounded function may have met values so large that it is flat there."""
    if var.type.refinement.name not in ("unit", "probability", "simplex"):
        return False
    return any(leaf.magnitude > 3 for tree in trees(arguments) for _, leaf in types.leaves(type_of(tree)))


def magnitude_of(production: Production, arguments: Arguments, sizes: Sizes, outs: Mapping[str, float]) -> float:
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
            size = sizes[name]
            values.append(log2(size) if isinstance(size, int) else sum(log2(extent) for extent in size))
    try:
        return min(float(production.magnitude(*values)), 1e6)
    except Exception as error:
        raise production.fail(f"its magnitude fails on {values}: {type(error).__name__}: {error}") from error


def result_refinement(pattern: ArrayPattern, node: Node, sizes: Sizes) -> Refinement:
    """What holds of every value of a result: as declared, or as it held of an operand."""
    rule = pattern.refinement
    if rule.source:
        source = type_of(node.arguments[rule.source])
        kept = source.refinement if isinstance(source, ArrayType) else ANY
        if rule.kept is types.SIGNS:
            signs = [name for name in types.SIGNS if name in IMPLIES[kept.name]]
            return Refinement(signs[0]) if signs else ANY
        return kept if kept.name in rule.kept else ANY
    if rule.bound is not None:
        return Refinement(rule.name, rule.bound.size(sizes))
    return Refinement(rule.name)
