"""What source files mean: a digest that comments, docstrings and layout do not change."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast


def meaning(source: str | bytes) -> str:
    """The syntax tree of Python source without comments, layout, and strings that stand alone: the same under every
    Python that the package supports. Raises SyntaxError."""
    parts: list[str] = []
    _write(ast.parse(source), parts.append)
    return "".join(parts)


def digest(files: Iterable[tuple[str, Path]]) -> str:
    """Hex digest of files under names: of Python sources by what they mean, of all others by their bytes."""
    total = hashlib.sha256()
    for name, path in files:
        total.update(name.encode() + b"\0")
        total.update(_digest_of(path.read_bytes(), is_source=path.suffix == ".py"))
    return total.hexdigest()


def sources(package: Path, *, without: Iterable[str] = ()) -> list[tuple[str, Path]]:
    """The Python files of a package under their names in it, in order; `without` names folders and files of it."""
    left_out = [package / name for name in without]
    found = [path for path in package.rglob("*.py") if not any(path.is_relative_to(each) for each in left_out)]
    return sorted((path.relative_to(package).as_posix(), path) for path in found)


@cache
def _digest_of(content: bytes, *, is_source: bool) -> bytes:
    if is_source:
        content = meaning(content).encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).digest()


def _write(node: ast.AST, write: Callable[[str], object]) -> None:
    kind = type(node)
    write(kind.__name__)
    write("(")
    for name in _fields(kind):
        value = getattr(node, name, None)
        if value is None or value == []:
            continue
        write(name)
        if isinstance(value, ast.AST):
            _write(value, write)
        elif isinstance(value, list):
            write("[")
            for item in cast("list[Any]", value):
                if isinstance(item, ast.AST):
                    if not (isinstance(item, ast.Expr) and _is_text(item.value)):
                        _write(item, write)
                else:
                    write(repr(item))
            write("]")
        else:
            write(repr(value))
    write(")")


@cache
def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return tuple(name for name in kind._fields if name not in ("ctx", "kind", "type_comment"))


def _is_text(value: ast.expr) -> bool:
    """Whether a statement of this value is a string that documents what stands beside it."""
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
