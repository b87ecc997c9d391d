"""A digest of sources changes with what they mean, and with nothing else."""

from itertools import combinations
from pathlib import Path

import pytest

from processes.meaning import _digest_of, digest, meaning, sources

SOURCE = """
import math


def area(r: float) -> float:
    return math.pi * r**2


class Circle:
    radius: float = 1.0
"""
SAME = {
    "a comment": SOURCE.replace("r**2", "r**2  # in square metres"),
    "a docstring": SOURCE.replace("float:\n", "float:\n    'Of a circle.'\n"),
    "a module's docstring": f"'Circles.'{SOURCE}",
    "an attribute's docstring": SOURCE + "    'In metres.'\n",
    "a line that is broken": SOURCE.replace("math.pi * r**2", "(\n        math.pi\n        * r**2\n    )"),
}
OTHER = {
    "a number": ("1.0", "1"),
    "an annotation": ("r: float", "r: int"),
    "a name": ("radius", "diameter"),
    "an operator": ("**", "*"),
    "an order": ("math.pi * r**2", "r**2 * math.pi"),
    "a string that is returned": ("return math.pi * r**2", "return 'math.pi * r**2'"),
}
EXPRESSIONS = (
    *("x", "y", "1", "1.0", "'1'", "b'1'", "[x]", "(x,)", "{x}", "-x", "x + y", "x.y", "x[y]", "x(y)", "x < y"),
    *("x <= y", "x[:y]", "x[y:]", "lambda: x", "f'{x}'", "f'{x!r}'"),
)


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_what_means_the_same(source: str) -> None:
    assert source != SOURCE
    assert meaning(source) == meaning(SOURCE)


@pytest.mark.parametrize(("old", "new"), OTHER.values(), ids=OTHER)
def test_what_means_something_else(old: str, new: str) -> None:
    assert old in SOURCE
    assert meaning(SOURCE.replace(old, new)) != meaning(SOURCE)


@pytest.mark.parametrize(("first", "second"), combinations(EXPRESSIONS, 2))
def test_different_expressions_mean_different_things(first: str, second: str) -> None:
    assert meaning(f"z = {first}") != meaning(f"z = {second}")


def test_files_count_with_their_names(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("y = 1  # one\n")
    assert [name for name, _ in sources(tmp_path)] == ["b.py", "inner/a.py"]
    assert [name for name, _ in sources(tmp_path, without=("inner",))] == ["b.py"]
    before = digest(sources(tmp_path))
    (tmp_path / "b.py").rename(tmp_path / "c.py")
    assert digest(sources(tmp_path)) != before
    (tmp_path / "c.py").rename(tmp_path / "b.py")
    (tmp_path / "b.py").write_text("y = 1\n")
    assert digest(sources(tmp_path)) == before


def test_what_is_taken_verbatim_counts_by_its_bytes(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("# one\n")
    before = digest([], [("table", table)])
    table.write_text("# two\n")
    assert digest([], [("table", table)]) != before


def test_a_name_to_leave_out_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.py"):
        sources(tmp_path, without=("gone.py",))


def test_another_process_need_not_parse_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "a.py").write_text("x = 1\n")
    _forget_meanings()
    meant = digest(sources(tmp_path))
    _forget_meanings()
    with monkeypatch.context() as without_parser:
        without_parser.setattr("processes.meaning.meaning", None)
        assert digest(sources(tmp_path)) == meant
    for path in (tmp_path / "cache").rglob("meaning-*"):
        path.write_text("damaged")
    _forget_meanings()
    assert digest(sources(tmp_path)) == meant


def _forget_meanings() -> None:
    """Leaves this process with what another would have."""
    _digest_of.cache_clear()
