"""What can go wrong, and whose fault it is: the user's, a draw's, or (anything else) ours."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from processes.errors import UserError

_NOTATION = frozenset(
    os.path.join(os.path.dirname(__file__), *name.split("/"))
    for name in ("errors.py", "rules/notation.py", "values/patterns.py", "values/statics.py")
)


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
        import inspect  # takes longer than all that a command imports before it hears of signals

        place = next(frame for frame in inspect.stack(context=0) if _is_annotation(frame.filename))
        raise GrammarError(f"{place.filename}:{place.lineno}: {error}") from None


def _is_annotation(file: str) -> bool:
    """Whether a frame's file is where the notation is used: neither the notation nor what opened this context."""
    return file not in _NOTATION and not file.endswith("contextlib.py")
