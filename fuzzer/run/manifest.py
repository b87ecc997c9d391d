"""The manifest of a run, and what follows from it alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fuzzer.base.form import COUNT, NONE, Each, Such
from fuzzer.keeping.selection import Selection
from fuzzer.run.shard import ShardReport
from fuzzer.storage.base import Store, sha256

Manifest = Mapping[str, Any]
REJECTS = "rejects.parquet"
README = "README.md"

FILE: Final = Such(lambda value: isinstance(value, str) and bool(re.fullmatch(r"\w+/[\w-]+\.parquet", value, re.ASCII)))
"""A shard's name in the run: no reader is led out of its folder."""

COUNTS: Final = ("draws", "rows", "duplicates", "crowded", "left_out", "surplus", "rejects")
FORM: Final = {
    "run": {
        "seed": int,
        "rows_per_shard": COUNT,
        "per_structure": COUNT,
        "versions": Each(str),
        "families": Each({"shards": COUNT, "factory": str, "profile_text": str}),
    },
    "files": {README: str, REJECTS: str},
    "families": Each(
        {
            "counts": dict.fromkeys(COUNTS, COUNT),
            "rejects": [{"reason": str, "production": str, "count": COUNT}],
            "shards": [
                {"file": FILE, "split": str, "rows": COUNT, "bytes": COUNT, "sha256": str}
                | {"first_index": (int, NONE), "last_index": (int, NONE)}
            ],
        }
    ),
}
"""What a reader of a manifest relies on."""


def family_entry(selection: Selection, shards: Sequence[ShardReport]) -> dict[str, Any]:
    """What the manifest says of a family. The counts of draws add up: `draws` is the sum of the others."""
    rejects = [
        {"reason": reason, "production": production, "count": count}
        for (reason, production), count in sorted(selection.rejects.items())
    ]
    return {
        "counts": {
            "draws": selection.draws,
            "rows": selection.rows,
            "duplicates": selection.duplicates,
            "crowded": selection.crowded,
            "left_out": selection.left_out,
            "surplus": selection.surplus,
            "rejects": sum(selection.rejects.values()),
        },
        "rejects": rejects,
        "shards": [_shard(report) for report in shards],
    }


def _shard(report: ShardReport) -> dict[str, Any]:
    first, last = report.indices or (None, None)
    return {
        "file": report.file,
        "split": report.split,
        "rows": report.rows,
        "bytes": report.bytes,
        "first_index": first,
        "last_index": last,
        "sha256": report.sha256,
    }


def shards(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Every shard of every family."""
    for family in manifest["families"].values():
        yield from family["shards"]


def damaged(store: Store, manifest: Manifest) -> list[str]:
    """The files of a finished run that are missing or not as they were written."""
    sums = {shard["file"]: shard["sha256"] for shard in shards(manifest)} | manifest["files"]
    return [file for file, expected in sums.items() if not (store.exists(file) and sha256(store, file) == expected)]


def total(manifest: Manifest, count: str) -> int:
    """A count, over all families."""
    return sum(family["counts"][count] for family in manifest["families"].values())
