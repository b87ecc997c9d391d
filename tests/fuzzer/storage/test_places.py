"""Folders whose files loaders of datasets would not find, or would read otherwise than they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest
from datasets import load_dataset
from runs import make

from processes.errors import UserError

CLEAN = [
    "a b",
    "a'b",
    "a{b,c}",
    "a{b",
    "a#b",
    "a%20b",
    "~a",
    "é",
    "a:b",
    "lr=0.1,seed=3",
    "=b",
    "!",
    "$HOME",
    "(a)",
    "a,b",
]
PATTERNS = ["a[1]", "a[b", "a]b", "a*b", "a?b", "a**b", "[!a]", "a\\b", "a::b", "above[1]/run", "*/run"]
COLUMNS = ["x=1", "a=", "lr=0.1", "above=1/run", "é=é/a/run"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("places") / "run"
    make(out, rows_per_shard=4)
    return out


def found(out: Path) -> tuple[int, list[str]]:
    """Rows that Hugging Face's loader finds, and columns that DuckDB does."""
    rows = sum(1 for _ in load_dataset(str(out), "programs", split="train", streaming=True))
    return rows, columns(out)


def columns(out: Path) -> list[str]:
    """The columns that DuckDB finds."""
    place = str(out).replace("'", "''")
    described = duckdb.execute(f"describe select * from '{place}/programs/*.parquet'")
    return [name for name, *_ in described.fetchall()]


@pytest.mark.parametrize("name", CLEAN)
def test_a_place_that_is_taken_is_read(name: str, whole: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole, tmp_path / name))
    assert found(out) == found(whole)
    (out / "manifest.json").unlink()
    shutil.rmtree(out / "programs")
    with pytest.raises(UserError, match="belong to no run"):  # so its name is no obstacle
        make(out)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"has '.+' in its path \('.+'\), which loaders of datasets take for a pattern:"
    ):
        make(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column(name: str, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has '.+=.*' in its path, which DuckDB adds to the rows as a column:"):
        make(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    shutil.copytree(whole, tmp_path / name)
    assert len(columns(tmp_path / name)) > len(columns(whole))


def test_folders_around_a_relative_path(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns count, for Hugging Face's loader asks for the whole path; columns do not, for DuckDB does not."""
    for name in ("a[1]", "lr=0.1"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "a[1]")
    with pytest.raises(UserError, match="take for a pattern"):
        make("run")
    monkeypatch.chdir(tmp_path / "lr=0.1")
    make("run", rows_per_shard=4)
    assert found(Path("run")) == found(whole)
    os.symlink(tmp_path / "a[1]", tmp_path / "link")
    with pytest.raises(UserError, match="take for a pattern"):
        make(tmp_path / "link" / "run")


def test_addresses() -> None:
    for address in ("memory://bucket/a[1]/run", "memory://bucket/x=1/run"):
        with pytest.raises(UserError, match="in its path"):
            make(address)


def test_a_run_that_is_there_already_is_read(whole: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole, tmp_path / "a[1]"))
    assert make(out, rows_per_shard=4).fresh == 0
