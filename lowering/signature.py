"""The parameters of an entry: arguments for them from leaves, and names for the arguments of a call.

A decorator may promise the signature of what it wraps and take other arguments; so where the promised one
does not fit, the decorator's own counts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter
from itertools import takewhile
from types import MethodType
from typing import Any

import jax
from jax.sharding import SingleDeviceSharding

from lowering.callables import layers
from lowering.errors import InputError
from lowering.leaves import Leaf, arguments

Parameters = Mapping[str, Parameter]
Call = tuple[tuple[Any, ...], dict[str, Any]]

_STARS = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}


def check_arguments(function: Callable[..., Any], leaves: Sequence[Leaf]) -> Call:
    """Positional and keyword arguments, so that JAX flattens them to the order of the leaves where a call can.

    Raises InputError if the names do not match the signature, and what `arguments` raises.
    """
    values = arguments(leaves, function)
    misfits: list[str] = []
    for parameters in _signatures(function):
        misfit = _misfit(parameters, values)
        if misfit is None:
            return _in_order(parameters, values)
        misfits.append(misfit)
    raise InputError(misfits[0])


def refuse_placements(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """InputError for an argument that is laid out over devices, whose type, and so the fingerprint, does not tell;
    and for a mutable one."""
    if all(map(_is_plain, jax.tree.leaves((args, kwargs)))):
        return
    for name, value in named_arguments(function, args, kwargs):
        for path, leaf in jax.tree_util.tree_leaves_with_path(value):
            where = repr(name + jax.tree_util.keystr(path))
            if isinstance(leaf, jax.Ref):
                raise InputError(f"{where} is a mutable array: take its value, and return the new one")
            if not _is_plain(leaf):
                raise InputError(
                    f"{where} has the sharding {leaf.sharding!s:.200}: leave it out, or have the function itself place"
                    " the value with `jax.lax.with_sharding_constraint`"
                )


def _is_plain(leaf: Any) -> bool:
    sharding = getattr(leaf, "sharding", None)
    return sharding is None or (isinstance(leaf, jax.Array) and isinstance(sharding, SingleDeviceSharding))


def named_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[str, Any]]:
    """Name and value of each argument, in the order in which JAX flattens them."""
    return [*zip(positional_names(function, len(args)), args, strict=True), *sorted(kwargs.items())]


def positional_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names that so many positional arguments bind to; `rest[0]`, `rest[1]` for those of `*rest`."""
    fitting = (names for names in (_names(p, count) for p in _signatures(function)) if len(names) == count)
    return next(fitting, [f"args[{i}]" for i in range(count)])


def _signatures(function: Callable[..., Any]) -> Iterator[Parameters]:
    """The parameters that a function promises, then those its decorators take; `*args, **kwargs` if none tells."""
    found = [p for p in (_parameters(function), *map(_own_parameters, _decorators(function))) if p is not None]
    yield from found or [inspect.signature(lambda *args, **kwargs: None).parameters]


def _decorators(function: Callable[..., Any]) -> Iterator[Any]:
    """The layers of a callable that promise the signature of the next one."""
    return takewhile(
        lambda layer: not isinstance(layer, MethodType) and hasattr(layer, "__wrapped__"), layers(function)
    )


def _own_parameters(function: Any) -> Parameters | None:
    return _parameters(function, follow_wrapped=False)


def _parameters(function: Any, *, follow_wrapped: bool = True) -> Parameters | None:
    """None for a builtin, or a decorator in C, that does not tell them."""
    try:
        return inspect.signature(function, follow_wrapped=follow_wrapped).parameters
    except (TypeError, ValueError):
        return None


def _misfit(parameters: Parameters, values: Mapping[str, Any]) -> str | None:
    """What is wrong with arguments of these names; None if they can be passed."""
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    missing = [name for name, p in parameters.items() if p.default is p.empty and p.kind not in _STARS]
    missing = [name for name in missing if name not in values]
    unknown = [name for name in values if name not in parameters and not open_ended]
    whole = [n for n, p in parameters.items() if p.kind is p.VAR_POSITIONAL and not _is_sequence(values.get(n, ()))]
    wrong = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
    wrong += [f"has {name} where {name}[0], {name}[1] are expected" for name in whole]
    if not wrong:
        return None
    takes = ", ".join(_STARS.get(p.kind, "") + name for name, p in parameters.items())
    return f"the input {' and '.join(wrong)}: the entry takes ({takes})"


def _is_sequence(value: Any) -> bool:
    return isinstance(value, (tuple, list))


def _in_order(parameters: Parameters, values: Mapping[str, Any]) -> Call:
    """By position until a default is left standing, by keyword after it; or sooner, if the values stand so."""
    args: list[Any] = []
    kwargs = {name: value for name, value in values.items() if name not in parameters}
    movable: list[str] = []  # the last ones of `args`, which keywords can give as well
    for position, (name, parameter) in enumerate(parameters.items()):
        if name not in values:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += values[name]
            movable = [] if values[name] else movable
        elif parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD) or len(args) < position:
            kwargs[name] = values[name]
        else:
            args.append(values[name])
            movable += [name] * (parameter.kind is not parameter.POSITIONAL_ONLY)
    count = _by_keyword(movable, list(values), set(kwargs))
    moved = dict(zip(movable[-count:], args[-count:], strict=True)) if count else {}
    return tuple(args[: len(args) - count]), kwargs | moved


def _by_keyword(movable: list[str], order: list[str], given: set[str]) -> int:
    """How many of the last positional arguments keywords are to give for this order: JAX flattens these sorted."""
    for count in range(len(movable) + 1):
        kept, moved = movable[: len(movable) - count], movable[len(movable) - count :]
        rest = sorted({*moved, *given})
        if order[len(order) - len(rest) - len(kept) :] == kept + rest:
            return count
    return 0


def _names(parameters: Parameters, count: int) -> list[str]:
    names: list[str] = []
    for parameter in parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return names[:count]
