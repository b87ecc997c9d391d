"""Ray gives the bytes that one process gives, and loses a machine without losing a row."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest
from run_families import PLANTED, SIMPLE
from runs import HERE, ROOT, command, contents, make

from fuzzer.base.errors import LostKeys, RunError
from fuzzer.base.options import Limits, Options
from fuzzer.keeping.ledger import DividedLedger, OwnLedger
from fuzzer.run.progress import Reporter, State
from fuzzer.run.run import FamilyRun, run
from processes.errors import UserError

pytestmark = pytest.mark.cluster

ray = pytest.importorskip("ray", reason="needs the extra [ray]")
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs the extra [ray]")

from fuzzer.executors import ray as on_cluster  # noqa: E402

ASKED: dict[str, Any] = {"seed": 7, "shards": 4, "rows_per_shard": 12, "block": 8}
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """One node, of one core; its workers find the families of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(ROOT)]))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        head = {**NODE, "include_dashboard": False}
        made = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
        yield made
        made.shutdown()


@pytest.fixture
def second(cluster: Any) -> Iterator[Any]:
    """Another node, that may be lost."""
    node = cluster.add_node(**NODE)
    yield node
    if node in cluster.worker_nodes:
        cluster.remove_node(node)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    make(out, **ASKED)
    return contents(out)


class Watcher:
    """Does something once, when so many rows are there."""

    def __init__(self, rows: int, act: Callable[[], object]) -> None:
        self._rows = rows
        self._act: Callable[[], object] | None = act
        self.seen: list[tuple[int, int]] = []

    def show(self, state: State) -> None:
        self.seen.append((state.rows, state.memory))
        if state.rows >= self._rows and self._act:
            act, self._act = self._act, None
            act()

    def close(self) -> None:
        assert self._act is None


def on_ray(cluster: Any, out: Path, *views: Watcher) -> None:
    options = Options(out, **ASKED)
    reporter = Reporter(views)
    run(options, reporter, [FamilyRun(SIMPLE, 4)], on_cluster.on_ray(cluster.address))
    reporter.close()


def test_two_nodes_and_keys_in_actors(
    cluster: Any, second: Any, tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzzer.keeping.ledger.ROWS_PER_ACTOR", 12)
    watcher = Watcher(1, lambda: None)
    on_ray(cluster, tmp_path / "run", watcher)
    assert contents(tmp_path / "run") == undisturbed
    assert watcher.seen[-1][0] == 48
    assert watcher.seen[-1][1] > 50e6


def test_a_node_is_lost_half_way(
    cluster: Any, second: Any, tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzzer.keeping.ledger.ROWS_PER_ACTOR", 12)
    watcher = Watcher(16, lambda: cluster.remove_node(second, allow_graceful=False))
    on_ray(cluster, tmp_path / "run", watcher)
    assert contents(tmp_path / "run") == undisturbed
    assert watcher.seen[-1][0] == 48


def test_only_guilty_programs_are_lost(cluster: Any, tmp_path: Path) -> None:
    options = Options(tmp_path / "run", 7, 4, 12, block=30, limits=Limits(block_seconds=8, program_seconds=8))
    run(options, Reporter(), [FamilyRun(PLANTED, 4)], on_cluster.on_ray(cluster.address))
    rejects = pq.read_table(tmp_path / "run" / "rejects.parquet").to_pylist()
    assert {row["index"]: row["reason"] for row in rejects if row["index"] < 20} == {
        7: "timed out",
        11: "worker killed",
        13: "NotTraceableError (ValueError)",
        17: "out of memory",
        19: "NotTraceableError (SystemExit)",
    }
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["families"]["programs"]["counts"]["rows"] == 48


def test_the_command(cluster: Any, tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    small = ("--seed", "7", "--shards", "4", "--rows-per-shard", "12", "--block", "8")
    asked = [*command("SIMPLE", tmp_path / "run", *small), "--executor", "ray", "--address", cluster.address]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "run") == undisturbed


def test_a_machine_with_other_versions(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_cluster, "versions", lambda: {"jax": "0.0.1"})
    with pytest.raises(RunError, match=r"a machine of the cluster has jax .*: there, .*`pip install"):
        on_ray(cluster, tmp_path / "run")


def test_actors_judge_as_one_ledger_does(cluster: Any) -> None:
    draw = Random(1)
    structures = [draw.randbytes(16) for _ in range(40)]
    ray.init(address=cluster.address, log_to_driver=False)
    own, divided = OwnLedger(2), DividedLedger(on_cluster.RayPool(Limits()).actors(3, OwnLedger, 2, 2**20))
    ids = rows = b""
    for _ in range(6):
        chosen = [draw.randrange(40) for _ in range(30)]
        ids = b"".join(bytes([draw.randrange(3)]) + structures[each][1:] for each in chosen)
        rows = b"".join(structures[each] for each in chosen)
        assert divided.judge(ids, rows) == own.judge(ids, rows)
    divided.close()
    with pytest.raises(LostKeys):
        divided.judge(ids, rows)
    ray.shutdown()


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:1", "127.0.0.1:99999"])
def test_no_cluster_at_the_address(address: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"no Ray cluster answers at --address '{address}'"):
        make(tmp_path / "run", start=on_cluster.on_ray(address))
    assert not (tmp_path / "run").exists()
