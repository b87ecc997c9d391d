"""Traced values that outlive their trace: in a global, a closure, or whatever a program keeps there.

Looked into are containers, and functions, classes and objects that the program's own module defines. What they
hold is read from the garbage collector, so that nothing of the program runs.
"""

from __future__ import annotations

import builtins
import gc
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from jax.core import Tracer

from lowering.errors import SideEffectError

Place = tuple[str, Any]
"""What a message calls a place that a program can write to, and what is there."""

_CONTAINERS = frozenset({list, tuple, set, dict, deque, defaultdict, OrderedDict, CellType, MethodType, partial})


def refuse_leaks(places: Iterable[Place], home: str | None, known: Collection[int] = ()) -> None:
    """SideEffectError if a place holds a traced value that is not `known`; `home` is the program's module."""
    for where, value in places:
        if any(id(tracer) not in known for tracer in _tracers(value, home)):
            raise SideEffectError(f"the entry leaks a traced value into {where}: return it instead")


def traced_values(places: Iterable[Place], home: str | None) -> set[int]:
    """The identities of traced values that stand in the places already."""
    return {id(tracer) for _, value in places for tracer in _tracers(value, home)}


def globals_of(namespace: dict[str, Any]) -> Iterator[Place]:
    """Every variable of an executed module."""
    return ((f"the global {name!r}", value) for name, value in namespace.items())


def reach_of(function: Callable[..., Any], inner: FunctionType) -> Iterator[Place]:
    """What a callable can write to: its closure, the globals that it names, and itself; it runs `inner`."""
    cells = inner.__closure__ or ()
    yield from ((f"the variable {name!r}", cell) for name, cell in zip(inner.__code__.co_freevars, cells, strict=True))
    named = {name: inner.__globals__[name] for name in _names(inner.__code__) if name in inner.__globals__}
    yield from globals_of(named)
    yield f"the function {inner.__qualname__!r} or its object", (function, inner)


def _names(code: CodeType) -> set[str]:
    nested = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, nested))


def _tracers(root: Any, home: str | None) -> Iterator[Any]:
    """The traced values among a value and all that it holds."""
    waiting: list[Any] = [root]
    seen = {id(vars(builtins))}
    while waiting:
        value = waiting.pop()
        if issubclass(type(value), Tracer):
            yield value
        elif id(value) not in seen and _is_held(value, home):
            seen.add(id(value))
            waiting += gc.get_referents(value)


def _is_held(value: Any, home: str | None) -> bool:
    """Whether a program can have put something into a value; the variables of a module are places of their own."""
    kind = type(value)
    if kind in _CONTAINERS:
        return kind is not dict or "__builtins__" not in value
    return kind.__module__ == home or getattr(value, "__module__", None) == home
