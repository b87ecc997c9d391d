"""A tree of parts as a module: values become literals, parts become functions named after the role they play.

A parameter that is not bound gives way to its default as it stands in the block.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache

import libcst as cst

from grammar.text import printer, syntax
from grammar.text.expression import ATOM, literal, parsed, writable
from grammar.text.source import source_of, statements_of
from pde.parts.part import Part, recursive


def render(root: Part, entry: str) -> str:
    """The module: imports, helpers before their callers, and `entry` last; black's style.

    Raises TypeError for a static value that has no literal.
    """
    names = _name_parts(root, entry)
    imports = {"import jax"}.union(*(_jax_imports(item.block) for item in names))
    return printer.module(imports, [_function(item, name, names) for item, name in names.items()], merge=False)


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


def _jax_imports(block: Callable[..., object]) -> list[str]:
    """The import statements of JAX in a block's file; what comes from elsewhere is not for programs."""
    return [line for line in source_of(block).imports.values() if line.split()[1].partition(".")[0] == "jax"]


def _function(item: Part, name: str, names: dict[Part, str]) -> str:
    """The text of a part's function, under its name and those of the parts that it calls."""
    bound = [(key, names[value] if isinstance(value, Part) else _literal(value)) for key, value in item.bound]
    if recursive(item.block):
        bound.append(("recurse", name))
    return _definition(item.block, name, tuple(bound), item.summary)


def _literal(value: object) -> str:
    """The text of a static value; a negative number stands in parentheses."""
    if not writable(value):
        raise TypeError(f"a static value must have a literal, given {value!r}")
    return printer.text(literal(value).at_least(ATOM))


@lru_cache(maxsize=2**14)
def _definition(
    block: Callable[..., object], name: str, bound: tuple[tuple[str, str], ...], summary: str | None
) -> str:
    """The text of the block under its new name, with what is bound or a default in the place of its parameters.

    Programs have most of their functions in common, so that each is made once in a process.
    """
    source = source_of(block)
    body = cst.Module(statements_of(source.text, source.definition))
    body = body.visit(_Substitution(_defaults(source.definition) | dict(bound)))
    # A program's reader wants the role, the library's reader the derivation.
    first = summary or (ast.get_docstring(source.definition) or "").splitlines()[0]
    params = cst.Parameters([syntax.param(argument.arg) for argument in source.definition.args.args])
    definition = syntax.function(name, params, [syntax.docstring(first), *body.body])
    if recursive(block):
        definition = definition.with_changes(decorators=[syntax.decorator("jax.jit")])
    return printer.definition(definition)


def _defaults(definition: ast.FunctionDef) -> dict[str, str]:
    """The texts of what a block's keyword-only parameters are where a part does not bind them."""
    pairs = zip(definition.args.kwonlyargs, definition.args.kw_defaults, strict=True)
    return {argument.arg: _in_place(default) for argument, default in pairs if default is not None}


def _in_place(default: ast.expr) -> str:
    """The text of an expression that stands for a name anywhere."""
    text = ast.unparse(default)
    return text if isinstance(default, ast.Name | ast.Attribute | ast.Constant) else f"({text})"


class _Substitution(cst.CSTTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self._expressions = {name: parsed(text) for name, text in texts.items()}

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self._expressions.get(updated_node.value, updated_node)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)
