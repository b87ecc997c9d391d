"""The bounds of files and functions are told where they are broken, and only there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SIZES = Path(__file__).parents[2] / ".ci" / "sizes.py"


def function(name: str, lines: int) -> str:
    """A function of so many lines, with a decorator, which does not count."""
    return f"@property\ndef {name}():\n" + "    pass\n" * (lines - 1)


def sizes(root: Path, source: str) -> tuple[int, list[str]]:
    """Exit status and lines of the command for a package of one file."""
    (root / "pde").mkdir()
    (root / "pde" / "one.py").write_text(source)
    done = subprocess.run([sys.executable, SIZES, root], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


SHORT = "".join(function(f"short_{number}", 2) for number in range(20))
OUT_OF_BOUNDS = {
    SHORT + function("long", 46): "one.py:62 long has 46 lines, more than 45",
    SHORT + "X = 1\n" * 450: "one.py has 510 lines, more than 450",
    function("each", 7): "half of the functions of pde have 7 lines or more, more than 6",
    function("a", 2) * 3 + function("b", 26): "a tenth of the functions of pde have 26 lines or more, more than 25",
}


@pytest.mark.parametrize(("source", "told"), OUT_OF_BOUNDS.items(), ids=["function", "file", "median", "nine tenths"])
def test_what_is_out_of_bounds_is_named(source: str, told: str, tmp_path: Path) -> None:
    status, lines = sizes(tmp_path, source)
    assert status == 1
    assert len(lines) == 3
    assert lines[2].endswith(told)


def test_what_is_within_them_is_a_table(tmp_path: Path) -> None:
    status, lines = sizes(tmp_path, SHORT + function("longest", 45))
    assert status == 0
    assert lines[1].split() == ["pde", "1", "106", "106", "21", "2", "2", "45"]
