"""The source of a production's function: its statements as libcst, its imports, the values that it refers to."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import libcst as cst


class Source(NamedTuple):
    """A function as it stands in its file."""

    text: str
    """Of the whole file."""
    definition: ast.FunctionDef
    imports: dict[str, str]
    """The import statement of every module-level alias of the file."""


def source_of(function: Callable[..., Any]) -> Source:
    """Raises OSError or KeyError for a function that is no `def` in a file."""
    code: Any = function.__code__  # type: ignore[attr-defined]
    text, functions, imports = _functions_of(code.co_filename)
    return Source(text, functions[code.co_firstlineno], imports)


@cache
def _functions_of(file: str) -> tuple[str, dict[int, ast.FunctionDef], dict[str, str]]:
    """A source file's text, its functions by first line, and the import statement of every module-level alias."""
    with open(file, encoding="utf-8") as stream:
        text = stream.read()
    tree = ast.parse(text)
    functions = {
        min([node.lineno, *(d.lineno for d in node.decorator_list)]): node for node in _function_definitions(tree)
    }
    return text, functions, dict(_imports(tree))


def _function_definitions(tree: Any) -> Iterator[ast.FunctionDef]:
    """All functions below a statement or module; expressions, which hold none, are not searched."""
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.FunctionDef):
            yield node
        if isinstance(node, ast.stmt):
            yield from _function_definitions(node)


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                renamed = f" as {alias.asname}" if alias.asname else ""
                origin = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
                yield alias.asname or alias.name, f"{origin}import {alias.name}{renamed}"


def values_of(function: Any) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {**function.__globals__, **{key: cell.cell_contents for key, cell in cells}}


def stored_names(definition: ast.FunctionDef) -> set[str]:
    stored: set[str] = set()
    for statement in definition.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                stored.add(node.id)
            elif isinstance(node, ast.arg):
                stored.add(node.arg)
            elif isinstance(node, ast.FunctionDef):
                stored.add(node.name)
    return stored


def statements_of(text: str, definition: ast.FunctionDef) -> list[Any]:
    """The statements of a function's body as libcst nodes, without its docstring."""
    statements = definition.body
    if ast.get_docstring(definition) is not None:
        statements = statements[1:]
    decorators = getattr(statements[0], "decorator_list", [])
    first, last = min([statements[0].lineno, *(d.lineno for d in decorators)]), statements[-1].end_lineno
    lines = text.splitlines(keepends=True)[first - 1 : last]
    tree = cst.parse_module(textwrap.dedent("".join(lines)))
    if any(_annotated(node) for statement in statements for node in _nested(statement)):
        tree = tree.visit(_Plain())
    return list(tree.body)  # type: ignore[union-attr]


def _nested(statement: ast.stmt) -> list[ast.AST]:
    return [statement, *_function_definitions(statement), *getattr(statement, "body", ())]


def _annotated(node: ast.AST) -> bool:
    """Whether a statement says something to the type checker alone."""
    if isinstance(node, ast.FunctionDef):
        return node.returns is not None or any(arg.annotation for arg in node.args.args)
    return isinstance(node, ast.AnnAssign)


class _Plain(cst.CSTTransformer):
    """Drops what a template says to the type checker alone: annotations. Comments are not rendered."""

    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:
        return updated_node.with_changes(annotation=None)

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        return updated_node.with_changes(returns=None)

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.Assign | cst.AnnAssign:
        if updated_node.value is None:
            return updated_node
        return cst.Assign([cst.AssignTarget(updated_node.target)], updated_node.value)
