"""What this process may use of its machine: cores and memory, by affinity, control group, scheduler and limits.

A container or a batch job has a share of the machine, and a worker for each core of the whole would fight over it.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processes.commands import counted

SYSTEM: Final = Path("/")
"""Where `proc` and `sys` lie; tests have others."""

WORKER: Final = 500 * 2**20
"""Bytes that a worker needs."""

COORDINATOR: Final = 300 * 2**20
"""Bytes of the process that starts them."""


@dataclass(frozen=True)
class Bound:
    """A number of workers, and what it follows from, as one says it."""

    number: int
    by: str


def workers(environment: Mapping[str, str] = os.environ, system: Path = SYSTEM) -> Bound:
    """As many workers as this process has cores for, and memory."""
    bounds = [*_by_cores(environment, system), *_by_memory(system)]
    return min(bounds, key=lambda bound: bound.number)


def _by_cores(environment: Mapping[str, str], system: Path) -> Iterator[Bound]:
    """The first of equal bounds is told, so the plainest comes first."""
    yield Bound(os.cpu_count() or 1, counted(os.cpu_count() or 1, "core"))
    if hasattr(os, "sched_getaffinity"):
        own = len(os.sched_getaffinity(0))
        yield Bound(own, f"an affinity of {own} of {counted(os.cpu_count() or 1, 'core')}")
    allotted = environment.get("SLURM_CPUS_PER_TASK", "")
    if allotted.isascii() and allotted.isdecimal() and int(allotted) > 0:
        yield Bound(int(allotted), f"SLURM_CPUS_PER_TASK={allotted}")
    quota = min(_quotas(system), default=math.inf)
    if quota < math.inf:
        yield Bound(max(1, math.ceil(quota)), f"a quota of {quota:g} {'core' if quota == 1 else 'cores'}")


def _by_memory(system: Path) -> Iterator[Bound]:
    free = memory(system)
    if free is not None:
        number = max(1, (free - COORDINATOR) // WORKER)
        yield Bound(number, f"{free / 2**30:.1f} GiB of memory, of which a worker needs {WORKER / 2**30:.1f}")


def memory(system: Path = SYSTEM) -> int | None:
    """Bytes that this process and those it starts can still have; None where the system does not tell."""
    known = [*_available(system), *_left(system)]
    return max(0, min(known)) if known else None


def _available(system: Path) -> Iterator[int]:
    told = _text(system / "proc/meminfo").partition("MemAvailable:")[2].split()
    if told:
        yield int(told[0]) * 1024
    elif sys.platform != "linux" and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _left(system: Path) -> Iterator[int]:
    """What each control group around this process leaves it. Pages of files that it holds can be given back."""
    for group in _groups(system, "memory"):
        for limit, used, cache in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            most, now = _number(group / limit), _number(group / used)
            if most is not None and most < 2**60:
                pages = _text(group / "memory.stat").partition(f"{cache} ")[2].split()
                yield most - (now or 0) + (int(pages[0]) if pages else 0)


def _quotas(system: Path) -> Iterator[float]:
    """Cores that each control group around this process allows."""
    for group in _groups(system, "cpu"):
        most, _, period = _text(group / "cpu.max").strip().partition(" ")
        if most.isdecimal() and period.isdecimal() and int(period):
            yield int(most) / int(period)
        quota, length = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
        if quota is not None and quota > 0 and length:
            yield quota / length


def _groups(system: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control group and of all around it, of both versions of control groups.

    In a container the path may be one of the host's, of which only the root is to be seen.
    """
    for line in _text(system / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names and controller not in names.split(","):
            continue
        root = system / "sys/fs/cgroup" / (names and _mounted(system, names, controller))
        inner = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(inner), -1, -1):
            yield root.joinpath(*inner[:depth])


def _mounted(system: Path, names: str, controller: str) -> str:
    """Of the first version: each controller has a folder, under its name or that of several."""
    return names if (system / "sys/fs/cgroup" / names).is_dir() else controller


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.removeprefix("-").isdecimal() else None


def _text(file: Path) -> str:
    """Content of one of the system's small files; empty where it is not to be had."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
