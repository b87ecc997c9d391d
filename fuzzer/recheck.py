"""Rows run again from what the row itself holds, in a process that did not make them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import black

import lowering
from fuzzer.family import FamilySpec, resolve
from fuzzer.schema import SIZES, Row
from fuzzer.shard import read_shard
from fuzzer.store import Store

CHUNK = 100
"""Rows of one task; JAX's caches are dropped between tasks."""


@dataclass(frozen=True)
class RecheckTask:
    """Rows of a shard, by position."""

    store: Store
    file: str
    rows: tuple[int, ...]
    family: FamilySpec | None
    """What drew them; None if that is not to be had here."""


@dataclass(frozen=True)
class Again:
    """A row and what its source gives now."""

    row: Row
    lowered: lowering.Lowered
    redrawn: str | None


def recheck(task: RecheckTask) -> dict[str, list[str]]:
    """Promise -> ids of the rows that break it."""
    lowering.forget()
    rows = read_shard(task.store, task.file).take(list(task.rows)).to_pylist()
    results = {row["id"]: _broken(row, task.family) for row in rows}
    return {text: [id_ for id_, broken in results.items() if text in broken] for text in CHECKS}


def _broken(row: Row, spec: FamilySpec | None) -> set[str]:
    """The promises that a row breaks; all of them if it does not even lower."""
    try:
        redrawn = resolve(spec).draw(row["seed"], row["index"]).source if spec else None
        again = Again(row, _lowered(row), redrawn)
    except Exception:
        return set(CHECKS)
    return {text for text, holds in CHECKS.items() if not _holds(holds, again)}


def _holds(check: Callable[[Again], bool], again: Again) -> bool:
    """A row may hold anything, such as text that is no JAXPR; whatever stops a check breaks its promise."""
    try:
        return check(again)
    except Exception:
        return False


def _lowered(row: Row) -> lowering.Lowered:
    leaves = [lowering.Leaf(leaf["path"], leaf["dtype"], tuple(leaf["shape"])) for leaf in row["inputs"]]
    return lowering.extract_source(row["source"], row["entry"], leaves)


def _in_style(again: Again) -> bool:
    source = again.row["source"]
    return black.format_str(source, mode=black.Mode()) == source


def _same_texts(again: Again) -> bool:
    row = again.row
    return (again.lowered.traced.jaxpr, again.lowered.stablehlo) == (row["jaxpr"], row["stablehlo"])


def _same_prints(again: Again) -> bool:
    traced = again.lowered.traced
    return (traced.id, traced.structure) == (again.row["id"], again.row["structure"])


def _same_counts(again: Again) -> bool:
    row, lowered = again.row, again.lowered
    sizes = (row["source"].count("\n"), lowered.traced.equations, lowered.operations)
    named = {"primitives": lowered.traced.primitives, "stablehlo_ops": lowered.stablehlo_ops}
    return sizes == tuple(row[name] for name in SIZES) and all(
        {item["name"]: item["count"] for item in row[name]} == dict(counts) for name, counts in named.items()
    )


def _valid_spans(again: Again) -> bool:
    """Spans lie in the source and point at lines that are there; every span became something."""
    row = again.row
    widths = [len(line.encode()) for line in row["source"].splitlines()]
    last = {name: row[name.removesuffix("_lines")].count("\n") + 1 for name in ("jaxpr_lines", "stablehlo_lines")}
    return all(_in_source(span, widths) and _in_texts(span, last) for span in row["source_map"])


def _in_source(span: Mapping[str, Any], widths: list[int]) -> bool:
    start, end = (span["line"], span["column"]), (span["end_line"], span["end_column"])
    inside = all(1 <= line <= len(widths) and 0 <= column <= widths[line - 1] for line, column in (start, end))
    return inside and start < end


def _in_texts(span: Mapping[str, Any], last: Mapping[str, int]) -> bool:
    lines = [(line, bound) for name, bound in last.items() for line in span[name]]
    return bool(lines) and all(1 <= line <= bound for line, bound in lines)


def _all_mapped(again: Again) -> bool:
    """Read off the texts alone: whatever stands at the top of the JAXPR and of `main` came from some function."""
    row = again.row
    functions = [node for node in ast.walk(ast.parse(row["source"])) if isinstance(node, ast.FunctionDef)]
    bounds = [(node.lineno, node.end_lineno or node.lineno) for node in functions]
    mapped: dict[str, set[int]] = {"jaxpr_lines": set(), "stablehlo_lines": set()}
    for span in row["source_map"]:
        if any(first <= span["line"] and span["end_line"] <= last for first, last in bounds):
            for name, lines in mapped.items():
                lines.update(span[name])
    return (
        _top_level(row["jaxpr"], "{ lambda ", " let", "  in ") <= mapped["jaxpr_lines"]
        and _top_level(row["stablehlo"], "  func.func public @main", "{", "    return ") <= mapped["stablehlo_lines"]
    )


def _top_level(text: str, opening: str, head: str, closing: str) -> set[int]:
    """Numbers of the lines four blanks deep between the head of a block, which ends with `head`, and its end; that of
    the only line where JAX puts a short JAXPR on one."""
    lines = text.split("\n")
    start = max(number for number, line in enumerate(lines) if line.startswith(opening))
    if len(lines) == 1:
        return {1}
    start = next(number for number in range(start, len(lines)) if lines[number].endswith(head))
    end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith(closing)), start)
    return {n + 1 for n in range(start + 1, end) if lines[n].startswith("    ") and lines[n][4:5] not in (" ", "", "}")}


REDRAWN = "seed and index give the source again"

CHECKS: Final[Mapping[str, Callable[[Again], bool]]] = {
    "black leaves the source as it is": _in_style,
    "the source alone lowers to the row's jaxpr and stablehlo": _same_texts,
    "id and structure are its fingerprints": _same_prints,
    "sizes and counts are those of its texts": _same_counts,
    "spans of the source map are valid": _valid_spans,
    "every equation and operation at the top has a span in a function": _all_mapped,
    REDRAWN: lambda again: again.redrawn in (None, again.row["source"]),
}
"""The promises about a row, each with its check."""
