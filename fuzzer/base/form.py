"""Whether JSON from a file has the form that we gave it: files are altered, cut off and written by others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

Form: TypeAlias = Any
"""A type, a tuple of types, an object by its keys (it may have others), a list of one form, `Each`, or `Such`."""

NONE: Final = type(None)


@dataclass(frozen=True)
class Each:
    """An object of any keys, whose values have one form."""

    form: Form


@dataclass(frozen=True)
class Such:
    """A value that something more is to be true of than its type."""

    holds: Callable[[Any], bool]


COUNT: Final = Such(lambda value: type(value) is int and 0 <= value < 2**63)
"""How many there are of something."""


def fault(value: Any, form: Form, place: str = "it") -> str | None:
    """The first thing that is not as it should be, in a user's words; None if all is."""
    if isinstance(form, type | tuple):
        types = form if isinstance(form, tuple) else (form,)
        return None if type(value) in types else f"{place} is {value!r:.40}"
    if isinstance(form, Such):
        return None if form.holds(value) else f"{place} is {value!r:.40}"
    kind = list if isinstance(form, list) else dict
    if not isinstance(value, kind):
        return f"{place} is {value!r:.40}"
    for key, inner in _inner(value, form):
        if isinstance(form, dict) and key not in value:
            return f"{place} has no {key!r}"
        if wrong := fault(value[key], inner, f"{key!r} of {place}"):
            return wrong
    return None


def _inner(value: Any, form: Form) -> list[tuple[Any, Form]]:
    """The places in a list or an object, each with the form that it should have."""
    if isinstance(form, list):
        return [(place, cast("list[Form]", form)[0]) for place in range(len(value))]
    if isinstance(form, Each):
        return [(key, form.form) for key in value]
    return list(form.items())
