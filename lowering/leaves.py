"""Leaves of argument pytrees, addressed by path, and the way back from paths to the pytrees.

>>> arguments([Leaf("params['w']", "float32", (3, 4))])
{'params': {'w': ShapeDtypeStruct(shape=(3, 4), dtype=float32)}}
"""

from __future__ import annotations

import ast
import inspect
import re
import typing
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from inspect import Parameter
from types import FunctionType
from typing import Any

from lowering.callables import annotations_of, python_function
from lowering.containers import Annotations, Step, as_printed, build, class_named, is_class_name, told_class
from lowering.errors import InputError

_ATTRIBUTE = re.compile(r"\.(\w+)")
_KEY_DTYPES = {"key<fry>": "threefry2x32", "key<rbg>": "rbg", "key<urbg>": "unsafe_rbg"}
_WEAK = "~"
"""What JAX prints before a weak type."""

_NO_TANGENT = "float0"
"""The dtype of the tangents of integers, which NumPy prints as a record without fields."""


@dataclass(frozen=True)
class Leaf:
    """One array of an argument or a result, or a part of an argument that is no array.

    `path` is the argument's name followed by JAX's keystr of the leaf: `x`, `params['w']`, `pair[0]`,
    `state.mean`. `dtype` is JAX's name of it: `float32`, `key<fry>` for a new-style PRNG key, and for an argument
    of weak type, such as a Python number, `~float32`.

    What is no array has the shape () and says in `dtype` what it is. None and the static fields of a class are
    Python literals: `None`, `3`, `'relu'`. A container is named by its class where it is empty, or where its parts
    and the annotation of the argument do not tell that: `tuple`, `list`, `dict`, `module:State`.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]


@dataclass
class _Node:
    """A container on the way back: its parts, and the class that a leaf gives it."""

    parts: dict[Step, Any] = field(default_factory=dict[Step, Any])
    class_name: str | None = None


def arguments(leaves: Iterable[Leaf], function: Callable[..., Any] | None = None) -> dict[str, Any]:
    """Argument name -> pytree of `jax.ShapeDtypeStruct`, rebuilt from the leaves alone.

    Where no leaf names the class of a container, a key makes a dict, an index a tuple (a list where `function`
    annotates one), an attribute the class that `function` annotates (an `OrderedDict`, or a dict with numbers for
    keys, where that is annotated). `check_arguments` gives the same in the order of a call. Raises InputError for a
    path, shape, dtype or class that is not known.
    """
    from lowering.session import deep  # delayed: see below

    inner = python_function(function)
    trees = _Node()
    for leaf in leaves:
        name, steps = _split(leaf.path)
        _insert(trees, leaf, [("attribute", _as_python_reads(name, inner)), *steps])
    annotations = argument_annotations(inner)
    with deep():  # whatever JAX can flatten
        return {name: _build(tree, annotations(name), name, inner) for (_, name), tree in trees.parts.items()}


def argument_annotations(function: FunctionType | None) -> Callable[[str], Any]:
    """`x`, `rest` or `rest[0]` -> annotation; for a name that is no parameter the one of `**options`."""
    if function is None:
        return lambda name: None
    known = annotations_of(function, function)
    if not function.__code__.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        return known.get
    names = {p.kind: name for name, p in inspect.signature(function).parameters.items()}
    rest, other = names.get(Parameter.VAR_POSITIONAL), known.get(names.get(Parameter.VAR_KEYWORD, ""))

    def annotation(path: str) -> Any:
        name, *index = path.split("[")
        found = known.get(name, other)
        return tuple[found, ...] if name == rest and found is not None and not index else found

    return annotation


def literal(text: str) -> Any:
    """The value of a Python literal; ValueError if the text is none."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(text) from error


def _as_python_reads(name: str, function: FunctionType | None) -> str:
    """A parameter's name as Python normalises what its source says, such as the micro sign to a Greek letter."""
    if name.isascii() or function is None:
        return name
    parameters, normal = inspect.signature(function).parameters, unicodedata.normalize("NFKC", name)
    return normal if normal in parameters and name not in parameters else name


def _split(path: str) -> tuple[str, list[Step]]:
    """`params['w'][0]` -> name and steps; InputError unless every character belongs to a step."""
    name = re.match(r"\w*", path)
    assert name is not None
    steps: list[Step] = []
    position = name.end()
    while position < len(path):
        found = _step(path, position)
        if found is None:
            break
        step, position = found
        steps.append(step)
    if position < len(path) or not name.group().isidentifier():
        raise InputError(
            f"path {path!r} is not an argument's name followed by .attribute, [index] or ['key'] steps: "
            "write it as jax.tree_util.keystr prints it"
        )
    return name.group(), steps


def _step(path: str, position: int) -> tuple[Step, int] | None:
    """The step that begins at a position, and where the next one does."""
    attribute = _ATTRIBUTE.match(path, position)
    if attribute is not None:
        return ("attribute", attribute[1]), attribute.end()
    end = path.find("]", position) if path[position] == "[" else -1
    while end >= 0:  # a key may hold brackets of its own
        try:
            key = literal(path[position + 1 : end])
            hash(key)
            return ("item", key), end + 1
        except (ValueError, TypeError):
            end = path.find("]", end + 1)
    return None


def _insert(tree: _Node, leaf: Leaf, steps: list[Step]) -> None:
    for step in steps[:-1]:
        part: Any = tree.parts.setdefault(step, _Node())
        if not isinstance(part, _Node):
            raise InputError(f"path {leaf.path!r} goes through a leaf that another path names: give each leaf once")
        tree = part
    node = tree.parts.get(steps[-1], _Node())
    if is_class_name(leaf.dtype) and not leaf.shape:
        again = not isinstance(node, _Node) or node.class_name is not None
        tree.parts[steps[-1]] = _Node(node.parts, leaf.dtype) if isinstance(node, _Node) else node
    else:
        again = steps[-1] in tree.parts
        tree.parts[steps[-1]] = _value(leaf)
    if again:
        raise InputError(f"path {leaf.path!r} is given twice, or another path goes through it: give each leaf once")


def _value(leaf: Leaf) -> Any:
    """What a leaf describes: an array's shape and dtype, or the value of a literal."""
    if _numeric_dtype(leaf.dtype.removeprefix(_WEAK)) is None and not leaf.shape:
        try:
            return literal(leaf.dtype)
        except ValueError:
            pass
    return _struct(leaf)


def _struct(leaf: Leaf) -> Any:
    import jax  # delayed: naming leaves must not cost JAX's import

    if not isinstance(typing.cast("object", leaf.shape), (tuple, list)):
        raise InputError(f"shape {leaf.shape!r} of {leaf.path!r} is not a tuple: write (3,) for three elements")
    if any(type(size) is not int or not 0 <= size < 2**63 for size in leaf.shape):
        raise InputError(
            f"shape {leaf.shape} of {leaf.path!r} has a size that is not an integer of at least 0 and below 2**63"
        )
    name = leaf.dtype.removeprefix(_WEAK)
    return jax.ShapeDtypeStruct(leaf.shape, _dtype_of(name, leaf.path), weak_type=name != leaf.dtype)


@cache
def _key_dtype(name: str) -> Any:
    import jax  # delayed: see above

    return jax.eval_shape(lambda: jax.random.key(0, impl=_KEY_DTYPES[name])).dtype


@cache
def _numeric_dtype(name: str) -> Any:
    """The dtype of a name; None if JAX has no arrays of it."""
    import jax  # delayed: see above

    if name == _NO_TANGENT:
        return jax.dtypes.float0
    try:
        dtype = jax.numpy.dtype(name)
    except Exception:  # NumPy parses what it does not know, and may raise anything
        return None
    return dtype if jax.numpy.isdtype(dtype, ("numeric", "bool")) else None


def _dtype_of(name: str, path: str) -> Any:
    """The dtype that JAX prints as `name`; InputError if there is none, or x64 is off and it needs it."""
    import jax  # delayed: see above

    if name in _KEY_DTYPES:
        return _key_dtype(name)
    dtype = _numeric_dtype(name)
    if dtype is None:
        known = ", ".join(_KEY_DTYPES)
        raise InputError(
            f"dtype {name!r} is not one that JAX knows: use a NumPy or ml_dtypes name for {path!r}, or one of {known}"
        )
    canonical = dtype if dtype == jax.dtypes.float0 else jax.dtypes.canonicalize_dtype(dtype)
    if canonical != dtype:
        raise InputError(
            f"dtype {name!r} would become {canonical}: switch on jax_enable_x64 or ask for {canonical} at {path!r}"
        )
    return dtype


def dtype_name(array: Any) -> str:
    """JAX's name of an array's dtype, whether its type is weak left out."""
    import jax  # delayed: see above

    return _NO_TANGENT if array.dtype == jax.dtypes.float0 else str(array.dtype)


def type_name(aval: Any) -> str:
    """What `Leaf` says of the dtype of an argument."""
    return _WEAK * bool(aval.weak_type) + dtype_name(aval)


def _build(tree: Any, annotation: Any, path: str, function: FunctionType | None) -> Any:
    """The pytree of one node: the class first, as it annotates the parts, then these."""
    if not isinstance(tree, _Node):
        return tree
    kind = _class_of(tree, annotation, path, function)
    annotations = Annotations(kind, annotation, function)
    parts = {
        step: _build(part, annotations.of(step), path + as_printed(step), function) for step, part in tree.parts.items()
    }
    return build(kind, parts, path)


def _class_of(tree: _Node, annotation: Any, path: str, function: FunctionType | None) -> Any:
    if tree.class_name is not None:
        return class_named(tree.class_name, annotation, path, function)
    kind = told_class(tree.parts, annotation)
    if kind is not None:
        return kind
    kinds = {"attribute" if kind == "attribute" else "index" if type(key) is int else "key" for kind, key in tree.parts}
    if len(kinds) > 1:
        raise InputError(f"the leaves of {path!r} mix {' and '.join(sorted(kinds))} steps: a container takes one kind")
    raise InputError(
        f"{path!r} has attributes, but no annotation of the entry says of which class: "
        f"annotate the argument, as in `{path}: State`"
    )
