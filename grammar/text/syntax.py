"""Small constructors of libcst nodes, in black's style."""

from __future__ import annotations

from collections.abc import Sequence

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


def return_value(statement: cst.BaseStatement) -> cst.BaseExpression:
    """The expression of a return statement."""
    assert isinstance(statement, cst.SimpleStatementLine)
    (small,) = statement.body
    assert isinstance(small, cst.Return)
    assert small.value is not None
    return small.value


def assign(target: Expr, value: Expr, *, augment: bool = False) -> cst.SimpleStatementLine:
    """`target = value`; with `augment`, `target += other` where the value is `target + other`."""
    left, right = target.node, value.node
    assert isinstance(left, cst.Name | cst.Tuple)
    if augment and isinstance(left, cst.Name) and isinstance(right, cst.BinaryOperation) and not right.lpar:
        operator = _AUGMENTED.get(type(right.operator))
        if operator and isinstance(right.left, cst.Name) and right.left.value == left.value:
            return line(cst.AugAssign(left, operator(), right.right.with_changes(lpar=[], rpar=[])))
    return line(cst.Assign([cst.AssignTarget(left)], right))


_AUGMENTED: dict[type[cst.BaseBinaryOp], type[cst.BaseAugOp]] = {
    cst.Add: cst.AddAssign,
    cst.Subtract: cst.SubtractAssign,
    cst.Multiply: cst.MultiplyAssign,
    cst.Divide: cst.DivideAssign,
}


def parenthesised(node: cst.BaseExpression) -> cst.BaseExpression:
    """The node, in parentheses if it is a tuple without."""
    if isinstance(node, cst.Tuple) and not node.lpar:
        return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return node


def _elements(nodes: Sequence[cst.BaseExpression]) -> list[cst.Element]:
    last = len(nodes) - 1
    if last == 0:
        return [cst.Element(nodes[0], comma=cst.Comma())]
    return [
        cst.Element(node, comma=_COMMA if at < last else cst.MaybeSentinel.DEFAULT) for at, node in enumerate(nodes)
    ]


def target_tuple(parts: Sequence[Expr]) -> Expr:
    """The targets of an unpacking, without parentheses around all of them."""
    nodes = _elements([parenthesised(part.node) for part in parts])
    return Expr(cst.Tuple(nodes, lpar=[], rpar=[]), LOOSEST, sum(p.width + 2 for p in parts) - 2)


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
    label: str, params: cst.Parameters, statements: Sequence[cst.BaseStatement], returns: str | None = None
) -> cst.FunctionDef:
    """A function definition."""
    return cst.FunctionDef(
        cst.Name(label),
        params,
        cst.IndentedBlock(list(statements)),
        returns=cst.Annotation(parsed(returns)) if returns else None,
    )


def within(manager: str, statements: Sequence[cst.BaseStatement]) -> cst.With:
    """`with manager:` with the statements below."""
    return cst.With([cst.WithItem(parsed(manager))], cst.IndentedBlock(list(statements)))


def branch(test: str, statement: cst.BaseStatement) -> cst.If:
    """`if test:` with one statement below."""
    return cst.If(parsed(test), cst.IndentedBlock([statement]))


def lambda_of(params: Sequence[str], value: cst.BaseExpression) -> cst.Lambda:
    """`lambda params: value`"""
    parameters = cst.Parameters([param(label) for label in params])
    return cst.Lambda(parameters, value, whitespace_after_lambda=_SPACE if params else _EMPTY)


def eta_reduced(value: cst.BaseExpression, params: Sequence[str]) -> Expr | None:
    """The function f where the value is `f(params...)` and f is a function of a module; None otherwise."""
    if not isinstance(value, cst.Call) or len(value.args) != len(params):
        return None
    for arg, param in zip(value.args, params, strict=True):
        if arg.keyword is not None or not isinstance(arg.value, cst.Name) or arg.value.value != param:
            return None
    root = value.func
    length = 0
    while isinstance(root, cst.Attribute):
        length += len(root.attr.value) + 1
        root = root.value
    if length and isinstance(root, cst.Name) and root.value in ("jnp", "jax", "lax"):
        return Expr(value.func, ATOM, length + len(root.value))
    return None


def decorator(text: str) -> cst.Decorator:
    """`@text`, a name with or without dots."""
    node = parsed(text)
    assert isinstance(node, cst.Name | cst.Attribute)
    return cst.Decorator(node)


def statement(text: str) -> cst.SimpleStatementLine:
    """A short statement from its text."""
    node = cst.parse_statement(text)
    assert isinstance(node, cst.SimpleStatementLine)
    return node
