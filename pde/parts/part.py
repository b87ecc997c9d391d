"""Building blocks and their assembly: one tree of parts is a function that runs and a module that is read.

A block is a plain top-level JAX function. Its positional parameters are arrays; its keyword-only parameters
are bound when a program is made, to a Python value (`iterations=40`) or to another part
(`apply_operator=...`), which is the role that part plays; what is left unbound is the parameter's default,
which may be a function of JAX (`inner=jnp.vdot`). `Part.bind()` gives the function with everything bound;
`render()` writes the same tree as a module: statics become literals, roles become helper functions named
after the role, and a default is written as it stands in the block.

>>> step = part(jacobi_step, apply_operator=part(laplacian), diagonal=part(constant_diagonal))
>>> render(part(repeat, step=step, iterations=40), "solve")
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

type_of_value = (bool, int, float, str, tuple)


@dataclass(frozen=True)
class Part:
    """A block with everything but its arrays bound. Equal parts become one function of the program."""

    block: Callable[..., Any]
    bound: tuple[tuple[str, Any], ...] = ()
    summary: str | None = None
    """What its docstring says where that is not the first line of the block's."""

    def bind(self) -> Callable[..., Any]:
        """The block as a function of its arrays alone."""
        bound = {key: value.bind() if isinstance(value, Part) else value for key, value in self.bound}
        if recursive(self.block):
            bound["recurse"] = lambda *arrays: function(*arrays)
            function = jax.jit(functools.partial(self.block, **bound))
        else:
            function = functools.partial(self.block, **bound) if bound else self.block
        return function

    def roles(self) -> Iterator[tuple[str, Part]]:
        """The parts that this one calls, by the parameter they are bound to."""
        for key, value in self.bound:
            if isinstance(value, Part):
                yield key, value


def part(block: Callable[..., Any], /, **bound: Any) -> Part:
    """A part, its bindings checked against the block's keyword-only parameters."""
    wanted = _bindable(block) - {"recurse"}
    if not wanted - _optional(block) <= bound.keys() <= wanted:
        raise TypeError(f"block {block.__name__} binds {sorted(wanted)}, given {sorted(bound)}")
    return Part(block, tuple(sorted(bound.items(), key=lambda item: item[0])))


@functools.cache
def _bindable(block: Callable[..., Any]) -> frozenset[str]:
    """Names of a block's keyword-only parameters."""
    return frozenset(p.name for p in inspect.signature(block).parameters.values() if p.kind is p.KEYWORD_ONLY)


@functools.cache
def _optional(block: Callable[..., Any]) -> frozenset[str]:
    """Names of a block's parameters that have a default."""
    return frozenset(p.name for p in inspect.signature(block).parameters.values() if p.default is not p.empty)


def recursive(block: Callable[..., Any]) -> bool:
    """Whether the block calls itself, by its parameter `recurse`.

    It is jitted then: each level is traced once, wherever it is called from, and stands once in the program's IR.
    """
    return "recurse" in _bindable(block)


def parameters(block: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a block's array parameters."""
    signature = inspect.signature(block).parameters.values()
    return tuple(p.name for p in signature if p.kind is p.POSITIONAL_OR_KEYWORD)


def render(root: Part, entry: str) -> str:
    """The module: imports, helpers before their callers, and `entry` last; black's style.

    Raises TypeError for a static value that has no literal.
    """
    names = _name_parts(root, entry)
    functions = [_function(item, name, names) for item, name in names.items()]
    used = frozenset[str]().union(*(function.names for function in functions))
    return "\n\n\n".join([_imports(names, used), *(function.text for function in functions)]) + "\n"


def _name_parts(root: Part, entry: str) -> dict[Part, str]:
    """Parts in the order of their definitions, each with the name of its function."""
    names: dict[Part, str] = {}
    taken = {entry}

    def visit(item: Part, role: str) -> None:
        if item in names:
            return
        for key, child in item.roles():
            visit(child, key)
        options = [role, item.block.__name__, *(f"{role}_{k}" for k in range(2, 100))]
        names[item] = next(name for name in options if name not in taken)
        taken.add(names[item])

    for key, child in root.roles():
        visit(child, key)
    names[root] = entry
    return names


@dataclass(frozen=True)
class Function:
    """The text of one function in black's style, and the names that occur in it."""

    text: str
    names: frozenset[str]


def _function(item: Part, name: str, names: dict[Part, str]) -> Function:
    substitutes = [(key, _written(value, names)) for key, value in item.bound]
    if recursive(item.block):
        substitutes.append(("recurse", name))
    return _instantiate(item.block, name, tuple(substitutes), item.summary)


@functools.lru_cache(maxsize=2**14)
def _instantiate(
    block: Callable[..., Any], name: str, bound: tuple[tuple[str, str], ...], summary: str | None
) -> Function:
    """The block's definition under its new name, statics as literals, roles as function names.

    Programs have most of their functions in common, so that each is put into style once in a process.
    """
    text, tree = _definition(block)
    substitutes = _defaults(tree) | dict(bound)
    edits = [_signature(tree, name), _docstring(tree, summary)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node is not tree:
            edits.append(_signature(node, node.name))
        elif isinstance(node, ast.Name) and node.id in substitutes:
            edits.append((_span(node), substitutes[node.id]))
    decorator = "@jax.jit\n" if recursive(block) else ""
    written = _blackened(decorator + _edited(text, edits))
    return Function(written, frozenset(n.id for n in ast.walk(ast.parse(written)) if isinstance(n, ast.Name)))


Place = tuple[int, int]
Edit = tuple[tuple[Place, Place], str]


def _written(value: Any, names: dict[Part, str]) -> str:
    """The text that stands for a bound parameter."""
    if isinstance(value, Part):
        return names[value]
    if not isinstance(value, type_of_value):
        raise TypeError(f"a static value must have a literal, given {value!r}")
    negative = isinstance(value, int | float) and value < 0
    return f"({value!r})" if negative else repr(value)


def _span(node: ast.expr | ast.stmt) -> tuple[Place, Place]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _signature(tree: ast.FunctionDef, name: str) -> Edit:
    """The head of a definition without annotations and without bound parameters."""
    head = f"def {name}({', '.join(argument.arg for argument in tree.args.args)}):"
    start, body = _span(tree)[0], _span(tree.body[0])[0]
    return (start, body), head + "\n" + " " * body[1]


def _docstring(tree: ast.FunctionDef, summary: str | None) -> Edit:
    """Keeps the first line: a program's reader wants the role, the library's reader the derivation."""
    first = summary or (ast.get_docstring(tree) or "").splitlines()[0]
    return _span(tree.body[0]), f'"""{first}"""'


def _defaults(tree: ast.FunctionDef) -> dict[str, str]:
    """The texts of what a block's keyword-only parameters are where a part does not bind them."""
    pairs = zip(tree.args.kwonlyargs, tree.args.kw_defaults, strict=True)
    return {argument.arg: ast.unparse(default) for argument, default in pairs if default is not None}


def _edited(text: list[str], edits: list[Edit]) -> str:
    """The lines with spans replaced, counted as `ast` does, from the last to the first."""
    lines = list(text)
    for ((row, column), (end_row, end_column)), new in sorted(edits, reverse=True):
        joined = lines[row - 1][:column] + new + lines[end_row - 1][end_column:]
        lines[row - 1 : end_row] = [joined]
    return "\n".join(lines)


def _imports(names: dict[Part, str], used: frozenset[str]) -> str:
    lines = {line for item in names for key, line in _module(item.block)[1].items() if key in used}
    lines |= {"import jax"} if "jax" in used else set()
    return "\n".join(sorted(lines, key=lambda line: (line.startswith("from"), line)))


def _definition(block: Callable[..., Any]) -> tuple[list[str], ast.FunctionDef]:
    return _module(block)[0][block.__name__]


def _module(block: Callable[..., Any]) -> tuple[dict[str, tuple[list[str], ast.FunctionDef]], dict[str, str]]:
    return _parse(block.__code__.co_filename)


@functools.cache
def _parse(path: str) -> tuple[dict[str, tuple[list[str], ast.FunctionDef]], dict[str, str]]:
    """A block file's functions by name, as lines and tree, and the import lines of its JAX names."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    functions: dict[str, tuple[list[str], ast.FunctionDef]] = {}
    imports: dict[str, str] = {}
    for node in ast.parse("\n".join(lines)).body:
        if isinstance(node, ast.FunctionDef):
            own = lines[node.lineno - 1 : node.end_lineno]
            functions[node.name] = own, ast.parse("\n".join(own)).body[0]  # type: ignore[assignment]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports |= _jax_imports(node)
    return functions, imports


def _jax_imports(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    if isinstance(node, ast.ImportFrom):
        inside = (node.module or "").split(".")[0] == "jax"
        return {a.name: f"from {node.module} import {a.name}" for a in node.names} if inside else {}
    jax_names = [a for a in node.names if a.name.split(".")[0] == "jax"]
    return {a.asname or a.name: f"import {a.name}" + (f" as {a.asname}" if a.asname else "") for a in jax_names}


def _blackened(text: str) -> str:
    from grammar.text.style import styled  # the library's own functions run without it

    return styled(text + "\n").rstrip("\n")
