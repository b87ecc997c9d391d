"""Leaves of argument pytrees, addressed by path, and the way back from paths to the pytrees.

>>> arguments([Leaf("params['w']", "float32", (3, 4))])
{'params': {'w': ShapeDtypeStruct(shape=(3, 4), dtype=float32)}}
"""

from __future__ import annotations

import ast
import re
import typing
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import FunctionType, NoneType, UnionType
from typing import Any

from lowering.callables import annotations_of, python_function
from lowering.errors import InputError, summary

_STEP = re.compile(r"\.(?P<attribute>\w+)|\[(?P<index>\d+)\]|\[(?P<key>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\]")
_KEY_DTYPES = {"key<fry>": "threefry2x32", "key<rbg>": "rbg", "key<urbg>": "unsafe_rbg"}

Step = tuple[str, "str | int"]
Tree = "dict[Step, Any]"


@dataclass(frozen=True)
class Leaf:
    """One array of an argument or a result.

    `path` is the argument's name followed by JAX's keystr of the leaf: `x`, `params['w']`, `pair[0]`,
    `state.mean`. `dtype` is JAX's name of it, `key<fry>` for a new-style PRNG key.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]


def arguments(leaves: Iterable[Leaf], function: Callable[..., Any] | None = None) -> dict[str, Any]:
    """Argument name -> pytree of `jax.ShapeDtypeStruct`, rebuilt from the leaves' paths alone.

    A quoted key makes a dict, an index a tuple (a list where `function` annotates one), an attribute the
    class that `function` annotates (an `OrderedDict`, or a dict with numbers for keys, where that is annotated).
    Raises InputError for a path, shape or dtype that JAX does not know.
    """
    trees: dict[str, Any] = {}
    for leaf in leaves:
        name, steps = _split(leaf.path)
        _insert(trees, leaf.path, [("argument", name), *steps], _struct(leaf))
    inner = python_function(function)
    hints = annotations_of(inner, inner) if inner is not None else {}
    return {name: _build(tree, hints.get(name), name, inner) for (_, name), tree in trees.items()}


def _split(path: str) -> tuple[str, list[Step]]:
    """`params['w'][0]` -> name and steps; InputError unless every character belongs to a step."""
    name = re.match(r"\w*", path)
    assert name is not None
    steps: list[Step] = []
    position = name.end()
    while position < len(path):
        match = _STEP.match(path, position)
        step = match and _step(match)
        if match is None or step is None:
            break
        steps.append(step)
        position = match.end()
    if position < len(path) or not name.group().isidentifier():
        raise InputError(
            f"path {path!r} is not an argument's name followed by .attribute, [index] or ['key'] steps: "
            "write it as jax.tree_util.keystr prints it"
        )
    return name.group(), steps


def _step(match: re.Match[str]) -> Step | None:
    if match["attribute"] is not None:
        return "attribute", match["attribute"]
    if match["index"] is not None:
        return "index", int(match["index"])
    try:
        return "key", str(ast.literal_eval(match["key"]))
    except SyntaxError:  # an escape that Python lacks
        return None


def _insert(tree: Any, path: str, steps: list[Any], value: Any) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            raise InputError(f"path {path!r} goes through a leaf that another path names: give each leaf once")
    if steps[-1] in tree:
        raise InputError(f"path {path!r} is given twice, or another path goes through it: give each leaf once")
    tree[steps[-1]] = value


def _struct(leaf: Leaf) -> Any:
    import jax  # delayed: naming leaves must not cost JAX's import

    if not isinstance(typing.cast("object", leaf.shape), (tuple, list)):
        raise InputError(f"shape {leaf.shape!r} of {leaf.path!r} is not a tuple: write (3,) for three elements")
    if any(type(size) is not int or not 0 <= size < 2**63 for size in leaf.shape):
        raise InputError(
            f"shape {leaf.shape} of {leaf.path!r} has a size that is not an integer of at least 0 and below 2**63"
        )
    return jax.ShapeDtypeStruct(leaf.shape, dtype_of(leaf.dtype))


@cache
def _key_dtype(name: str) -> Any:
    import jax  # delayed: see above

    return jax.eval_shape(lambda: jax.random.key(0, impl=_KEY_DTYPES[name])).dtype


@cache
def _numeric_dtype(name: str) -> Any:
    """The dtype of a name; None if JAX has no arrays of it."""
    import jax  # delayed: see above

    try:
        dtype = jax.numpy.dtype(name)
    except TypeError:
        return None
    return dtype if jax.numpy.isdtype(dtype, ("numeric", "bool")) else None


def dtype_of(name: str) -> Any:
    """The dtype that JAX prints as `name`; InputError if there is none, or x64 is off and it needs it."""
    import jax  # delayed: see above

    if name in _KEY_DTYPES:
        return _key_dtype(name)
    dtype = _numeric_dtype(name)
    if dtype is None:
        known = ", ".join(_KEY_DTYPES)
        raise InputError(f"dtype {name!r} is not one that JAX knows: use a NumPy or ml_dtypes name, or one of {known}")
    held = jax.dtypes.canonicalize_dtype(dtype)
    if held != dtype:
        raise InputError(f"dtype {name!r} would become {held}: switch on jax_enable_x64 or ask for {held}")
    return dtype


def _build(tree: Any, hint: Any, path: str, function: FunctionType | None) -> Any:
    """The pytree of one node: children first, then the container its steps and `hint` ask for."""
    if not isinstance(tree, dict):
        return tree
    kinds = {kind for kind, _ in typing.cast("dict[Step, Any]", tree)}
    if len(kinds) > 1:
        raise InputError(f"the leaves of {path!r} mix {' and '.join(sorted(kinds))} steps: a container takes one kind")
    (kind,) = kinds
    children: dict[Any, Any] = {name: child for (_, name), child in typing.cast("dict[Step, Any]", tree).items()}
    hint = _without_none(hint)
    asked = typing.get_origin(hint) or hint
    if kind == "attribute":
        return _build_record(children, asked, path, function)
    if kind == "key" or (isinstance(asked, type) and issubclass(asked, Mapping)):
        items = {k: _build(v, _argument(hint, 1), f"{path}[{k!r}]", function) for k, v in children.items()}
        return OrderedDict(items) if asked is OrderedDict else items
    return _build_sequence(children, hint, path, function)


def _build_record(children: Mapping[str, Any], kind: Any, path: str, function: FunctionType | None) -> Any:
    if not isinstance(kind, type) or function is None:
        raise InputError(
            f"{path!r} has attributes, but no annotation of the entry says of which class: "
            f"annotate the argument, as in `{path}: State`"
        )
    hints = annotations_of(kind, function)
    fields = {name: _build(child, hints.get(name), f"{path}.{name}", function) for name, child in children.items()}
    try:
        return kind(**fields)
    except Exception as error:  # a class may check its fields
        raise InputError(f"{path!r} does not make a {kind.__name__}: {summary(error)}") from error


def _build_sequence(children: Mapping[int, Any], hint: Any, path: str, function: FunctionType | None) -> Any:
    if sorted(children) != list(range(len(children))):
        raise InputError(f"the indices of {path!r} are {sorted(children)}: a sequence counts from 0 without gaps")
    items = [_build(children[i], _argument(hint, i), f"{path}[{i}]", function) for i in range(len(children))]
    return items if typing.get_origin(hint) is list or hint is list else tuple(items)


def _without_none(hint: Any) -> Any:
    """What an `Optional` is if it is not None: the first such type of a union."""
    if typing.get_origin(hint) not in (typing.Union, UnionType):
        return hint
    return next((part for part in typing.get_args(hint) if part is not NoneType), None)


def _argument(hint: Any, position: int) -> Any:
    """The annotation of an element: `dict[str, T]`, `list[T]`, `Sequence[T]`, `tuple[T, ...]` or `tuple[A, B]`."""
    parts = [part for part in typing.get_args(hint) if part is not Ellipsis]
    if len(parts) == 1 and (typing.get_origin(hint) is not tuple or Ellipsis in typing.get_args(hint)):
        return parts[0]
    return parts[position] if position < len(parts) else None
