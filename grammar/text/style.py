"""black, for all who write or check programs."""

from __future__ import annotations

from typing import Any

from processes.services import home

with home():
    import black
    from black.mode import TargetVersion

PY311 = {TargetVersion.PY311}
"""To be named where lines are many: black need not find it out for each, and what it writes is the same."""


def styled(text: str, **mode: Any) -> str:
    """A module's text as black writes it; `mode` are the fields of `black.Mode` that are not black's own."""
    return black.format_str(text, mode=black.Mode(**mode))
