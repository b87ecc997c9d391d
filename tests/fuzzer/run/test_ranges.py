"""Ranges of blocks made by independent jobs give the bytes of one run when they are merged."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_families import SIMPLE
from runs import DAMAGES, DRIVE, command, contents, here, make

from fuzzer.base.errors import RunError
from fuzzer.base.options import Limits, Options
from fuzzer.families.family import FamilySpec
from fuzzer.run.progress import Reporter
from fuzzer.run.ranges import make_range, merge
from fuzzer.run.run import FamilyRun, Summary, run
from processes.errors import UserError

ANOTHER = FamilySpec("poisson", "run_families:Simple", "another")
PARTS = [FamilyRun(SIMPLE, 4), FamilyRun(ANOTHER, 1)]
ASKED: dict[str, Any] = {"seed": 7, "shards": 4, "rows_per_shard": 12, "block": 8}
BLOCKS = ".blocks/programs"


def ranged(out: Path, wanted: str, **other: Any) -> str:
    return make_range(Options(out, **(ASKED | other)), wanted, Reporter(), PARTS, here)


def merged(out: Path, *folders: Path, reporter: Reporter | None = None) -> Summary:
    return merge(folders, out, reporter or Reporter(), Limits(workers=1), PARTS, here)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    run(Options(out, **ASKED), Reporter(), PARTS, here)
    return contents(out)


@pytest.fixture(scope="module")
def ranges(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three jobs: one for all families, two that overlap."""
    folder = tmp_path_factory.mktemp("ranges")
    wanted = ["0:3", "programs=2:5", "programs=4:7"]
    for number, each in enumerate(wanted):
        assert f"in {folder / str(number)}: " in ranged(folder / str(number), each)
    return [folder / str(number) for number in range(len(wanted))]


def test_ranges_hold_their_blocks_and_no_more(ranges: list[Path]) -> None:
    held = [[int(path.name) for path in sorted((folder / BLOCKS).iterdir())] for folder in ranges]
    assert held == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert not list(ranges[0].glob("*.parquet"))


def test_the_bytes_of_one_run(ranges: list[Path], tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    before = [contents(folder) for folder in ranges]
    summary = merged(tmp_path / "run", *reversed(ranges))
    assert (summary.rows, summary.fresh) == (60, 0)
    assert contents(tmp_path / "run") == undisturbed
    assert [contents(folder) for folder in ranges] == before
    assert merged(tmp_path / "run", *ranges).fresh == 0


def test_a_range_goes_on_where_it_was_stopped(ranges: list[Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ranges[0], tmp_path / "range"))
    (folder / BLOCKS / f"{1:010d}").unlink()
    ranged(folder, "0:3")
    assert contents(folder) == contents(ranges[0])


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_block_is_made_again(
    damage: Callable[[bytes], bytes], ranges: list[Path], tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    spoiled = Path(shutil.copytree(ranges[0], tmp_path / "spoiled"))
    block = spoiled / BLOCKS / f"{1:010d}"
    block.write_bytes(damage(block.read_bytes()))
    summary = merged(tmp_path / "run", spoiled, *ranges[1:])
    assert 0 < summary.fresh <= 8
    assert contents(tmp_path / "run") == undisturbed


@pytest.mark.parametrize(("kept", "first"), [((0, 1), 5), ((0, 2), 3), ((1, 2), 0)])
def test_too_few_blocks(
    kept: tuple[int, ...], first: int, ranges: list[Path], tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    out = tmp_path / "run"
    with pytest.raises(RunError, match=rf"of 48 rows: make --block-range programs={first}:\d+ as well") as caught:
        merged(out, *(ranges[number] for number in kept))
    more = str(caught.value).split("--block-range ")[1].split()[0]
    ranged(tmp_path / "more", more)
    if first == 0:
        ranged(tmp_path / "poisson", "poisson=0:3")
        merged(out, *(ranges[number] for number in kept), tmp_path / "more", tmp_path / "poisson")
    else:
        merged(out, *(ranges[number] for number in kept), tmp_path / "more")
    assert contents(out) == undisturbed


def test_a_merge_that_was_killed_goes_on(
    ranges: list[Path], tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fuzzer.run.maker.write_shard", stop)
        with pytest.raises(KeyboardInterrupt):
            merged(tmp_path / "run", *ranges)
    assert merged(tmp_path / "run", *ranges).fresh == 0
    assert contents(tmp_path / "run") == undisturbed


def test_ranges_of_different_runs(ranges: list[Path], tmp_path: Path) -> None:
    ranged(tmp_path / "other", "programs=0:1", seed=8)
    with pytest.raises(UserError, match=r"hold blocks of runs that differ in seed \(7, not 8\)"):
        merged(tmp_path / "run", *ranges, tmp_path / "other")
    with pytest.raises(UserError, match=r"holds a run that differs in seed"):
        merged(tmp_path / "other", *ranges)
    assert not (tmp_path / "run").exists()


def test_ranges_of_another_version(ranges: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzzer.base.versions.__version__", "9.9.9")
    with pytest.raises(UserError, match=r"differs in version of jit-synthesis \(0.1.0, not 9.9.9\): take the release"):
        merged(tmp_path / "run", *ranges)
    with pytest.raises(UserError, match="holds a run that differs in version of"):
        ranged(ranges[0], "3:4")


def test_folders_without_blocks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no blocks to merge: give folders made with --block-range"):
        merged(tmp_path / "run", tmp_path)


def test_no_range_of_a_finished_run(tmp_path: Path) -> None:
    make(tmp_path / "run", rows_per_shard=2)
    options = Options(tmp_path / "run", 7, 4, 2, block=20)
    with pytest.raises(UserError, match="holds the whole run already"):
        make_range(options, "0:1", Reporter(), [FamilyRun(SIMPLE, 4)], here)


@pytest.mark.parametrize("wanted", ["5", "5:5", "7:5", "-1:5", "a:b", "x=", "programs=3", "1:99999999999"])
def test_what_is_no_range(wanted: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"but must be FIRST:END with FIRST below END"):
        ranged(tmp_path / "run", wanted)
    assert not (tmp_path / "run").exists()


def test_a_range_of_no_family(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="names 'other' but the run has programs, poisson"):
        ranged(tmp_path / "run", "other=0:1")


def test_the_commands(tmp_path: Path) -> None:
    small = ("--seed", "7", "--shards", "2", "--rows-per-shard", "6", "--workers", "1")
    done = subprocess.run(
        command("SIMPLE", tmp_path / "range", *small, "--block-range", "0:1"), capture_output=True, text=True
    )
    assert "programs=0:1 in" in done.stdout, done.stderr
    asked = [sys.executable, str(DRIVE), "SIMPLE", "merge", str(tmp_path / "range"), "--out", str(tmp_path / "run")]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert "12 rows in" in done.stdout, done.stderr
    make(tmp_path / "one", shards=2, rows_per_shard=6)
    assert contents(tmp_path / "run") == contents(tmp_path / "one")


@pytest.mark.parametrize("wanted", ["13:14", "99999:100000", "programs=4800:4801", "poisson=1200:1201"])
def test_a_range_that_no_merge_can_need(wanted: str, tmp_path: Path) -> None:
    """48 rows from blocks of 8 take 6 blocks or a few more, 12 rows take 2."""
    with pytest.raises(UserError, match=r"but the run needs no block from [\d,]+ of .* on: give a lower one"):
        ranged(tmp_path / "run", wanted)
    assert not (tmp_path / "run").exists()


def test_a_range_leaves_out_what_is_hardly_needed(tmp_path: Path) -> None:
    """A range counts for all families, and one of them may need far fewer blocks; one that is named gets them."""
    said = ranged(tmp_path / "run", "4:6")
    assert said.startswith(f"programs=4:6, poisson=4:5 in {tmp_path}")
    assert said.endswith("(others of 'poisson' are not likely to be needed)")
    assert ranged(tmp_path / "run", "5:6").startswith("programs=5:6 in ")
    assert ranged(tmp_path / "run", "poisson=6:7").endswith("with the other ranges")
    assert [path.name for path in sorted((tmp_path / "run/.blocks/poisson").iterdir())] == [f"{4:010d}", f"{6:010d}"]
