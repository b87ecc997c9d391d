"""The same command gives the same bytes, whatever happens between its start and its end."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from run_families import NARROW, SIMPLE
from runs import DAMAGES, SMALL, command, contents, make, start

from fuzzer.base.errors import LostKeys, RunError
from fuzzer.base.options import Limits
from fuzzer.families.family import FamilySpec
from fuzzer.keeping.ledger import OwnLedger
from fuzzer.run.shard import ShardTask
from fuzzer.storage.store import at
from processes.errors import UserError


def test_files(undisturbed: dict[str, bytes]) -> None:
    assert sorted(undisturbed) == [
        "README.md",
        "manifest.json",
        "programs/test-00000-of-00001.parquet",
        "programs/train-00000-of-00002.parquet",
        "programs/train-00001-of-00002.parquet",
        "programs/validation-00000-of-00001.parquet",
        "rejects.parquet",
    ]


@pytest.mark.parametrize(
    ("workers", "environment"),
    [
        ("1", {"PYTHONHASHSEED": "1"}),
        ("2", {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C", "COLUMNS": "40", "PYTHONOPTIMIZE": "2"}),
        ("1", {"JAX_ENABLE_X64": "1", "JAX_DEFAULT_PRNG_IMPL": "rbg", "XLA_FLAGS": "--no_such_flag"}),
        ("1", {"JAX_DEFAULT_MATMUL_PRECISION": "highest", "PJRT_NAMES_AND_LIBRARY_PATHS": "none:none"}),
    ],
)
def test_same_bytes_for_any_workers_and_environment(
    workers: str, environment: dict[str, str], tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    asked = command("SIMPLE", tmp_path / "run", *SMALL, "--workers", workers)
    done = subprocess.run(asked, env=os.environ | environment, capture_output=True, text=True, check=True)
    assert "48 rows in" in done.stdout
    assert contents(tmp_path / "run") == undisturbed


def test_same_bytes_after_kills(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    out = tmp_path / "run"
    draw = random.Random(0)
    for _ in range(2):
        going = start("SIMPLE", out, *SMALL, "--workers", "2")
        time.sleep(draw.uniform(2.0, 5.0))
        os.kill(going.pid, signal.SIGKILL)
        going.communicate()
    subprocess.run(command("SIMPLE", out, *SMALL, "--workers", "1"), check=True, capture_output=True)
    assert contents(out) == undisturbed


@pytest.mark.parametrize("damage", DAMAGES)
def test_finished_blocks_are_kept_and_damaged_ones_made_again(
    damage: Callable[[bytes], bytes],
    tmp_path: Path,
    undisturbed: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "run"
    _, second, _ = stopped(out, monkeypatch)
    second.write_bytes(damage(second.read_bytes()))
    assert 0 < make(out).fresh < 48
    assert contents(out) == undisturbed


def stopped(out: Path, monkeypatch: pytest.MonkeyPatch, seed: int = 7) -> list[Path]:
    """The blocks of a run that was stopped before its first shard."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fuzzer.run.maker.write_shard", stop)
        with pytest.raises(KeyboardInterrupt):
            make(out, seed=seed)
    return sorted((out / ".blocks" / "programs").iterdir())


def test_blocks_of_other_tasks_are_made_again(
    tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    first, second, third = stopped(out, monkeypatch)
    second.write_bytes(first.read_bytes())  # whole and unaltered, but of other indices
    third.write_bytes(stopped(tmp_path / "other", monkeypatch, seed=8)[2].read_bytes())
    assert 0 < make(out).fresh < 48
    assert contents(out) == undisturbed


@pytest.mark.parametrize("name", [".blocks", ".blocks/programs", "programs", "README.md", "rejects.parquet"])
def test_what_stands_in_the_way_is_named(
    name: str, tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    stopped(out, monkeypatch)
    obstacle = out / name
    if obstacle.is_dir():
        shutil.rmtree(obstacle)
    if "." in Path(name).name[1:]:
        (obstacle / "folder").mkdir(parents=True)
    else:
        obstacle.write_text("a file")
    with pytest.raises(RunError, match=rf"'{obstacle}.*' cannot be read or written \(.*\): what is finished is kept"):
        make(out)
    shutil.rmtree(obstacle, ignore_errors=True)
    obstacle.unlink(missing_ok=True)
    make(out)
    assert contents(out) == undisturbed


def test_a_block_altered_at_the_end_is_made_again(
    tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import fuzzer.run.maker as maker

    write_shard, out = maker.write_shard, tmp_path / "run"

    def spoil_then_write(task: ShardTask) -> object:
        monkeypatch.setattr(maker, "write_shard", write_shard)
        next((out / ".blocks" / "programs").iterdir()).write_bytes(b"spoiled")
        return write_shard(task)

    monkeypatch.setattr(maker, "write_shard", spoil_then_write)
    make(out)
    assert contents(out) == undisturbed


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "run"
    make(out)
    return out


@pytest.fixture
def finished(made_once: Path, tmp_path: Path) -> Path:
    """A finished run, to be spoiled."""
    return Path(shutil.copytree(made_once, tmp_path / "run"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two blocks without a new row are enough to give up."""
    for module in ("keeping.selection", "run.maker"):
        monkeypatch.setattr(f"fuzzer.{module}.PATIENCE", 2)


def test_a_finished_run_is_left_as_it_is(finished: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    summary = make(finished)
    assert (summary.rows, summary.fresh) == (48, 0)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


@pytest.mark.parametrize("damage", ["remove", "alter", "card"])
def test_a_damaged_file_of_a_finished_run_is_made_again(finished: Path, damage: str) -> None:
    before = contents(finished)
    shard = finished / "programs" / "test-00000-of-00001.parquet"
    if damage == "remove":
        shard.unlink()
    elif damage == "alter":
        shard.write_bytes(shard.read_bytes()[:-3] + b"???")
    else:
        (finished / "README.md").write_text("")
    make(finished)
    assert contents(finished) == before


OTHERS: dict[str, dict[str, Any]] = {
    "seed": {"seed": 8},
    "shards": {"shards": 5},
    "rows_per_shard": {"rows_per_shard": 13},
    "per_structure": {"per_structure": 3},
    "profile": {"spec": FamilySpec("programs", "run_families:Simple", "another")},
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_run_is_refused(finished: Path, other: str) -> None:
    before = contents(finished)
    with pytest.raises(UserError, match=f"holds a run that differs in .*{other}.*--out"):
        make(finished, **OTHERS[other])
    assert contents(finished) == before


def test_another_version_is_refused_half_way(impatient: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "run"
    with pytest.raises(RunError):
        make(out, NARROW)
    before = contents(out)
    monkeypatch.setattr("fuzzer.base.versions.__version__", "9.9.9")
    with pytest.raises(UserError, match=r"differs in version of jit-synthesis \(0.1.0, not 9.9.9\)"):
        make(out, NARROW)
    assert contents(out) == before


def test_two_runs_into_one_folder_are_refused(finished: Path) -> None:
    with at(finished).locked(), pytest.raises(UserError, match="is in use by another run"):
        make(finished)
    assert not (finished / ".lock").exists()


def test_lock_of_a_killed_run_is_no_obstacle(tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / ".lock").touch()
    assert make(out).rows == 48


class Forgetful(OwnLedger):
    """Loses its keys once, when it has seen some; it has none once it is closed, as an actor has not."""

    lost = False
    closed = False

    def judge(self, ids: bytes, structures: bytes) -> bytes:
        if self.closed or (len(self._ids) > 10 and not Forgetful.lost):
            Forgetful.lost = True
            raise LostKeys
        return super().judge(ids, structures)

    def close(self) -> None:
        self.closed = True
        super().close()


def test_lost_keys_are_read_again(
    tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fuzzer.run.maker.ledger", lambda executor, rows, per_structure, memory: Forgetful(per_structure)
    )
    summary = make(tmp_path / "run")
    assert Forgetful.lost
    assert summary.rows == 48
    assert contents(tmp_path / "run") == undisturbed


def test_draws_are_accounted_for(finished: Path) -> None:
    counts = json.loads((finished / "manifest.json").read_text())["families"]["programs"]["counts"]
    draws = counts.pop("draws")
    assert draws == sum(counts.values()) == 60


def test_one_shard_holds_train_rows_only(tmp_path: Path) -> None:
    make(tmp_path / "run", shards=1, rows_per_shard=30)
    entry = json.loads((tmp_path / "run" / "manifest.json").read_text())["families"]["programs"]
    assert [shard["split"] for shard in entry["shards"]] == ["train"]
    assert entry["counts"]["rows"] == 30
    assert entry["counts"]["left_out"] > 0


def test_more_rows_than_the_grammar_has(impatient: None, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"the last 40 draws of .* gave no new row, with 10 of 48 made"):
        make(tmp_path / "run", NARROW)


def test_two_families_lie_side_by_side(tmp_path: Path) -> None:
    from runs import here

    from fuzzer.base.options import Options
    from fuzzer.run.progress import Reporter
    from fuzzer.run.run import FamilyRun, run

    second = FamilySpec("poisson", "run_families:Simple", "another")
    options = Options(tmp_path / "run", 7, 3, 12, block=20, limits=Limits(workers=1))
    summary = run(options, Reporter(), [FamilyRun(SIMPLE, 3), FamilyRun(second, 1)], here)
    assert summary.rows == 48
    assert pq.read_metadata(tmp_path / "run" / "poisson" / "train-00000-of-00001.parquet").num_rows == 12
