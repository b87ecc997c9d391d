"""What Python tells of a callable: the function that it runs, and the annotations of functions and classes."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any, cast


def python_function(function: Any) -> FunctionType | None:
    """The Python function that a callable runs; None where there is none.

    Seen through decorators, `functools.partial`, methods and objects with `__call__`, in any order.
    """
    innermost = next(reversed(list(layers(function))), None)
    return innermost if isinstance(innermost, FunctionType) else None


def layers(function: Any) -> Iterator[Any]:
    """A callable, what it calls, and so on to the innermost."""
    seen: set[int] = set()
    while function is not None and id(function) not in seen:
        seen.add(id(function))
        yield function
        function = _wrapped(function)


def _wrapped(function: Any) -> Any:
    if isinstance(function, partial):
        return cast("Any", function).func
    if isinstance(function, MethodType):
        return function.__func__
    inner = getattr(function, "__wrapped__", None)
    if callable(inner) and inner is not function:
        return inner
    return None if isinstance(function, (FunctionType, type)) else inspect.getattr_static(function, "__call__", None)


def annotations_of(owner: Any, function: FunctionType) -> dict[str, Any]:
    """Annotations of `function` or a class, those left out that mean nothing at run time.

    A class of the function's module is looked up in the function's globals: that module may be no longer, or
    not yet, among the imported ones.
    """
    home = None if owner.__module__ == function.__module__ else sys.modules.get(owner.__module__)
    names = function.__globals__ if home is None else vars(home)
    try:
        return typing.get_type_hints(owner, globalns=names)
    except Exception:  # whatever evaluating a string of the program raises, or a name that only type checkers import
        return _one_by_one(owner, names)


def _one_by_one(owner: Any, names: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, annotation in inspect.get_annotations(owner).items():
        with suppress(Exception):
            known |= typing.get_type_hints(SimpleNamespace(__annotations__={name: annotation}), globalns=names)
    return known
