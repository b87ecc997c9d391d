"""The arrays among a program's arguments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Input:
    """One array among a program's arguments."""

    path: str
    """The argument's name, then JAX's `keystr` of the leaf."""
    dtype: str
    shape: tuple[int, ...]
    refinement: str
