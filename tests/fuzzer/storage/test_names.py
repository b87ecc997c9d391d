"""What others leave in a run's folder is none of its files; what bears the names of its own is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_families import SIMPLE
from runs import contents, here, make

import fuzzer.reports.verify
from fuzzer.base.options import Limits
from fuzzer.reports.verify import verify
from fuzzer.storage.names import BLOCKS, LOCK, RUN, claimed, part, strange
from fuzzer.storage.store import at
from processes.errors import UserError

STRANGERS = [
    ".gitattributes",
    ".gitignore",
    ".git/objects/ab/cdef",
    ".cache/huggingface/download/programs/train-00000-of-00002.parquet.metadata",
    ".cache/huggingface/download/x.parquet",
    ".huggingface/trees/x",
    ".DS_Store",
    ".directory",
    ".Trash-1000/files/train-00000-of-00002.parquet",
    ".Spotlight-V100/x",
    ".nfs00000000012345",
    ".fuse_hidden0000",
    ".snapshot/hourly/README.md",
    ".ipynb_checkpoints/train-00000-of-00002-checkpoint.parquet",
    ".README.md.swp",
    ".movie.part",
    "._train-00000-of-00002.parquet",
    "Thumbs.db",
    "desktop.ini",
    "lost+found/#123",
    "System Volume Information/x",
    "$RECYCLE.BIN/x",
    "@eaDir/x",
    "__MACOSX/._train.parquet",
    "Icon\r",
]
"""What version control, hubs, file systems, desktops, editors, notebooks and archives leave in a folder."""

FOREIGN = [
    "programs/train-00002-of-00003.parquet",
    "programs/train-00000-of-00002 (1).parquet",
    "programs/notes.txt",
    "poisson/train-00000-of-00001.parquet",
    "more.parquet",
    "old/deep/train-00000-of-00001.parquet",
    ".blocks/programs/0000000000",
    ".run.json",
    "programs/.test-00000-of-00001.parquet.4711.part",
]
"""Data where readers look for a run's, and what only a run that is going has."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("names") / "run"
    make(out)
    return out


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def leave(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("another's")


def broken(out: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    monkeypatch.setattr(fuzzer.reports.verify, "local", here)
    promises = verify(out, 1, Limits(workers=1), {SIMPLE.name: SIMPLE.factory})
    return {promise.text: promise.broken for promise in promises if not promise.holds}


def test_what_others_leave_breaks_no_promise(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(run, *STRANGERS, *(f"programs/{name}" for name in STRANGERS), "LICENSE", "notes.txt", "dataset_infos.json")
    before = contents(run)
    assert broken(run, monkeypatch) == {}
    assert make(run).fresh == 0
    assert contents(run) == before


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_data_is_found(name: str, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(run, name)
    assert broken(run, monkeypatch) == {"no other data is in the folder": [name]}


def test_a_missing_shard_is_found_among_strangers(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = "programs/test-00000-of-00001.parquet"
    (run / shard).unlink()
    leave(run, *STRANGERS, f".cache/{shard}")
    assert broken(run, monkeypatch)["every file has its sha256 of the manifest"] == [shard]


def test_a_run_in_a_folder_that_holds_strangers_alone(whole: Path, tmp_path: Path) -> None:
    leave(tmp_path, *STRANGERS)
    before = contents(tmp_path)
    make(tmp_path)
    assert contents(tmp_path) == before | contents(whole)


CARDS = {
    "": True,
    "---\nlicense: apache-2.0\n---\n": True,
    "---\r\nlicense: mit\r\n---\r\n\r\n": True,
    "# Mine\n": False,
    "---\nlicense: mit\n---\n# Mine\n": False,
    "---\nlicense: mit\n": False,
}
"""Cards, and whether a hub began a dataset with them, so that no word of a person's gets lost."""


@pytest.mark.parametrize("text", CARDS)
def test_a_card_that_is_there_already(text: str, whole: Path, tmp_path: Path) -> None:
    leave(tmp_path, ".gitattributes")
    (tmp_path / "README.md").write_text(text, newline="")
    if CARDS[text]:
        make(tmp_path)
        assert contents(tmp_path) == contents(whole) | {".gitattributes": b"another's"}
    else:
        with pytest.raises(UserError, match=r"belong to no run \('README.md'\)"):
            make(tmp_path)
        assert (tmp_path / "README.md").read_bytes() == text.encode()


def test_only_own_parts_are_removed(tmp_path: Path) -> None:
    theirs = [".movie.part", ".cache/.x.12.part", ".git/.a.1.part"]
    leave(tmp_path, *theirs, part("README.md", 12), f"programs/{part('x.parquet', 1)}", f".blocks/a/{part('0', 3)}")
    at(tmp_path).remove_parts()
    assert sorted(contents(tmp_path)) == sorted(theirs)


LETTERS = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(LETTERS, st.integers(0, 2**31))
def test_own_names_are_never_strange(name: str, process: int) -> None:
    """Whatever is made, it is known again while it is not whole; and what is hidden elsewhere is not."""
    assert not strange(part(f"{name}.parquet", process))
    assert not any(strange(each) for each in (RUN, LOCK, BLOCKS, f"{BLOCKS}/programs/0000000001"))
    assert claimed(f"programs/{part(name, process)}", frozenset({"programs"}))
    assert strange(f".cache/{part(name, process)}")
    assert not claimed(f".git/{name}.parquet", frozenset({"programs"}))
