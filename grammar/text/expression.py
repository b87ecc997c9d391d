"""Expressions with their precedence and width, so that parentheses stand only where Python asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

import libcst as cst

from grammar.text import printer
from grammar.values.statics import DtypeName

# Python's precedence, loosest first; an operand below what its place needs gets parentheses.
LOOSEST, LAMBDA, CONDITIONAL, OR, AND, NOT, COMPARISON = range(7)
BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT, UNARY, POWER, ATOM = range(7, 16)

_BINARY: dict[type[cst.BaseBinaryOp], int] = {
    cst.BitOr: BIT_OR,
    cst.BitXor: BIT_XOR,
    cst.BitAnd: BIT_AND,
    cst.LeftShift: SHIFT,
    cst.RightShift: SHIFT,
    cst.Add: SUM,
    cst.Subtract: SUM,
    cst.Multiply: PRODUCT,
    cst.Divide: PRODUCT,
    cst.FloorDivide: PRODUCT,
    cst.Modulo: PRODUCT,
    cst.MatrixMultiply: PRODUCT,
    cst.Power: POWER,
}
_FIXED: dict[type[cst.CSTNode], int] = {
    cst.Lambda: LAMBDA,
    cst.IfExp: CONDITIONAL,
    cst.Comparison: COMPARISON,
}


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression with its precedence and width."""

    node: cst.BaseExpression
    precedence: int = ATOM
    width: int = 0
    """Characters that it takes on a line."""

    def at_least(self, precedence: int) -> cst.BaseExpression:
        """The node, in parentheses if it binds more loosely than its place allows."""
        if self.precedence >= precedence:
            return self.node
        return self.node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def name(text: str) -> Expr:
    """A name as an expression."""
    return Expr(cst.Name(text), ATOM, len(text))


def precedence_of(node: cst.BaseExpression) -> int:
    """How tightly an expression binds."""
    if node.lpar:
        return ATOM
    if isinstance(node, cst.BinaryOperation):
        return _BINARY[type(node.operator)]
    if isinstance(node, cst.UnaryOperation):
        return NOT if isinstance(node.operator, cst.Not) else UNARY
    if isinstance(node, cst.BooleanOperation):
        return AND if isinstance(node.operator, cst.And) else OR
    return _FIXED.get(type(node), ATOM)


def needed(parent: cst.CSTNode | None, field: str) -> int:
    """The least precedence that an expression needs to stand in a field of its parent without parentheses."""
    if isinstance(parent, cst.BinaryOperation):
        own = _BINARY[type(parent.operator)]
        if own == POWER:
            return ATOM if field == "left" else UNARY
        return own if field == "left" else own + 1
    if isinstance(parent, cst.UnaryOperation):
        return NOT if isinstance(parent.operator, cst.Not) else UNARY
    if isinstance(parent, cst.BooleanOperation):
        own = precedence_of(parent)
        return own if field == "left" else own + 1
    if isinstance(parent, cst.Comparison | cst.ComparisonTarget):
        return COMPARISON + 1
    if isinstance(parent, cst.Call | cst.Attribute | cst.Subscript) and field in ("func", "value"):
        return ATOM
    if isinstance(parent, cst.IfExp):
        return LAMBDA if field == "orelse" else OR
    return LOOSEST


def literal(value: object) -> Expr:
    """A Python value as an expression; the value must be `writable`."""
    if isinstance(value, DtypeName):
        return Expr(cst.Attribute(cst.Name("jnp"), cst.Name(str(value))), ATOM, len(value) + 4)
    text = printer.literal(repr(value)) if isinstance(value, str) else repr(value)
    node = parsed(text)
    return Expr(node, precedence_of(node), len(text))


def writable(value: object) -> bool:
    """Whether a Python value is what its `repr` says, and short enough to stand in a program."""
    if isinstance(value, tuple | list):
        items: Sequence[object] = value
        return len(items) <= 64 and all(writable(item) for item in items)
    if isinstance(value, float | complex):
        return type(value) in (float, complex) and isfinite(abs(value))
    return value is None or type(value) in (bool, int, str, DtypeName)


@lru_cache(maxsize=4096)
def parsed(text: str) -> cst.BaseExpression:
    """The node of an expression's text; equal texts share theirs."""
    return cst.parse_expression(text)
