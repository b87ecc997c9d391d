"""Building blocks and their assembly: one tree of parts is both a function that runs and a module that is read.

A block is a plain top-level JAX function. Its positional parameters are arrays; its keyword-only parameters are
bound when a program is made, to a Python value (`iterations=40`) or to another part (`apply_operator=...`), which
is the role that part plays. `Part.bind()` gives the function with everything bound; `render()` writes the same tree
as a module: statics become literals, roles become helper functions named after the role.

>>> step = part(jacobi_step, apply_operator=part(laplacian), diagonal=part(constant_diagonal))
>>> render(part(repeat, step=step, iterations=40), "solve")
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

type_of_value = (bool, int, float, str, tuple)


@dataclass(frozen=True)
class Part:
    """A block with everything but its arrays bound. Equal parts become one function of the program."""

    block: Callable[..., Any]
    bound: tuple[tuple[str, Any], ...] = ()
    name: str = ""

    def bind(self) -> Callable[..., Any]:
        """The block as a function of its arrays alone."""
        bound = {key: value.bind() if isinstance(value, Part) else value for key, value in self.bound}
        if recursive(self.block):
            bound["recurse"] = lambda *arrays: function(*arrays)
        function = functools.partial(self.block, **bound) if bound else self.block
        return function

    def roles(self) -> Iterator[tuple[str, Part]]:
        """The parts that this one calls, by the parameter they are bound to."""
        for key, value in self.bound:
            if isinstance(value, Part):
                yield key, value


def part(block: Callable[..., Any], name: str = "", **bound: Any) -> Part:
    """A part, its bindings checked against the block's keyword-only parameters."""
    wanted = {p.name for p in inspect.signature(block).parameters.values() if p.kind is p.KEYWORD_ONLY}
    if wanted - {"recurse"} != set(bound):
        raise TypeError(f"block {block.__name__} binds {sorted(wanted)}, given {sorted(bound)}")
    return Part(block, tuple(sorted(bound.items(), key=lambda item: item[0])), name)


def recursive(block: Callable[..., Any]) -> bool:
    """Whether the block calls itself, by its parameter `recurse`."""
    return "recurse" in inspect.signature(block).parameters


def parameters(block: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a block's array parameters."""
    signature = inspect.signature(block).parameters.values()
    return tuple(p.name for p in signature if p.kind is p.POSITIONAL_OR_KEYWORD)


def render(root: Part, entry: str) -> str:
    """The module: imports, helpers before their callers, and `entry` last; black's style.

    Raises TypeError for a static value that has no literal.
    """
    names = _name_parts(root, entry)
    functions = [_instantiate(item, name, names) for item, name in names.items()]
    imports = _imports(names, functions)
    text = "\n\n\n".join([imports, *(ast.unparse(ast.fix_missing_locations(tree)) for tree in functions)])
    return _blackened(text + "\n")


def _name_parts(root: Part, entry: str) -> dict[Part, str]:
    """Parts in the order of their definitions, each with the name of its function."""
    names: dict[Part, str] = {}
    taken = {entry}

    def visit(item: Part, role: str) -> None:
        if item in names:
            return
        for key, child in item.roles():
            visit(child, key)
        options = [item.name or role, item.block.__name__, *(f"{role}_{k}" for k in range(2, 100))]
        names[item] = next(name for name in options if name not in taken)
        taken.add(names[item])

    for key, child in root.roles():
        visit(child, key)
    names[root] = entry
    return names


def _instantiate(item: Part, name: str, names: dict[Part, str]) -> ast.FunctionDef:
    """The block's definition under its new name, statics as literals, roles as function names."""
    tree = copy.deepcopy(_definition(item.block))
    substitutes = {key: _expression(value, names) for key, value in item.bound}
    tree.name = name
    tree.decorator_list = []
    tree.returns = None
    tree.args.kwonlyargs, tree.args.kw_defaults = [], []
    if recursive(item.block):
        substitutes["recurse"] = ast.Name(name)
    body = _Substitution(substitutes).visit(tree)
    _shorten_docstring(body)
    return body


def _expression(value: Any, names: dict[Part, str]) -> ast.expr:
    if isinstance(value, Part):
        return ast.Name(names[value])
    if not isinstance(value, type_of_value):
        raise TypeError(f"a static value must have a literal, given {value!r}")
    return ast.parse(repr(value), mode="eval").body


class _Substitution(ast.NodeTransformer):
    """Replaces names by expressions and drops annotations."""

    def __init__(self, substitutes: dict[str, ast.expr]) -> None:
        self.substitutes = substitutes

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self.substitutes.get(node.id, node))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _shorten_docstring(tree: ast.FunctionDef) -> None:
    """Keeps the first line: a program's reader wants the role, the library's reader the derivation."""
    text = ast.get_docstring(tree)
    if text is not None:
        tree.body[0] = ast.Expr(ast.Constant(text.splitlines()[0]))


def _imports(names: dict[Part, str], functions: list[ast.FunctionDef]) -> str:
    used = {node.id for tree in functions for node in ast.walk(tree) if isinstance(node, ast.Name)}
    lines = {line for item in names for key, line in _module(item.block)[1].items() if key in used}
    return "\n".join(sorted(lines, key=lambda line: (line.startswith("from"), line)))


def _definition(block: Callable[..., Any]) -> ast.FunctionDef:
    return _module(block)[0][block.__name__]


def _module(block: Callable[..., Any]) -> tuple[dict[str, ast.FunctionDef], dict[str, str]]:
    return _parse(block.__code__.co_filename)


@functools.cache
def _parse(path: str) -> tuple[dict[str, ast.FunctionDef], dict[str, str]]:
    """A block file's functions by name, and the import line of every JAX name it imports."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    imports: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            imports |= {a.asname or a.name: f"import {a.name} as {a.asname}" if a.asname else f"import {a.name}"
                        for a in node.names if a.name.startswith("jax")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jax"):
            imports |= {a.name: f"from {node.module} import {a.name}" for a in node.names}
    return functions, imports


def _blackened(text: str) -> str:
    import black  # a program is read by most callers never: validation executes it as it is

    return black.format_str(text, mode=black.Mode())
