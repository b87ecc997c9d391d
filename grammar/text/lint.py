"""What is wrong with the body of a production, by its syntax, before it is compiled into a template.

A body runs in the proofs and is written into programs. What would mean something else in a program, or leave an unused
name in each, is a fault, described by one sentence.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf

_MOST_LITERALS = 64
_MOST_TURNS = 8
_FUNCTIONS = (ast.FunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


def faults(definition: ast.FunctionDef) -> Iterator[str]:
    """A sentence for every fault of a function's body; none where it can be a template."""
    params = {arg.arg for arg in definition.args.args}
    body = definition.body[ast.get_docstring(definition) is not None :]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        yield "the body must end with `return` and an expression"
        return
    lines = [definition.lineno, *(statement.lineno for statement in body)]
    if len(set(lines)) < len(lines):
        yield "two statements of it stand on one line; write one a line, below its `def`"
        return
    if any(isinstance(node, ast.Return) for statement in body[:-1] for node in _own(statement)):
        yield "it returns before its end; return once, in the last statement"
    for statement in body:
        for node in ast.walk(statement):
            for kind, rule in _RULES.items():
                if isinstance(node, kind):
                    yield from rule(node)
            for shadowed in sorted(_bound_inside(node) & params):
                yield f"a function inside the body binds {shadowed!r}, which is a parameter; give it another name"
    yield from _dead(body, params, "does not stand in its body; use it there or drop it")


# --- single nodes ----------------------------------------------------------------------------------


def _function(node: ast.FunctionDef | ast.Lambda) -> Iterator[str]:
    args = node.args
    if args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs or args.defaults:
        yield "a function inside the body has parameters that are not plain; give it positional ones without defaults"
    inside = node.body if isinstance(node.body, list) else [ast.Return(node.body)]
    yield from _dead(inside, {arg.arg for arg in args.args} - {"_"}, "is a parameter that nothing uses; name it _")


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Iterator[str]:
    read = _loads([node])
    for each in node.generators:
        for label in sorted(_stores(each.target) - read - {"_"}):
            yield f"{label!r} runs over values that nothing uses; name it _"
        yield from _turns(each)


def _loop(node: ast.For) -> Iterator[str]:
    if node.orelse:
        yield "its loop has an `else`, which programs are not written with; drop it"
    yield from _turns(node)


def _turns(node: ast.For | ast.comprehension) -> Iterator[str]:
    if not isinstance(node.iter, ast.Call):
        return
    try:
        turns = len(range(*(ast.literal_eval(bound) for bound in node.iter.args)))
    except (ValueError, TypeError):
        return
    if turns > _MOST_TURNS:
        yield f"its loop runs {turns} times, and tracing unrolls it; let it run {_MOST_TURNS} times at most"


def _display(node: ast.List | ast.Tuple | ast.Set | ast.Dict) -> Iterator[str]:
    literals = sum(isinstance(inner, ast.Constant) for inner in ast.walk(node))
    if literals > _MOST_LITERALS:
        yield f"it writes out {literals} values; compute them, or keep to {_MOST_LITERALS}"


def _string(node: ast.Constant) -> Iterator[str]:
    if isinstance(node.value, str | bytes) and (node.end_lineno or 0) > node.lineno:
        yield "a string of its body has several lines; write it on one"


def _pass(node: ast.Pass) -> Iterator[str]:
    yield "a statement of its body does nothing; drop it"


def _name(node: ast.Name) -> Iterator[str]:
    if node.id == "_" and isinstance(node.ctx, ast.Load):
        yield "it reads '_', which stands for what is dropped; give it a name"


def _spellings(node: ast.Call) -> Iterator[str]:
    if not (isinstance(node.func, ast.Name) and node.func.id == "either"):
        return
    if len(node.args) < 2 or any(isinstance(option, ast.Starred) for option in node.args):
        yield "either takes two spellings or more, written out one by one"
    if any(keyword.arg != "weights" for keyword in node.keywords):
        yield "either takes no keyword but weights"
    for keyword in node.keywords:
        if not _are_weights(keyword.value, len(node.args)):
            yield f"weights={ast.unparse(keyword.value)} of either are not {len(node.args)} numbers, some above 0"


def _are_weights(node: ast.expr, count: int) -> bool:
    try:
        weights = ast.literal_eval(node)
        return len(weights) == count and all(0 <= weight < inf for weight in weights) and any(weights)
    except (ValueError, TypeError):
        return False


_RULES: dict[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[str]]] = {
    _FUNCTIONS: _function,
    _COMPREHENSIONS: _comprehension,
    ast.For: _loop,
    (ast.List, ast.Tuple, ast.Set, ast.Dict): _display,
    ast.Constant: _string,
    ast.Name: _name,
    ast.Pass: _pass,
    ast.Call: _spellings,
}


def _bound_inside(node: ast.AST) -> set[str]:
    """The names that a function or comprehension binds for itself."""
    if isinstance(node, _COMPREHENSIONS):
        return set[str]().union(*(_stores(each.target) for each in node.generators))
    if not isinstance(node, _FUNCTIONS):
        return set()
    inside = node.body if isinstance(node.body, list) else []
    return {arg.arg for arg in node.args.args}.union(*map(_stores, inside))


# --- names that nothing reads ----------------------------------------------------------------------


def _dead(body: Sequence[ast.stmt], params: set[str], unused: str) -> Iterator[str]:
    """A sentence for every name whose value is never read, or not before another is assigned.

    `unused` ends the sentence about a parameter.
    """
    pending = set(params)
    for statement in body:
        pending -= _loads([statement])
        if isinstance(statement, ast.AugAssign):
            pending -= _stores(statement.target)
        stored = _stores(statement) - {"_"}
        if isinstance(statement, ast.Assign):
            for label in sorted(stored & pending):
                yield f"it assigns {label!r} before the value that it has is used; use that or drop it"
            if all(isinstance(target, ast.Name) and target.id == "_" for target in statement.targets):
                yield "a statement of its body assigns nothing; assign its value or drop it"
            if isinstance(statement.value, ast.Lambda):
                yield "it assigns a lambda to a name; write a `def`"
        plain = isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign)
        pending |= stored if plain else stored - _loads([statement])
    for label in sorted(pending):
        yield f"parameter {label!r} {unused}" if label in params else f"nothing uses {label!r}; use it or drop it"


def _own(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement, without those of the functions inside it."""
    yield statement
    if not isinstance(statement, _FUNCTIONS):
        for child in ast.iter_child_nodes(statement):
            yield from _own(child)


def _loads(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that these nodes read, those that functions inside them read included."""
    walked = (inner for node in nodes for inner in ast.walk(node))
    return {node.id for node in walked if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _stores(statement: ast.AST) -> set[str]:
    """The names that a statement binds in its own scope, but for a decorated function: its decorator reads it."""
    if isinstance(statement, ast.FunctionDef):
        return set() if statement.decorator_list else {statement.name}
    stored: set[str] = set()
    for node in _outside_comprehensions(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stored.add(node.id)
        elif isinstance(node, ast.FunctionDef):
            stored.add(node.name)
    return stored


def _outside_comprehensions(node: ast.AST) -> Iterator[ast.AST]:
    """A node and those below it, without those inside comprehensions and functions."""
    yield node
    if not isinstance(node, (*_COMPREHENSIONS, *_FUNCTIONS)):
        for child in ast.iter_child_nodes(node):
            yield from _outside_comprehensions(child)
