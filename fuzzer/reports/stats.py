"""A run's figures in 20 lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from fuzzer.base import markdown
from fuzzer.base.form import fault
from fuzzer.base.options import Address
from fuzzer.base.schema import SIZES
from fuzzer.run import manifest as manifests
from fuzzer.run.card import merged
from fuzzer.run.folder import open_manifest
from fuzzer.run.manifest import Manifest
from fuzzer.run.shard import NAMED, ShardReport, read_shard
from fuzzer.storage.base import Store
from fuzzer.storage.store import at
from processes.errors import UserError

STEP: Final = {
    "seconds": (int, float),
    "cpu_seconds": (int, float),
    "stage": str,
    "fresh_rows": int,
    "largest_worker_bytes": int,
}
"""What is read of a line of a log."""

Step = dict[str, Any]

ENOUGH = 20
"""Blocks of a family that has tenths: with fewer, a tenth is one block, and ends when the one beside it ends."""

MOST = 10
"""Names in a list of the most used."""


def stats(out: Address, log: Path | None) -> str:
    """Markdown of 20 lines at most; a log (`--log-json`) adds what no file knows: time and memory."""
    store = at(out)
    manifest = open_manifest(store)
    reports = [_report(store, shard) for shard in manifests.shards(manifest)]
    named = merged(report.named for report in reports)
    parts = [
        f"# Data of the run with seed {manifest['run']['seed']}\n",
        markdown.table(["figure", "value"], [*_counts(manifest), *(_speed(log) if log else [])]),
        "",
        markdown.sizes(merged(report.sizes for report in reports)),
        "",
        *(f"Most used {name}: {markdown.most(named[name], MOST)}." for name in ("primitives", "stablehlo_ops")),
    ]
    return "\n".join(parts)


def _report(store: Store, shard: dict[str, Any]) -> ShardReport:
    report = ShardReport(shard["file"], shard["split"])
    report.add(read_shard(store, shard["file"], ["index", "transform", *SIZES, *NAMED]))
    return report


def _counts(manifest: Manifest) -> list[list[str]]:
    """Three lines."""
    draws = manifests.total(manifest, "draws")
    superfluous = manifests.total(manifest, "duplicates") + manifests.total(manifest, "crowded")
    size = sum(shard["bytes"] for shard in manifests.shards(manifest))
    rows = manifests.total(manifest, "rows")
    return [
        ["rows", f"{rows:,} from {draws:,} draws, {size / max(1, rows):,.0f} bytes each in Parquet"],
        ["duplicates", _share(superfluous, draws)],
        ["rejects", _share(manifests.total(manifest, "rejects"), draws)],
    ]


def _share(number: int, draws: int) -> str:
    return f"{number:,} ({number / max(1, draws):.3%})"


def _speed(log: Path) -> list[list[str]]:
    """Four lines: rows a second over all, those of the first and last tenth of each family, the CPU that workers took
    for a row in both (which other work on the machine moves less), and the largest worker."""
    steps = _steps(log)
    families = [name for name in dict.fromkeys(step["stage"] for step in steps) if not name.startswith("writing ")]
    blocks = {name: [step for step in steps if step["stage"] == name] for name in families}
    tenths = {name: _tenths(steps) for name, steps in blocks.items() if len(steps) >= ENOUGH}
    rates = [f"{name} {_rate(first):.2f} and {_rate(last):.2f}" for name, (first, last) in tenths.items()]
    costs = [f"{name} {_cost(first):.1f} and {_cost(last):.1f}" for name, (first, last) in tenths.items()]
    few = f"fewer than {ENOUGH} blocks"
    return [
        ["rows a second", f"{_rate(steps):.2f}"],
        ["rows a second, first and last tenth", ", ".join(rates) or few],
        ["ms of CPU a row, first and last tenth", ", ".join(costs) or few],
        ["largest worker", f"{max(step['largest_worker_bytes'] for step in steps) / 1e6:.0f} MB"],
    ]


def _tenths(steps: list[Step]) -> tuple[list[Step], list[Step]]:
    tenth = max(1, len(steps) // 10)
    return steps[: tenth + 1], steps[-tenth - 1 :]


def _steps(log: Path) -> list[Step]:
    """The steps of the last session in the log that made rows, from the first block on."""
    try:
        steps = [json.loads(line) for line in log.read_text().splitlines()]
    except (OSError, ValueError, RecursionError) as error:
        raise _no_log(log, str(error)) from None
    if wrong := fault(steps, [STEP]):
        raise _no_log(log, wrong)
    fresh = [step for step in steps if step["fresh_rows"]]
    if not fresh:
        raise UserError(f"--log {str(log)!r} has no step that made rows: give the log of the session that made them")
    begin = max(i for i, step in enumerate(fresh) if i == 0 or step["seconds"] < fresh[i - 1]["seconds"])
    return fresh[begin:]


def _no_log(log: Path, wrong: str) -> UserError:
    return UserError(f"--log {str(log)!r} cannot be read ({wrong}): give a run's --log-json file")


def _rate(steps: list[Step]) -> float:
    """Rows a second."""
    seconds = _gain(steps, "seconds")
    return _gain(steps, "fresh_rows") / seconds if seconds else 0.0


def _cost(steps: list[Step]) -> float:
    """Milliseconds of CPU a row."""
    rows = _gain(steps, "fresh_rows")
    return 1000 * _gain(steps, "cpu_seconds") / rows if rows else 0.0


def _gain(steps: list[Step], name: str) -> float:
    return steps[-1][name] - steps[0][name]
