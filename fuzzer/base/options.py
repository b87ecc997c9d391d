"""What a run is asked for, and the checks that need nothing but the numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

from processes import capacity
from processes.errors import UserError

Address: TypeAlias = "str | Path"
"""Where a run lies: a path, or a URL such as `s3://bucket/run`."""

MOST_SEED = 2**63 - 1

BLOCK = 100
"""Indices in a block: a few seconds of work, so little is lost with a worker."""


@dataclass(frozen=True)
class Limits:
    """What a worker may use. A program that needs more than `program_seconds` or `memory_mb` is a reject, so these two
    belong to a run's identity."""

    workers: int = field(default_factory=lambda: capacity.workers().number)
    block_seconds: float = 300.0
    """A block that takes longer is tried program by program, so this changes no row."""
    program_seconds: float = 30.0
    memory_mb: int = 4096
    keys_mb: int = 8192
    """Of the coordinator's keys; more of them lie in mapped files."""


@dataclass(frozen=True)
class Options:
    """A run, with all its defaults. `shards` and `rows_per_shard` are targets for the whole of a family, not for each
    file."""

    out: Address
    seed: int = 0
    shards: int = 20
    rows_per_shard: int = 512
    per_structure: int = 4
    profile: str = "default"
    block: int = BLOCK
    limits: Limits = field(default_factory=Limits)
    poisson_shards: int | None = None
    """None for a tenth of `shards`."""

    @property
    def poisson_files(self) -> int:
        """Files of Poisson solvers: as many as asked for, or a tenth of the others, and never none."""
        return max(1, self.shards // 10) if self.poisson_shards is None else self.poisson_shards

    def bounds(self) -> dict[str, float]:
        """The limits that decide which programs are rejects."""
        return {"program_seconds": self.limits.program_seconds, "worker_memory": self.limits.memory_mb}

    def asked(self) -> dict[str, Any]:
        """All but where and with what means."""
        names = [each.name for each in fields(self) if each.name not in ("out", "limits")]
        return {name: getattr(self, name) for name in names}


def check(options: Options) -> Options:
    """Raises UserError, one sentence with value, bound and cure, for a number out of its bounds."""
    _within("--seed", options.seed, 0, MOST_SEED, "any number in these bounds gives a run of its own")
    _within(
        "--shards",
        options.shards,
        1,
        99_999,
        "ask for at least one file, and for larger ones rather than for more",
    )
    _within("--poisson-shards", options.poisson_files, 1, 99_999, "every run has at least one file of them")
    _within("--rows-per-shard", options.rows_per_shard, 1, 10_000_000, "512 rows make a file of about 2 MB")
    _within("--per-structure", options.per_structure, 1, 255, "1 keeps no two rows that differ in shapes alone")
    _within("--block", options.block, 1, 255, "indices; 100 suits programs that take 20 to 100 ms each")
    check_limits(options.limits)
    return options


def check_limits(limits: Limits) -> Limits:
    """The same for what a worker may use."""
    _within("--workers", limits.workers, 1, 4096, f"this process has {capacity.workers().by}")
    _within("--block-seconds", limits.block_seconds, 1, 86_400, "a block usually takes less than 10")
    _within("--program-seconds", limits.program_seconds, 0.1, 3_600, "a program usually takes less than 0.1")
    _within("--worker-memory", limits.memory_mb, 512, 1_048_576, "megabytes; a worker usually needs less than 500")
    _within("--keys-memory", limits.keys_mb, 0, 1_048_576, "megabytes; 64 hold a million rows")
    return limits


def check_rows(rows: int) -> int:
    """The number of rows that a report is asked for."""
    return _within("--rows", rows, 1, 10_000_000, "some hundreds give steady figures")


def _within(name: str, value: Any, low: Any, high: Any, cure: str) -> Any:
    if not low <= value <= high:
        raise UserError(f"{name} is {value!s:.80} but must be between {low} and {high}: {cure}")
    return value
