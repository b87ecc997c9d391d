"""black, for all who write or check programs."""

from __future__ import annotations

from collections.abc import Collection

from processes.services import home

with home():
    import black
    from black.mode import TargetVersion

LINE = 88
"""Characters of a line, black's own choice."""
PY311 = (TargetVersion.PY311,)
"""To be named where lines are many: black need not find it out for each, and what it writes is the same."""


def styled(text: str, *, line_length: int = LINE, target_versions: Collection[TargetVersion] = ()) -> str:
    """A module's text as black writes it; without target versions, black finds them out from the text."""
    return black.format_str(text, mode=black.Mode(set(target_versions), line_length))
