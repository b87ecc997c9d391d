"""Every private interface of JAX that this package leans on, and nothing else.

tests/lowering/test_jax_internals.py fails by name when a release of JAX changes one of them. Public ones are
imported where they are used: `jax.jit(...).trace`, `.jaxpr`, `.lower`, `.as_text`, `jax.extend.core`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import CodeType
from typing import Any, cast

from jax._src import source_info_util
from jax._src.core import MemorySpace, internal_mutable_array_effect
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


def context(context: Any) -> dict[str, Any]:
    """What surrounds an equation (`equation.ctx`), by name, where it is not as by default."""
    settings = {
        "compute_type": context.compute_type,
        "xla_metadata": context.xla_metadata,
        "mesh": None if context.cur_abstract_mesh.empty else repr(context.cur_abstract_mesh),
        "unpartitionable_threefry": not context.threefry_partitionable,
    }
    return {name: value for name, value in settings.items() if value}


def stays_inside(effect: Any) -> bool:
    """Whether an effect is that of a mutable array which the program makes for itself (`jax.new_ref`)."""
    return effect is internal_mutable_array_effect


def on_device(aval: Any) -> bool:
    """Whether a value has neither a mesh nor a kind of memory of its own."""
    return aval.sharding.mesh.empty and aval.memory_space is MemorySpace.Device


def forget_filenames() -> None:
    """Drops the cache of which file names are the user's, one entry for every program ever traced."""
    source_info_util.is_user_filename.cache_clear()


@contextmanager
def taken_for_users(filename: str) -> Generator[None]:
    """Inside, JAX takes code in this file for the user's.

    It takes what lies below the standard library's folder for its own, and outside a virtual environment that is
    every package that is installed.
    """
    if not filename or source_info_util.is_user_filename(filename):
        yield
        return
    source_info_util.register_inclusion(filename)
    try:
        yield
    finally:
        source_info_util._include_paths.remove(filename)  # pyright: ignore[reportPrivateUsage]
        source_info_util._include_path_regex.cache_clear()  # pyright: ignore[reportPrivateUsage]
        source_info_util.is_user_filename.cache_clear()
