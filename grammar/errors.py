"""What can go wrong, and whose fault it is: the user's, a draw's, or (anything else) ours."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from processes.errors import UserError

_NOTATION = frozenset(
    os.path.join(os.path.dirname(__file__), *name.split("/"))
    for name in (
        "errors.py",
        "rules/notation.py",
        "rules/families.py",
        "rules/reduction.py",
        "values/patterns.py",
        "values/statics.py",
    )
)
"""The files that an author calls, whose frames lie between a mistake and the author."""


class GrammarError(UserError):
    """A production is malformed; the message starts with its file and line."""


class ProfileError(UserError):
    """A profile cannot be read, or asks for what the grammar does not have."""


class Rejected(Exception):
    """A draw that did not end in a program."""

    def __init__(self, reason: str, production: str = "") -> None:
        super().__init__(f"{production}: {reason}" if production else reason)
        self.reason = reason
        self.production = production


@contextmanager
def located() -> Generator[None]:
    """Turns a mistake inside an annotation into a GrammarError with the annotation's file and line."""
    try:
        yield
    except (ValueError, TypeError, AttributeError) as error:
        file, line = author()
        raise GrammarError(f"{file}:{line}: {error}") from None


def author() -> tuple[str, int]:
    """File and line of the statement that uses the notation: where it calls a factory of its own file, that call.

    The only look at the stack: an annotation and the call of a factory have no other way to know where they stand.
    """
    import inspect  # takes longer than all that a command imports before it hears of signals

    frame = inspect.currentframe()
    while frame is not None and not _is_author(frame.f_code.co_filename):
        frame = frame.f_back
    assert frame is not None
    while frame.f_back is not None and frame.f_back.f_code.co_filename == frame.f_code.co_filename:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _is_author(file: str) -> bool:
    """Whether a frame's file is where the notation is used: neither the notation nor what opened this context."""
    return file not in _NOTATION and not file.endswith("contextlib.py")
