"""What machines and programs do to a run."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from runs import children, command, contents, make, start

from fuzzer.base.errors import RunError
from fuzzer.storage import store

PLANTED = ("--seed", "7", "--shards", "4", "--rows-per-shard", "12", "--workers", "2", "--block", "30")
LIMITS = ("--block-seconds", "8", "--program-seconds", "8")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("planted") / "run"
    done = subprocess.run(command("PLANTED", out, *PLANTED, *LIMITS), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def test_only_guilty_programs_are_lost(planted: Path) -> None:
    rejects = {row["index"]: row for row in pq.read_table(planted / "rejects.parquet").to_pylist()}
    assert {index: row["reason"] for index, row in rejects.items()} == {
        7: "timed out",
        11: "worker killed",
        13: "NotTraceableError (ValueError)",
        17: "out of memory",
        19: "NotTraceableError (SystemExit)",
        23: "no operand",
        29: "IndexError",
    }
    assert rejects[23]["production"] == "matmul"
    assert "while True" in rejects[7]["source"]
    assert "os._exit" in rejects[11]["source"]
    assert "planted" in rejects[13]["detail"]


def test_all_other_rows_are_there(planted: Path) -> None:
    rows = pq.read_table(planted / "programs", columns=["index"])["index"].to_pylist()
    assert len(rows) == 48
    assert not {7, 11, 13, 17, 19, 23, 29} & set(rows)
    assert {6, 8, 12} < set(rows)


def test_rejects_are_counted_by_reason_and_production(planted: Path) -> None:
    entry = json.loads((planted / "manifest.json").read_text())["families"]["programs"]
    assert entry["counts"]["rejects"] == 7
    assert {"reason": "no operand", "production": "matmul", "count": 1} in entry["rejects"]
    assert {"reason": "worker killed", "production": "", "count": 1} in entry["rejects"]
    assert "| worker killed | (not known) | 1 |" in (planted / "README.md").read_text()


def wait_for(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_workers_die_with_a_killed_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    going = start("SIMPLE", out, "--shards", "20", "--rows-per-shard", "400", "--workers", "2")
    wait_for(lambda: list(out.glob(".blocks/programs/0*")))
    workers = children(going.pid)
    os.kill(going.pid, signal.SIGKILL)
    going.communicate()
    assert len(workers) >= 2
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_killed_workers_cost_nothing(tmp_path: Path) -> None:
    options = ("--seed", "7", "--shards", "4", "--rows-per-shard", "12")
    going = start("SIMPLE", tmp_path / "run", *options, "--workers", "2")
    for _ in range(3):
        time.sleep(2.5)
        for pid in children(going.pid)[-1:]:
            os.kill(pid, signal.SIGKILL)
    said = going.communicate(timeout=100)
    assert going.returncode == 0, said
    make(tmp_path / "undisturbed", rows_per_shard=12)
    assert contents(tmp_path / "run") == contents(tmp_path / "undisturbed")


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room, writing, out = 3, store.LocalStore.writing, tmp_path / "run"

    @contextmanager
    def until_full(self: store.LocalStore, name: str) -> Generator[Any]:
        nonlocal room
        room -= 1
        with writing(self, name) as file:
            if room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield file

    with monkeypatch.context() as patch:
        patch.setattr(store.LocalStore, "writing", until_full)
        with pytest.raises(RunError, match=r"no space left for .*: finished blocks are kept"):
            make(out, rows_per_shard=12)
    assert not list(out.rglob("*.part"))
    make(out, rows_per_shard=12)
    make(tmp_path / "undisturbed", rows_per_shard=12)
    assert contents(out) == contents(tmp_path / "undisturbed")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB, all but full."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(place)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("room", [40_000, 150_000])
def test_disk_of_20_mb(room: int, disk: Path, tmp_path: Path) -> None:
    options = ("--seed", "7", "--shards", "4", "--rows-per-shard", "12", "--workers", "1", "--block", "8")
    make(tmp_path / "undisturbed", block=8)
    expected = contents(tmp_path / "undisturbed")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(20 * 2**20 - room))
    done = subprocess.run(command("SIMPLE", disk / "run", *options), capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("fuzzer: no space left for ")
    assert "Traceback" not in done.stderr
    finished = {name: content for name, content in contents(disk / "run").items() if name.endswith(".parquet")}
    assert finished == {name: expected[name] for name in finished}
    assert list((disk / "run" / ".blocks").rglob("0*"))
    ballast.unlink()
    make(disk / "run", block=8)
    assert contents(disk / "run") == expected
