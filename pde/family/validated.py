"""The table of validated combinations, one row each, as tab-separated text beside this module."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("validated.tsv")
KEY = ("dimension", "boundary", "equation", "solution", "scheme", "spelling", "solver", "loop")
COLUMNS = (*KEY, "grids", "expected_order", "observed_order", "max_error", "iterations", "bound", "batch")


@dataclass(frozen=True)
class Row:
    """What was found of one combination."""

    dimension: int
    boundary: str
    equation: str
    solution: str
    scheme: str
    spelling: str
    solver: str
    loop: str
    grids: str
    expected_order: float
    """Theoretical order; nan for spectral convergence."""
    observed_order: float
    max_error: float
    """Largest error at a point of the finest grid."""
    iterations: int
    """On the finest grid: counted by a while loop, the length of a fixed one, 0 where nothing is iterated."""
    bound: int
    batch: int
    """Members for which the form that is written for a batch was validated too; 0 where there is no such form."""

    @property
    def key(self) -> str:
        """The combination as one word, as `Variant.key` gives it."""
        return key_of(vars(self))


def key_of(record: Mapping[str, object]) -> str:
    """The combination of a record as one word, as `Variant.key` gives it."""
    return "/".join((f"{record['dimension']}d", *(str(record[name]) for name in KEY[1:])))


def read(path: Path = PATH) -> dict[str, Row]:
    """The rows by key; none where there is no table."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = [_row(record) for record in csv.DictReader(file, delimiter="\t")]
    return {row.key: row for row in rows}


def _row(record: dict[str, str]) -> Row:
    whole, real = ("dimension", "iterations", "bound", "batch"), ("expected_order", "observed_order", "max_error")
    values: dict[str, object] = dict(record)
    values |= {name: int(record[name]) for name in whole} | {name: float(record[name]) for name in real}
    return Row(**values)  # type: ignore[arg-type]


def write(records: Iterable[dict[str, object]], path: Path = PATH) -> int:
    """Writes the records in the order of their keys and returns their number."""
    lines = sorted("\t".join(str(record[name]) for name in COLUMNS) for record in records)
    path.write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    return len(lines)
