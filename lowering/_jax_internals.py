"""Every private interface of JAX that this package leans on, and nothing else.

tests/lowering/test_jax_internals.py fails by name when a release of JAX changes one of them. Public ones are
imported where they are used: `jax.jit(...).trace`, `.jaxpr`, `.lower`, `.as_text`, `jax.extend.core`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any, cast

from jax.extend import core

ClosedJaxpr: Any = core.ClosedJaxpr
Jaxpr: Any = core.Jaxpr
Literal: Any = core.Literal

Position = tuple[int, int, int, int]


def raw_frames(traceback: Any) -> tuple[list[CodeType], list[int]]:
    """Code objects and instruction offsets of an equation's traceback, innermost first."""
    return cast("tuple[list[CodeType], list[int]]", traceback.raw_frames())


def position(traceback: Any, code: CodeType, offset: int) -> Position:
    """Line, column, end line, end column of an instruction; lines from 1, columns in bytes from 0."""
    return cast(Position, type(traceback).code_addr2location(code, offset))


def print_jaxpr(jaxpr: Any) -> tuple[str, list[list[tuple[int, int, Any]]]]:
    """`str(jaxpr)`, and for each line of it the (start, end, traceback) regions that equations printed."""
    regions: list[list[tuple[int, int, Any]]] = []
    text = cast(str, jaxpr.pretty_print(use_color=False, source_map=regions))
    return text, regions


def source_info(equation: Any) -> Any:
    """The traceback of the code that made an equation, or None."""
    return equation.source_info.traceback


def forget_filenames() -> None:
    """Drops the cache of which file names are the user's, one entry for every program ever traced."""
    from jax._src import source_info_util  # delayed: the one use of a private module

    clear = cast("Callable[[], None] | None", getattr(source_info_util.is_user_filename, "cache_clear", None))
    if clear is not None:
        clear()
