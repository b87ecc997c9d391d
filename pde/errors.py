"""The error of a user's mistake."""

from __future__ import annotations

from typing import SupportsIndex


class UserError(ValueError):
    """A mistake of the caller: one sentence that names the value, the bound and the cure."""


def check_whole(name: str, value: object) -> None:
    """Raises UserError where the value is not a whole number; True is none, for it would pass as 1."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise UserError(f"{name} = {value!r} is not a whole number: give an int")
