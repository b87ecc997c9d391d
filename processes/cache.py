"""Small texts in the user's cache: what one process has found out, the next need not find out again."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

UNUSABLE: Final = (OSError, RuntimeError, UnicodeDecodeError)
"""Raised where the user has no home, or none that we may look into, or where a file is damaged."""


def recall(name: str) -> str | None:
    """The text that was remembered under a name; None where there is none, or no cache."""
    with suppress(*UNUSABLE):
        return _file(name).read_text(encoding="utf-8")
    return None


def remember(name: str, text: str = "") -> None:
    """Keeps a text under a name, if there is a cache. Others may read at any time, so it comes whole or not at all."""
    with suppress(*UNUSABLE):
        file = _file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(f".{name}.{os.getpid()}")
        half.write_text(text, encoding="utf-8")
        half.replace(file)


def _file(name: str) -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "jit-synthesis" / name
