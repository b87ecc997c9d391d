"""From libcst nodes to text in black's style.

The printer writes a line as black would where it fits, and calls black itself for lines that do not, at a fraction of
what it costs to format whole modules. `black.format_str(module(...)) == module(...)` holds for every program; tests and
`verify` prove it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import libcst as cst

from grammar.text.style import LINE, PY311, styled

_INDENT = "    "
_Writers = Mapping[type[cst.CSTNode], Callable[[Any], str]]  # each function takes nodes of the type of its key alone


def module(imports: Iterable[str], definitions: Iterable[str], *, merge: bool = True) -> str:
    """The text of a module: those imports that it uses, sorted, then the definitions, two blank lines apart.

    With `merge`, what is imported from one module stands on one line.
    """
    body = "\n\n\n".join(definitions) + "\n"
    code = _DOCSTRING.sub("", body)
    used = _sorted(line for line in imports if _uses(code, line.rsplit(" ", 1)[1]))
    return "\n".join([*(_merged(used) if merge else used), "", "", body]) if used else body


def definition(node: cst.FunctionDef) -> str:
    """The text of a function, without a line end after its last line."""
    return "\n".join(_function(node, ""))


def check(statements: Iterable[cst.BaseStatement]) -> None:
    """Raises NotImplementedError, with the name of the syntax, for statements that cannot be printed."""
    for statement in statements:
        _statement(statement, "")


_DOCSTRING = re.compile(r' *""".*"""\n')


def _uses(code: str, alias: str) -> bool:
    """Whether the alias, or the first name of a dotted one, stands in the code other than as an attribute."""
    return re.search(rf"(?<![\w.]){alias.partition('.')[0]}\b", code) is not None


def _sorted(imports: Iterable[str]) -> list[str]:
    """Whole modules first, then what is imported from them."""
    return sorted(imports, key=lambda line: (line.startswith("from "), line))


def _merged(imports: Iterable[str]) -> list[str]:
    by_module: dict[str, str] = {}
    for line in imports:
        origin, _, names = line.partition(" import ")
        by_module[origin] = f"{by_module[origin]}, {names}" if origin in by_module else line
    return list(by_module.values())


# --- statements ------------------------------------------------------------------------------------


def _function(node: cst.FunctionDef, indent: str) -> list[str]:
    lines = [f"{indent}@{text(decorator.decorator)}" for decorator in node.decorators]
    returns = f" -> {text(node.returns.annotation)}" if node.returns else ""
    lines += _fit(f"def {node.name.value}({_parameters(node.params)}){returns}:", indent)
    body = _suite(node.body, indent + _INDENT)
    return lines + (body if body[0] else body[1:])  # no blank line between two lines of `def`


def _suite(block: cst.BaseSuite, indent: str) -> list[str]:
    """The lines of an indented block, in which functions stand between blank lines."""
    lines: list[str] = []
    after_function = False
    for statement in block.body:
        is_function = isinstance(statement, cst.FunctionDef)
        if is_function or after_function:
            lines.append("")
        lines += _statement(statement, indent)
        after_function = is_function
    return lines


def _statement(node: cst.BaseStatement | cst.BaseSmallStatement, indent: str) -> list[str]:
    """The lines of a statement; comments are kept above one that is no function, loop or branch, and nowhere else."""
    if isinstance(node, cst.SimpleStatementLine):
        (small,) = node.body
        comments = [indent + line.comment.value for line in node.leading_lines if line.comment]
        return comments + _fit(_writer(_SMALL, small)(small), indent)
    if isinstance(node, cst.FunctionDef):
        return _function(node, indent)
    if isinstance(node, cst.For):
        head = f"for {_bare(node.target)} in {_bare(node.iter)}:"
    elif isinstance(node, cst.With):
        head = f"with {', '.join(map(_managed, node.items))}:"
    elif isinstance(node, cst.If):
        return _if(node, "if", indent)
    else:
        raise _unwritten(node)
    return _fit(head, indent) + _suite(node.body, indent + _INDENT)


def _managed(node: cst.WithItem) -> str:
    return text(node.item) + (f" as {text(node.asname.name)}" if node.asname else "")


def _if(node: cst.If, word: str, indent: str) -> list[str]:
    lines = _fit(f"{word} {text(node.test)}:", indent) + _suite(node.body, indent + _INDENT)
    if isinstance(node.orelse, cst.If):
        return lines + _if(node.orelse, "elif", indent)
    if node.orelse is not None:
        return [*lines, f"{indent}else:", *_suite(node.orelse.body, indent + _INDENT)]
    return lines


def _fit(line: str, indent: str) -> list[str]:
    """The line, split by black where it is too long."""
    if len(line) + len(indent) <= LINE:
        return [indent + line]
    return [indent + part for part in _split(line, len(indent))]


@lru_cache(maxsize=1024)
def _split(line: str, indent: int) -> tuple[str, ...]:
    """The lines into which black splits one."""
    if line.startswith("return "):
        parts = _black(f"def _():\n    {line}\n", LINE - indent + len(_INDENT))
        return tuple(part[len(_INDENT) :] for part in parts[1:])
    if line.endswith(":"):
        return tuple(_black(f"{line}\n    pass\n", LINE - indent)[:-1])
    return tuple(_black(line + "\n", LINE - indent))


def _black(code: str, length: int) -> list[str]:
    return styled(code, target_versions=PY311, line_length=length).splitlines()


def _return(node: cst.Return) -> str:
    return "return" if node.value is None else f"return {_bare(node.value)}"


def _assign(node: cst.Assign) -> str:
    targets = "".join(f"{_bare(target.target)} = " for target in node.targets)
    return targets + _bare(node.value)


def _bare(node: cst.BaseExpression) -> str:
    """The text of an expression where a tuple needs no parentheses."""
    if isinstance(node, cst.Tuple) and not node.lpar:
        return _tuple(node)
    return text(unwrapped(node))


def unwrapped(node: cst.BaseExpression) -> cst.BaseExpression:
    """A whole value without the parentheses that only let it run over several lines; a tuple keeps its own."""
    return (
        node if isinstance(node, cst.Tuple | cst.GeneratorExp) or not node.lpar else node.with_changes(lpar=[], rpar=[])
    )


_SMALL: _Writers = {
    cst.Return: _return,
    cst.Assign: _assign,
    cst.AugAssign: lambda node: f"{text(node.target)} {_operator(node.operator)} {text(node.value)}",
    cst.Expr: lambda node: text(node.value),
    cst.Pass: lambda node: "pass",
    cst.Assert: lambda node: f"assert {text(node.test)}" + (f", {text(node.msg)}" if node.msg else ""),
    cst.Raise: lambda node: f"raise {text(node.exc)}",
}


# --- expressions -----------------------------------------------------------------------------------


def text(node: cst.BaseExpression) -> str:
    """The text of an expression, on one line."""
    bare = _writer(_EXPRESSIONS, node)(node)
    for _ in node.lpar:
        bare = f"({bare})"
    return bare


def _writer(writers: _Writers, node: cst.CSTNode) -> Callable[[Any], str]:
    try:
        return writers[type(node)]
    except KeyError:
        raise _unwritten(node) from None


def _unwritten(node: cst.CSTNode) -> NotImplementedError:
    return NotImplementedError(f"a {type(node).__name__} is nothing that programs are written with; put it otherwise")


def _operator(operator: cst.CSTNode) -> str:
    try:
        return _TOKENS[type(operator)]
    except KeyError:
        raise _unwritten(operator) from None


_TOKENS: dict[type[cst.CSTNode], str] = {
    kind: cst.Module([]).code_for_node(kind()).strip()
    for kind in (
        cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.FloorDivide, cst.Modulo, cst.MatrixMultiply, cst.Power,
        cst.BitAnd, cst.BitOr, cst.BitXor, cst.LeftShift, cst.RightShift, cst.And, cst.Or, cst.LessThan,
        cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual, cst.Equal, cst.AddAssign, cst.SubtractAssign,
        cst.MultiplyAssign, cst.DivideAssign, cst.Minus, cst.Plus, cst.BitInvert, cst.In, cst.Is, cst.NotEqual,
        cst.NotIn, cst.IsNot,
    )
}  # fmt: skip
_TOKENS[cst.Not] = "not "


@lru_cache(maxsize=4096)
def literal(value: str) -> str:
    """The text of a number or string as black writes it."""
    if _PLAIN.fullmatch(value):
        return value  # black would leave it
    return _black(f"_ = {value}\n", 10 * LINE)[0].removeprefix("_ = ")


_PLAIN = re.compile(r'[\d.]+(e[-+]?\d+)?j?|f?"[^"]*"|""".*"""')


def _formatted(part: cst.BaseFormattedStringContent) -> str:
    """A part of a formatted string: text, or an expression with its conversion and its format."""
    if isinstance(part, cst.FormattedStringText):
        return part.value
    assert isinstance(part, cst.FormattedStringExpression)
    conversion = f"!{part.conversion}" if part.conversion else ""
    form = "" if part.format_spec is None else ":" + "".join(map(_formatted, part.format_spec))
    return f"{{{text(part.expression)}{conversion}{form}}}"


def _binary(node: cst.BinaryOperation) -> str:
    left, right = text(node.left), text(node.right)
    token = _operator(node.operator)
    if isinstance(node.operator, cst.Power) and _is_simple(node.left) and _is_simple(_base(node.right)):
        return f"{left}**{right}"
    return f"{left} {token} {right}"


def _base(node: cst.BaseExpression) -> cst.BaseExpression:
    """The operand next to the operator on its left: of a power, which binds to the right, its base."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Power) and not node.lpar:
        return _base(node.left)
    return node


def _is_simple(node: cst.BaseExpression) -> bool:
    """Whether black writes `**` beside it without blanks: a name, dotted or not, or a number, signed or not."""
    if node.lpar:
        return False
    if isinstance(node, cst.UnaryOperation):
        return not isinstance(node.operator, cst.Not) and _is_simple(node.expression)
    if isinstance(node, cst.Attribute):
        return isinstance(node.value, cst.Name | cst.Attribute) and _is_simple(node.value)
    return isinstance(node, cst.Name | cst.Integer | cst.Float)


def _call(node: cst.Call) -> str:
    return f"{text(node.func)}({', '.join([_arg(arg) for arg in node.args])})"


def _arg(arg: cst.Arg) -> str:
    if arg.keyword is not None:
        return f"{arg.keyword.value}={text(arg.value)}"
    return arg.star + text(arg.value)


def _comparison(node: cst.Comparison) -> str:
    parts = [f" {_operator(target.operator)} {text(target.comparator)}" for target in node.comparisons]
    return text(node.left) + "".join(parts)


def _subscript(node: cst.Subscript) -> str:
    return f"{text(node.value)}[{', '.join([_index(element.slice) for element in node.slice])}" + (
        ",]" if len(node.slice) == 1 and isinstance(node.slice[0].comma, cst.Comma) else "]"
    )


def _index(node: cst.BaseSlice) -> str:
    if isinstance(node, cst.Index):
        return (node.star or "") + text(node.value)
    assert isinstance(node, cst.Slice)
    parts = [node.lower, node.upper, *([node.step] if node.step is not None else [])]
    texts = ["" if part is None else text(part) for part in parts]
    if any(part is not None and _is_complex(part) for part in parts):
        return " : ".join(texts).strip().replace(":  :", "::")
    return ":".join(texts)


def _is_complex(node: cst.BaseExpression) -> bool:
    """Whether black sets blanks around the colons of a slice with this bound."""
    if isinstance(node, cst.UnaryOperation):
        return isinstance(node.operator, cst.Not) or _is_complex(node.expression)
    return not isinstance(node, cst.Name | cst.Integer | cst.Float | cst.Attribute) or bool(node.lpar)


def _items(elements: Sequence[cst.BaseElement]) -> str:
    return ", ".join([("*" if isinstance(e, cst.StarredElement) else "") + text(e.value) for e in elements])


def _tuple(node: cst.Tuple) -> str:
    return _items(node.elements) + ("," if len(node.elements) == 1 else "")


def _list(node: cst.List) -> str:
    return f"[{_items(node.elements)}]"


def _dict(node: cst.Dict) -> str:
    parts = [
        f"{text(e.key)}: {text(e.value)}" if isinstance(e, cst.DictElement) else f"**{text(e.value)}"
        for e in node.elements
    ]
    return "{" + ", ".join(parts) + "}"


def _lambda(node: cst.Lambda) -> str:
    params = _parameters(node.params)
    return f"lambda {params}: {text(node.body)}" if params else f"lambda: {text(node.body)}"


def _parameters(params: cst.Parameters) -> str:
    parts = [_param(param) for param in params.posonly_params] + ["/"] * bool(params.posonly_params)
    parts += [_param(param) for param in params.params]
    if isinstance(params.star_arg, cst.Param):
        parts.append("*" + _param(params.star_arg))
    elif params.kwonly_params:
        parts.append("*")
    return ", ".join(parts + [_param(param) for param in params.kwonly_params])


def _param(param: cst.Param) -> str:
    annotation = f": {text(param.annotation.annotation)}" if param.annotation else ""
    if param.default is None:
        return param.name.value + annotation
    return f"{param.name.value}{annotation}{' = ' if annotation else '='}{text(param.default)}"


def _comprehension(node: cst.ListComp | cst.GeneratorExp, opening: str, closing: str) -> str:
    return f"{opening}{text(node.elt)}{_comp_for(node.for_in)}{closing}"


def _comp_for(node: cst.CompFor) -> str:
    conditions = "".join(f" if {text(each.test)}" for each in node.ifs)
    inner = _comp_for(node.inner_for_in) if node.inner_for_in else ""
    return f" for {_bare(node.target)} in {text(node.iter)}{conditions}{inner}"


def _unary(node: cst.UnaryOperation) -> str:
    inner = node.expression
    if isinstance(inner, cst.BinaryOperation) and isinstance(inner.operator, cst.Power) and not inner.lpar:
        return f"{_operator(node.operator)}({text(inner)})"
    return _operator(node.operator) + text(inner)


_EXPRESSIONS: _Writers = {
    cst.Name: lambda node: node.value,
    cst.Integer: lambda node: literal(node.value),
    cst.Float: lambda node: literal(node.value),
    cst.Imaginary: lambda node: literal(node.value),
    cst.SimpleString: lambda node: literal(node.value),
    cst.FormattedString: lambda node: literal(node.start + "".join(map(_formatted, node.parts)) + node.end),
    cst.Ellipsis: lambda node: "...",
    cst.Attribute: lambda node: f"{text(node.value)}.{node.attr.value}",
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: lambda node: f"{text(node.left)} {_operator(node.operator)} {text(node.right)}",
    cst.UnaryOperation: _unary,
    cst.Comparison: _comparison,
    cst.Call: _call,
    cst.Subscript: _subscript,
    cst.Tuple: _tuple,
    cst.List: _list,
    cst.Dict: _dict,
    cst.Lambda: _lambda,
    cst.IfExp: lambda node: f"{text(node.body)} if {text(node.test)} else {text(node.orelse)}",
    cst.ListComp: lambda node: _comprehension(node, "[", "]"),
    cst.GeneratorExp: lambda node: _comprehension(node, "", ""),
}
