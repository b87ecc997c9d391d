"""What source files mean: a digest that comments, docstrings and layout do not change."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

from processes.cache import recall, remember

Files: TypeAlias = "Iterable[tuple[str, Path]]"
"""Files under the names that they have in a digest."""


def meaning(source: str | bytes) -> str:
    """The syntax tree of Python source without comments, layout, and strings that stand alone: the same under every
    Python that the package supports. Raises SyntaxError."""
    parts: list[str] = []
    _write(ast.parse(source), parts.append)
    return "".join(parts)


def digest(sources: Files, verbatim: Files = ()) -> str:
    """Hex digest of Python sources by what they mean, and of other files by their bytes."""
    found = [(name, _digest_of(path.read_bytes())) for name, path in sources]
    found += [(name, _sha256(path.read_bytes())) for name, path in verbatim]
    return _sha256("".join(f"{name}\0{each}\0" for name, each in found).encode())


def sources(package: Path, *, without: Iterable[str] = ()) -> list[tuple[str, Path]]:
    """The Python files of a package under their names in it, in order; `without` names folders and files of it."""
    left_out = [package / name for name in without]
    for path in left_out:
        path.stat()  # a name that was changed must not leave in what it was to leave out
    found = [path for path in package.rglob("*.py") if not any(path.is_relative_to(each) for each in left_out)]
    return sorted((path.relative_to(package).as_posix(), path) for path in found)


@cache
def _digest_of(content: bytes) -> str:
    """Hex digest of what a source means. To parse one takes milliseconds, hundreds in all, so the user's cache keeps it
    for every other process."""
    name = f"meaning-{_sha256(_this_module() + content)}"
    known = recall(name)
    if known is not None and len(known) == 64:
        return known
    found = _sha256(meaning(content).encode("utf-8", "surrogatepass"))
    remember(name, found)
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _this_module() -> bytes:
    """The bytes that decide how meanings are written: with others, none that is remembered is right."""
    return Path(__file__).read_bytes()


def _write(node: ast.AST, write: Callable[[str], object]) -> None:
    write(f"{type(node).__name__}(")
    for name in _fields(type(node)):
        value = getattr(node, name, None)
        if value is not None and value != []:
            write(f"{name}=")
            _write_value(value, write)
    write(")")


def _write_value(value: object, write: Callable[[str], object]) -> None:
    if isinstance(value, ast.AST):
        _write(value, write)
    elif isinstance(value, list):
        write("[")
        for item in cast("list[Any]", value):
            if not _is_text(item):
                _write_value(item, write)
        write("]")
    else:
        write(f"{value!r},")


@cache
def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return tuple(name for name in kind._fields if name not in ("ctx", "kind", "type_comment"))


def _is_text(item: object) -> bool:
    """Whether a statement is a string alone, which documents what stands beside it."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
