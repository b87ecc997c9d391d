"""The source of a function: its statements as libcst, the imports of its file, the values of its names."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import libcst as cst

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


class Source(NamedTuple):
    """A function as it stands in its file."""

    text: str
    """The text of the whole file."""
    definition: ast.FunctionDef
    imports: dict[str, str]
    """The import statement of every module-level alias of the file."""


def source_of(function: Callable[..., object]) -> Source:
    """The source of a function. Raises OSError or KeyError where that is no `def` in a file."""
    code = function.__code__
    text, definitions, imports = _parsed(code.co_filename)
    return Source(text, definitions[code.co_firstlineno], imports)


@cache
def _parsed(file: str) -> tuple[str, dict[int, ast.FunctionDef], dict[str, str]]:
    """A file's text, its functions by their first line, and the import statement of every module-level alias."""
    with open(file, encoding="utf-8") as stream:
        text = stream.read()
    tree = ast.parse(text)
    return text, {_first_line(node): node for node in _definitions(tree)}, dict(_imports(tree))


def _definitions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """All functions below a statement or module; expressions, which hold none, are not searched."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield node
        if isinstance(node, ast.stmt):
            yield from _definitions(node)


def _first_line(statement: ast.stmt) -> int:
    """The line on which a statement begins, its decorators included."""
    decorators = statement.decorator_list if isinstance(statement, ast.FunctionDef) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Every alias that a module imports, with an import statement of its own."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                renamed = f" as {alias.asname}" if alias.asname else ""
                origin = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
                yield alias.asname or alias.name, f"{origin}import {alias.name}{renamed}"


def values_of(function: Callable[..., object]) -> dict[str, object]:
    """The values of the names that a function may refer to: its module's, and those of the functions around it."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {**function.__globals__, **{key: cell.cell_contents for key, cell in cells}}


def stored_names(definition: ast.FunctionDef) -> set[str]:
    """The names that the body of a function binds, those that functions inside it bind included."""
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


def statements_of(text: str, definition: ast.FunctionDef) -> list[Statement]:
    """The statements of a function's body, without its docstring and annotations; `text` is that of its file."""
    statements = definition.body[ast.get_docstring(definition) is not None :]
    lines = text.splitlines(keepends=True)[_first_line(statements[0]) - 1 : statements[-1].end_lineno]
    tree = cst.parse_module(textwrap.dedent("".join(lines)))
    if any(_is_annotated(node) for statement in statements for node in ast.walk(statement)):
        tree = tree.visit(_Plain())
    return list(tree.body)


def _is_annotated(node: ast.AST) -> bool:
    """Whether a node of the syntax tree says something to the type checker alone."""
    if isinstance(node, ast.FunctionDef):
        return node.returns is not None
    return isinstance(node, ast.AnnAssign) or (isinstance(node, ast.arg) and node.annotation is not None)


class _Plain(cst.CSTTransformer):
    """Drops annotations, which the type checker alone reads."""

    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:
        return updated_node.with_changes(annotation=None)

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        return updated_node.with_changes(returns=None)

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.Assign | cst.AnnAssign:
        if updated_node.value is None:
            return updated_node
        return cst.Assign([cst.AssignTarget(updated_node.target)], updated_node.value)
