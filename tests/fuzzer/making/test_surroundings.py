"""What a worker is in costs no program its place: not cores, not stacks, not limits; and rows are the same in all."""

from __future__ import annotations

import os
import pty
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from runs import SMALL, command, contents, make

from fuzzer.base.errors import RunError
from fuzzer.making import surroundings

ROOT = Path(__file__).parents[3]
REAL = [
    *("--seed", "5", "--shards", "1", "--rows-per-shard", "8", "--poisson-shards", "1"),
    *("--block", "8", "--workers", "1"),
]


def real(out: Path, terminal: int | None = None, **environment: str) -> None:
    where = subprocess.PIPE if terminal is None else terminal
    told = [sys.executable, "-m", "fuzzer", *REAL, "--out", str(out)]
    done = subprocess.run(told, cwd=ROOT, env=os.environ | environment, stdin=where, stdout=where, stderr=where)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def in_a_pipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pipe") / "run"
    real(out)
    return out


def test_a_run_on_a_terminal_of_a_large_machine(in_a_pipe: Path, tmp_path: Path) -> None:
    parent, child = pty.openpty()
    reader = subprocess.Popen(["cat"], stdin=parent, stdout=subprocess.DEVNULL)
    try:
        real(tmp_path / "run", child, NPROC="512", FORCE_COLOR="1", LC_ALL="C", PYTHONOPTIMIZE="2")
    finally:
        reader.kill()
        os.close(child)
        os.close(parent)
    assert contents(tmp_path / "run") == contents(in_a_pipe)
    assert "\x1b" not in _texts(in_a_pipe)


def _texts(run: Path) -> str:
    tables = [pq.read_table(path, columns=["jaxpr", "stablehlo"]) for path in run.glob("*/*.parquet")]
    return "".join(text for table in tables for name in table.column_names for text in table[name].to_pylist())


def test_a_run_in_a_notebook(in_a_pipe: Path, tmp_path: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    script = f"""
from fuzzer.base.options import Limits, Options
from fuzzer.run.progress import Reporter
from fuzzer.run.run import run
from fuzzer.reports.verify import verify
one = Limits(workers=1)
run(Options({str(tmp_path / "run")!r}, 5, 1, 8, block=8, limits=one, poisson_shards=1), Reporter())
assert all(promise.holds for promise in verify({str(tmp_path / "run")!r}, 4, one))
"""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
    try:
        reply = client.execute_interactive(script, timeout=600, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert contents(tmp_path / "run") == contents(in_a_pipe)


@pytest.mark.parametrize(
    ("limit", "value", "named"),
    [
        (resource.RLIMIT_AS, 450 * 2**20, "450 MB (ulimit -v)"),
        (resource.RLIMIT_NOFILE, 13, "13 open files (ulimit -n)"),
        (resource.RLIMIT_NOFILE, 9, "9 open files (ulimit -n)"),
    ],
)
def test_no_program_is_blamed_for_a_limit(limit: int, value: int, named: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = subprocess.run(
        command("SIMPLE", out, *SMALL, "--workers", "1"),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(limit, (value, value)),
    )
    assert done.returncode in (1, 2), done.stderr
    assert named in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list(out.glob(".blocks/programs/0*"))


def test_what_is_said_names_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    surroundings.check()

    def fails(*arguments: object) -> None:
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr("lowering.extract_source", fails)
    with pytest.raises(
        RunError, match=r"known to be good \(std::bad_alloc\), so no program is to blame: its limits are"
    ):
        surroundings.check()
    assert "512 MB (--worker-memory)" in str(surroundings.unfit("worker killed", 512))


def test_a_block_of_false_rejects_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("lowering.extract_source", fails)
        patch.setattr("lowering.trace_source", fails)
        with pytest.raises(RunError, match="no program is to blame"):
            make(tmp_path / "run")
    assert not list((tmp_path / "run").rglob("programs/0*"))
    make(tmp_path / "run")
    make(tmp_path / "undisturbed")
    assert contents(tmp_path / "run") == contents(tmp_path / "undisturbed")


def test_another_limit_is_another_run(tmp_path: Path) -> None:
    from fuzzer.base.options import Limits
    from processes.errors import UserError

    make(tmp_path / "run")
    with pytest.raises(UserError, match=r"worker_memory \(4096, not 8192\)"):
        make(tmp_path / "run", limits=Limits(1, memory_mb=8192))
