"""Small constructors of libcst nodes, in black's style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from grammar.text.expression import ATOM, LOOSEST, Expr, parsed

_EMPTY = cst.SimpleWhitespace("")
_SPACE = cst.SimpleWhitespace(" ")
_COMMA = cst.Comma(whitespace_after=_SPACE)


def expression(text: str) -> Expr:
    """A short expression from its text."""
    return Expr(parsed(text), ATOM, len(text))


def item(label: str, key: str) -> Expr:
    """`label["key"]`"""
    return expression(f'{label}["{key}"]')


def line(small: cst.BaseSmallStatement) -> cst.SimpleStatementLine:
    """One statement on a line of its own."""
    return cst.SimpleStatementLine([small])


def returns(value: Expr) -> cst.SimpleStatementLine:
    """`return value`; a tuple stands without parentheses."""
    node = value.node
    if isinstance(node, cst.Tuple) and len(node.elements) > 1:
        node = node.with_changes(lpar=[], rpar=[])
    return line(cst.Return(node, whitespace_after_return=_SPACE))


def returned(statement: Any) -> cst.BaseExpression:
    """The expression of a return statement, parenthesised if it is a tuple."""
    node = statement.body[0].value
    if isinstance(node, cst.Tuple) and not node.lpar:
        return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return node


def assign(target: Expr, value: Expr, *, augment: bool = False) -> cst.SimpleStatementLine:
    """`target = value`, or `target += ...` where the value is the target and something."""
    if augment and isinstance(target.node, cst.Name) and isinstance(value.node, cst.BinaryOperation):
        operator = _AUGMENTED.get(type(value.node.operator))
        left = value.node.left
        if operator and not value.node.lpar and isinstance(left, cst.Name) and left.value == target.node.value:
            return line(cst.AugAssign(target.node, operator(), value.node.right.with_changes(lpar=[], rpar=[])))
    return line(cst.Assign([cst.AssignTarget(target.node)], value.node))  # type: ignore[arg-type]


_AUGMENTED: dict[Any, Any] = {
    cst.Add: cst.AddAssign,
    cst.Subtract: cst.SubtractAssign,
    cst.Multiply: cst.MultiplyAssign,
    cst.Divide: cst.DivideAssign,
}


def _elements(nodes: Sequence[cst.BaseExpression]) -> list[cst.Element]:
    last = len(nodes) - 1
    if last == 0:
        return [cst.Element(nodes[0], comma=cst.Comma())]
    return [
        cst.Element(node, comma=_COMMA if at < last else cst.MaybeSentinel.DEFAULT) for at, node in enumerate(nodes)
    ]


def target_tuple(parts: Sequence[Expr]) -> Expr:
    """Targets of an unpacking, without parentheses at the outside."""
    nodes = [
        part.node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        if isinstance(part.node, cst.Tuple)
        else part.node
        for part in parts
    ]
    return Expr(cst.Tuple(_elements(nodes), lpar=[], rpar=[]), LOOSEST, sum(p.width + 2 for p in parts) - 2)


def names_tuple(labels: Sequence[str]) -> Expr:
    """Names to unpack into."""
    return target_tuple([Expr(cst.Name(label), ATOM, len(label)) for label in labels])


def display(items: Sequence[Expr], keys: Sequence[str]) -> Expr:
    """A tuple, or a dictionary where there are keys."""
    width = sum(item.width + 2 for item in items)
    if not keys:
        return Expr(cst.Tuple(_elements([item.at_least(1) for item in items])), ATOM, width)
    last = len(keys) - 1
    elements = [
        cst.DictElement(
            cst.SimpleString(f'"{key}"'), item.node, comma=_COMMA if at < last else cst.MaybeSentinel.DEFAULT
        )
        for at, (key, item) in enumerate(zip(keys, items, strict=True))
    ]
    return Expr(cst.Dict(elements), ATOM, width + sum(len(key) + 4 for key in keys))


def docstring(text: str) -> cst.SimpleStatementLine:
    """A docstring of one line."""
    return line(cst.Expr(cst.SimpleString(f'"""{text}"""')))


def param(label: str, annotation: str | None = None, default: Expr | None = None) -> cst.Param:
    """`label: annotation = default`"""
    return cst.Param(
        cst.Name(label),
        cst.Annotation(parsed(annotation)) if annotation else None,
        default=default.node if default else None,
    )


def function(
    label: str, params: cst.Parameters, statements: Sequence[Any], returns: str | None = None
) -> cst.FunctionDef:
    """A function definition."""
    return cst.FunctionDef(
        cst.Name(label),
        params,
        cst.IndentedBlock(list(statements)),
        returns=cst.Annotation(parsed(returns)) if returns else None,
    )


def within(manager: str, statements: Sequence[Any]) -> cst.With:
    """`with manager:` and the statements."""
    return cst.With([cst.WithItem(parsed(manager))], cst.IndentedBlock(list(statements)))


def branch(test: str, statement: Any) -> cst.If:
    """`if test:` with one statement below."""
    return cst.If(parsed(test), cst.IndentedBlock([statement]))


def lambda_of(params: Sequence[str], value: cst.BaseExpression) -> cst.Lambda:
    """`lambda params: value`"""
    made = [param(label) for label in params]
    return cst.Lambda(cst.Parameters(made), value, whitespace_after_lambda=_SPACE if made else _EMPTY)


def eta_reduced(value: cst.BaseExpression, params: Sequence[str]) -> Expr | None:
    """The function f where the value is `f(params...)` and f a module's function; None otherwise."""
    if not isinstance(value, cst.Call) or len(value.args) != len(params):
        return None
    for arg, param in zip(value.args, params, strict=True):
        if arg.keyword is not None or not isinstance(arg.value, cst.Name) or arg.value.value != param:
            return None
    root: Any = value.func
    length = 0
    while isinstance(root, cst.Attribute):
        length += len(root.attr.value) + 1
        root = root.value
    if length and isinstance(root, cst.Name) and root.value in ("jnp", "jax", "lax"):
        return Expr(value.func, ATOM, length + len(root.value))
    return None


def decorator(text: str) -> cst.Decorator:
    """`@text`"""
    return cst.Decorator(parsed(text))  # type: ignore[arg-type]


def statement(text: str) -> cst.SimpleStatementLine:
    """A short statement from its text."""
    made = cst.parse_statement(text)
    assert isinstance(made, cst.SimpleStatementLine)
    return made
