"""The three standard streams, which a process may have been started without."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress

PATIENCE = 0.5
"""Seconds that whoever reads what is said has to make room for it."""


def present() -> None:
    """Opens those of the three that are closed, on nothing.

    The next file that is opened would get the number of such a stream, and what a library says there would be written
    into it; and Python has None in place of the stream, which nothing can be printed to.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def tell(text: str) -> None:
    """Writes a few words to the standard error stream, unless it is full and nobody reads it."""
    with suppress(OSError):
        if select.select([], [2], [], PATIENCE)[1]:
            os.write(2, text.encode(errors="backslashreplace"))
