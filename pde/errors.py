"""What is asked of single values before they are used."""

from __future__ import annotations

import operator
from collections.abc import Collection
from typing import Any

from processes.errors import UserError as UserError

LONGEST = 80
"""Characters of a value that a sentence shows."""


def shown(value: object) -> str:
    """The value on one short line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # whatever a caller's own __repr__ does
        text = f"<{type(value).__name__}>"
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _kind(value: object) -> str:
    """The letter of numpy for the value's dtype, nothing for what is no array."""
    return str(getattr(getattr(value, "dtype", None), "kind", ""))


def check_whole(name: str, value: Any) -> int:
    """The value as an int. Raises UserError where it is no whole number; True is none, for it would pass as 1."""
    try:
        if isinstance(value, bool) or _kind(value) == "b":
            raise TypeError
        return operator.index(value)
    except Exception:  # whatever a caller's own __index__ does
        raise UserError(f"{name} = {shown(value)} is not a whole number: give an int") from None


def check_number(name: str, value: Any, cure: str) -> float:
    """The value as a float. Raises UserError where it is no real number: a truth, a text, an array of several."""
    try:
        if isinstance(value, bool | str | bytes | bytearray) or _kind(value) not in ("", "f", "i", "u", "V"):
            raise TypeError
        if getattr(value, "shape", ()) != () or bool(getattr(value, "mask", False)):
            raise TypeError
        return float(value)
    except Exception:  # whatever a caller's own __float__ does, and numbers beyond any float
        raise UserError(f"{name} = {shown(value)} is not a number in reach: {cure}") from None


def check_name(what: str, value: object, known: Collection[str]) -> str:
    """The value, if it is one of the names. Raises UserError otherwise."""
    if not isinstance(value, str) or value not in known:
        raise UserError(f"unknown {what} {shown(value)}: choose one of {', '.join(known)}")
    return value
