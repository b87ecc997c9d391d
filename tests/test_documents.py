"""What ARCHITECTURE.md, CONTRIBUTING.md, README.md and STATE.md say of the code is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("grammar", "lowering", "pde", "fuzzer", "processes")
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "STATE.md",
    *(f"notes/{p.name}" for p in (ROOT / "notes").iterdir()),
)

LEAST = {"ARCHITECTURE.md": 30, "CONTRIBUTING.md": 8}
"""Paths that a document names at the least, so that the search finds them."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_that_are_named_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(rf"`((?:{'|'.join((*PACKAGES, 'tests', 'notes', 'examples', '.ci'))})/[\w./-]*)`", text)
    missing = [path for path in named if not (ROOT / path).exists()]
    assert not missing
    assert len(named) >= LEAST.get(document, 0)


def test_every_room_is_named() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = [
        path.parent.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).glob("*/__init__.py")
    ]
    assert len(rooms) > 20
    assert [room for room in rooms if f"`{room.partition('/')[2]}/`" not in text] == []


def test_state_has_its_form() -> None:
    lines = (ROOT / "STATE.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    heads = [line for line in lines if line.startswith("#")]
    assert heads == ["# Current State", "## Next Action", "## Blockers", "## Log"]
    fields = dict(re.findall(r"^- \*\*(\w+)\*\*: (.+)$", "\n".join(lines), re.MULTILINE))
    assert fields.keys() == {"Milestone", "Task", "Status"}
    assert fields["Status"].partition(" ")[0].rstrip(".,;:") in {"in_progress", "blocked", "ready_for_next"}
