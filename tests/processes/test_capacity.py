"""Cores and memory are those of the process, not of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from processes.capacity import COORDINATOR, WORKER, memory, workers

GIB = 2**20
"""In /proc/meminfo's kilobytes."""


@pytest.fixture(autouse=True)
def large_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 128)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(128)), raising=False)


def system(folder: Path, files: dict[str, str]) -> Path:
    for name, content in ({"proc/meminfo": f"MemTotal: 1 kB\nMemAvailable: {512 * GIB} kB\n"} | files).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return folder


def bound(folder: Path, files: dict[str, str], **environment: str) -> int:
    return workers(environment, system(folder, files)).number


@pytest.mark.parametrize("cores", [1, 2, 7, 64, 128])
def test_affinity(cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    assert bound(tmp_path, {}) == cores


@pytest.mark.parametrize(("given", "number"), [("1", 1), ("16", 16), ("", 128), ("0", 128), ("four", 128), ("٣", 128)])
def test_slurm(given: str, number: int, tmp_path: Path) -> None:
    assert bound(tmp_path, {}, SLURM_CPUS_PER_TASK=given) == number


@pytest.mark.parametrize("level", ["", "/slice", "/slice/job"])
@pytest.mark.parametrize(
    ("quota", "number"), [("150000 100000\n", 2), ("50000 100000\n", 1), ("max 100000\n", 128), ("no text", 128)]
)
def test_quota(level: str, quota: str, number: int, tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/slice/job\n", f"sys/fs/cgroup{level}/cpu.max": quota}
    assert bound(tmp_path, files) == number


@pytest.mark.parametrize("folder", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize(("quota", "number"), [("400000\n", 4), ("-1\n", 128)])
def test_quota_of_the_first_version(folder: str, quota: str, number: int, tmp_path: Path) -> None:
    group = f"sys/fs/cgroup/{folder}/job"
    files = {"proc/self/cgroup": "3:cpu,cpuacct:/job\n", f"{group}/cpu.cfs_quota_us": quota}
    assert bound(tmp_path, files | {f"{group}/cpu.cfs_period_us": "100000\n"}) == number


def test_a_container_sees_only_the_root(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/../../kubepods/pod\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}
    assert bound(tmp_path, files) == 2


def test_memory_bounds_workers(tmp_path: Path) -> None:
    place = system(tmp_path, {"proc/meminfo": f"MemAvailable: {2 * GIB} kB\n"})
    found = workers({}, place)
    assert found.number == (2 * 2**30 - COORDINATOR) // WORKER == 3
    assert found.by == "2.0 GiB of memory, of which a worker needs 0.5"


def test_the_memory_of_a_group(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/job\n",
        "sys/fs/cgroup/job/memory.max": f"{4 * 2**30}\n",
        "sys/fs/cgroup/job/memory.current": f"{3 * 2**30}\n",
        "sys/fs/cgroup/job/memory.stat": f"anon 1\ninactive_file {2**30}\n",
    }
    assert memory(system(tmp_path, files)) == 2 * 2**30


def test_never_none(tmp_path: Path) -> None:
    assert bound(tmp_path, {"proc/meminfo": "MemAvailable: 1000 kB\n"}) == 1


def test_nothing_is_told(tmp_path: Path) -> None:
    assert memory(tmp_path) is None
    assert workers({}, tmp_path).number == 128
