"""From the arguments of a call to leaves, of which `arguments` makes them again.

Said is what neither paths nor annotations tell; and that the way back leads there is tried on every call.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import FunctionType
from typing import Any, NamedTuple

import jax
from jax.tree_util import DictKey, GetAttrKey, SequenceKey

from lowering.callables import python_function
from lowering.containers import Annotations, Step, as_printed, class_name, class_named, told_class
from lowering.errors import InputError, shown, summary
from lowering.leaves import Leaf, argument_annotations, literal, type_name
from lowering.signature import check_arguments, named_arguments

_CURE = "take its arrays as arguments of their own, or bind it with functools.partial"

_WIDE = frozenset({"int64", "uint64", "float64", "complex128"})


class _Part(NamedTuple):
    step: Step
    value: Any
    is_static: bool = False


def described(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Leaf]:
    """The leaves of a call's arguments, which are pytrees of avals, in the order of JAX's flattening.

    Raises InputError, naming the argument and its part, where another call would come back from them.
    """
    inner = python_function(function)
    annotation = argument_annotations(inner)
    odd = next((name for name in kwargs if not name.isidentifier()), None)
    if odd is not None:
        raise InputError(f"the argument {odd!r} has no name that Python reads: call it by letters and digits")
    call = named_arguments(function, args, kwargs)
    leaves = [leaf for name, value in call for leaf in _described(value, annotation(name), name, inner)]
    again = named_arguments(function, *_call_again(function, leaves))
    if [name for name, _ in call] != [name for name, _ in again]:
        told, made = (", ".join(name for name, _ in side) for side in (call, again))
        raise InputError(f"the arguments {told} come back as {made}: give none by a keyword that another one bears")
    for (name, value), (_, other) in zip(call, again, strict=True):
        try:
            _refuse_another(value, other, name)
        except AttributeError as error:  # what was made without a field does not flatten
            raise InputError(f"{name!r} is not made again by its leaves alone ({summary(error)}): {_CURE}") from error
    return leaves


def _call_again(function: Callable[..., Any], leaves: list[Leaf]) -> Any:
    wide = any(leaf.dtype.lstrip("~") in _WIDE for leaf in leaves)
    try:
        with jax.enable_x64(True) if wide else nullcontext():  # as it was when they were traced
            return check_arguments(function, leaves)
    except InputError as error:
        if error.__cause__ is None:
            raise
        raise InputError(f"{error}; {_CURE}") from error  # a class that does not take its parts


def _described(value: Any, annotation: Any, path: str, function: FunctionType | None) -> Iterator[Leaf]:
    if value is None:
        yield Leaf(path, "None", ())
        return
    kind = type(value)
    flat, _ = _one_level(value)
    if _is_array(flat):
        yield Leaf(path, type_name(value), tuple(value.shape))
        return
    parts = [_Part(_step(keys[0], path, kind), part) for keys, part in flat]
    parts += _statics(value, {part.step for part in parts})
    parts = [part for part in parts if not _is_default(part, kind)]
    if told_class([part.step for part in parts], annotation) is not kind:
        yield Leaf(path, _name(kind, annotation, path, function), ())
    annotations = Annotations(kind, annotation, function)
    for step, part, is_static in parts:
        where = path + as_printed(step)
        if is_static:
            yield _static(part, where)
        else:
            yield from _described(part, annotations.of(step), where, function)


def _static(value: Any, path: str) -> Leaf:
    if not _is_literal(value):
        raise InputError(
            f"the static field {path!r} is {shown(value)}, which is no Python literal: make it the default of its"
            f" field, or {_CURE}"
        )
    return Leaf(path, repr(value), ())


def _one_level(value: Any) -> tuple[list[tuple[tuple[Any, ...], Any]], Any]:
    """The parts of a container by key, and its structure; an array is its only part, without a key."""
    return jax.tree_util.tree_flatten_with_path(value, is_leaf=lambda part: part is not value)


def _is_array(flat: list[tuple[tuple[Any, ...], Any]]) -> bool:
    return len(flat) == 1 and not flat[0][0]


def _step(key: Any, path: str, kind: type) -> Step:
    if isinstance(key, SequenceKey):
        return "item", key.idx
    if isinstance(key, GetAttrKey) and key.name.isidentifier():
        return "attribute", key.name
    if not isinstance(key, DictKey):
        raise InputError(
            f"the parts of {path!r}, a {kind.__name__}, have no names in JAX: register the class by"
            f" jax.tree_util.register_dataclass, or {_CURE}"
        )
    if not _is_literal(key.key):
        raise InputError(
            f"the key {shown(key.key)} of {path!r} is no Python literal: let keys be strings, numbers or tuples of them"
        )
    return "item", key.key


def _is_literal(value: Any) -> bool:
    """Whether `literal` makes the value of its repr."""
    try:
        copy = literal(repr(value))
    except Exception:  # a class's own repr, or a number that is too long for one
        return False
    return type(copy) is type(value) and copy == value


def _statics(value: Any, known: set[Step]) -> Iterator[_Part]:
    """The fields of a dataclass that are no parts of the pytree but of its structure."""
    for field in dataclasses.fields(value) if dataclasses.is_dataclass(value) else ():
        step = ("attribute", field.name)
        if step not in known and field.init and hasattr(value, field.name):
            yield _Part(step, getattr(value, field.name), is_static=True)


def _is_default(part: _Part, kind: Any) -> bool:
    """Whether a class makes a static field, or None, of its own."""
    (step, name), value, is_static = part
    if step != "attribute" or not (is_static or value is None):
        return False
    fields = getattr(kind, "__dataclass_fields__", {})
    default = fields[name].default if name in fields else getattr(kind, "_field_defaults", {}).get(name, kind)
    if _is_literal(value):  # 1, True and 1.0 are equal, and make different programs
        return _is_literal(default) and repr(default) == repr(value)
    return default is value or (type(default) is type(value) and default == value)


def _name(kind: type, annotation: Any, path: str, function: FunctionType | None) -> str:
    name = class_name(kind)
    if class_named(name, annotation, path, function) is not kind:
        raise InputError(f"another class is called {name!r} by now than that of {path!r}: give each its own name")
    return name


def _refuse_another(value: Any, other: Any, path: str) -> None:
    """InputError where what came back is no pytree of the same containers, keys, static fields, dtypes and shapes."""
    (flat, structure), (others, made) = _one_level(value), _one_level(other)
    same = structure == made
    if same and value is not None and _is_array(flat):
        same = (type_name(value), tuple(value.shape)) == (type_name(other), tuple(other.shape))
    if not same:
        raise InputError(f"{path!r}, a {type(value).__name__}, is not made again by its leaves alone: {_CURE}")
    for (keys, part), (_, counterpart) in zip(flat, others, strict=True):
        if keys:
            _refuse_another(part, counterpart, path + jax.tree_util.keystr(keys))
