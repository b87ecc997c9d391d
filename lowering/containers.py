"""The class of each container in a pytree: what its parts and its annotation tell, and a name where they do not.

`described` writes leaves by it and `arguments` reads them, so both agree on what need not be said.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import typing
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from types import FunctionType, NoneType, UnionType
from typing import Any

from lowering.callables import annotations_of
from lowering.errors import InputError, summary

Step = tuple[str, Any]
"""`("attribute", name)`, or `("item", key)` for an index of a sequence or the key of a mapping."""


def as_printed(step: Step) -> str:
    """A step as JAX's keystr prints it."""
    kind, key = step
    return f".{key}" if kind == "attribute" else f"[{key!r}]"


_BUILTINS: dict[str, type] = {kind.__name__: kind for kind in (tuple, list, dict)}
_NAME = re.compile(r"[\w.]+:[\w.<>]+")


def told_class(steps: Iterable[Step], annotation: Any) -> Any:
    """The class of a container with these parts under an annotation; None where that does not tell it.

    A class for attributes has to be annotated. Keys that are no integers make a dict, or what mapping is annotated;
    integers a tuple, or a list where one is annotated.
    """
    steps = list(steps)
    asked = asked_class(annotation)
    if not steps or len({kind for kind, _ in steps}) > 1:
        return None
    if steps[0][0] == "attribute":
        return asked if isinstance(asked, type) else None
    if isinstance(asked, type) and issubclass(asked, Mapping):
        return OrderedDict if asked is OrderedDict else dict
    integers = {type(key) is int for _, key in steps}
    if integers == {True}:
        return list if asked is list else tuple
    return dict if integers == {False} else None


def asked_class(annotation: Any) -> Any:
    """The class that an annotation means, without its parameters; of a union the first that is not None."""
    annotation = _without_none(annotation)
    return typing.get_origin(annotation) or annotation


def is_class_name(text: str) -> bool:
    """Whether a text is written as `class_name` writes: `list`, `module:State`."""
    return text in _BUILTINS or _NAME.fullmatch(text) is not None


def class_name(kind: type) -> str:
    """`list`, or `module:State`: what `class_named` takes."""
    return kind.__name__ if kind in _BUILTINS.values() else f"{kind.__module__}:{kind.__qualname__}"


def class_named(name: str, annotation: Any, path: str, function: FunctionType | None) -> type:
    """The class of a container; InputError if none of that name is annotated or stands in its module.

    No module is imported for it, and no other class comes of it than a mapping, a NamedTuple or a dataclass.
    """
    asked = asked_class(annotation)
    if isinstance(asked, type) and class_name(asked) == name:
        return asked
    kind = _BUILTINS.get(name) or _global(name, function)
    if not isinstance(kind, type) or not _holds_parts(kind):
        raise InputError(
            f"the class {name!r} of {path!r} is not found by its name: annotate the argument with it, "
            "or make it a NamedTuple or a dataclass at the top of a module that is imported"
        )
    return kind


def _global(name: str, function: FunctionType | None) -> Any:
    """What stands under a name; a program's own module may be no longer, or not yet, among the imported ones."""
    module, _, qualified = name.partition(":")
    first, *rest = qualified.split(".")
    at_home = function is not None and module == function.__module__
    names = (
        function.__globals__ if function is not None and at_home else getattr(sys.modules.get(module), "__dict__", {})
    )
    return reduce(lambda found, part: getattr(found, part, None), rest, names.get(first))


def _holds_parts(kind: type) -> bool:
    if kind in _BUILTINS.values() or issubclass(kind, Mapping):
        return True
    return dataclasses.is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


class Annotations:
    """The annotations of a container's parts, by step."""

    def __init__(self, kind: Any, annotation: Any, function: FunctionType | None) -> None:
        self._fields = annotations_of(kind, function) if function is not None and isinstance(kind, type) else {}
        self._annotation = _without_none(annotation)
        self._mapping = isinstance(kind, type) and issubclass(kind, Mapping)

    def of(self, step: Step) -> Any:
        kind, key = step
        if kind == "attribute":
            return self._fields.get(key)
        return _argument(self._annotation, 1 if self._mapping else key if type(key) is int else 0)


def build(kind: type, parts: Mapping[Step, Any], path: str) -> Any:
    """A container of a class; InputError if it takes no such parts."""
    make: Callable[..., Any] = kind
    is_record = dataclasses.is_dataclass(kind) or not issubclass(kind, Mapping)  # a dataclass may be a mapping as well
    takes = "index" if kind in (tuple, list) else "attribute" if is_record else "key"
    if not all(_fits(step, takes) for step in parts):
        shown = ", ".join(as_printed(step) for step in parts)
        raise InputError(f"{path!r} is a {kind.__name__} with the parts {shown}: give it one leaf for each {takes}")
    by_key = {key: part for (_, key), part in parts.items()}
    if takes == "index":
        if sorted(by_key) != list(range(len(by_key))):
            raise InputError(f"the indices of {path!r} are {sorted(by_key)}: a sequence counts from 0 without gaps")
        return make(by_key[index] for index in range(len(by_key)))
    if kind is dict:
        return by_key
    try:
        if dataclasses.is_dataclass(kind) and not _takes(kind, by_key):
            return _as_jax_makes(kind, by_key)
        return make(by_key) if takes == "key" else make(**by_key)
    except Exception as error:  # a class may check its fields
        raise InputError(f"{path!r} does not make a {kind.__name__}: {summary(error)}") from error


def _takes(kind: Any, names: Iterable[str]) -> bool:
    """Whether a class is called with its fields, as a dataclass is whose `__init__` is not written by hand."""
    parameters = inspect.signature(kind).parameters
    return all(name in parameters for name in names)


def _as_jax_makes(kind: type, fields: Mapping[str, Any]) -> Any:
    """An object with these attributes, made without its `__init__`, as libraries of layers unflatten theirs."""
    instance = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(instance, name, value)
    return instance


def _fits(step: Step, takes: str) -> bool:
    kind, key = step
    return kind == "attribute" if takes == "attribute" else kind == "item" and (takes == "key" or type(key) is int)


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) not in (typing.Union, UnionType):
        return annotation
    return next((part for part in typing.get_args(annotation) if part is not NoneType), None)


def _argument(annotation: Any, position: int) -> Any:
    """The annotation of an element: `dict[str, T]`, `list[T]`, `Sequence[T]`, `tuple[T, ...]` or `tuple[A, B]`."""
    parts = [part for part in typing.get_args(annotation) if part is not Ellipsis]
    if len(parts) == 1 and (typing.get_origin(annotation) is not tuple or Ellipsis in typing.get_args(annotation)):
        return parts[0]
    return parts[position] if 0 <= position < len(parts) else None
