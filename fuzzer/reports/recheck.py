"""Rows run again from what the row itself holds, in a process that did not make them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import lowering
from fuzzer.base.schema import SIZES, Row, as_stored, schema
from fuzzer.families.family import FamilySpec, resolve
from fuzzer.making.rows import described, measured, source_map, stored_leaves
from fuzzer.run.shard import read_shard
from fuzzer.storage.base import Store
from grammar.text.style import styled

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
    promises: tuple[str, ...]
    """Which of CHECKS are to be made."""


@dataclass(frozen=True)
class Again:
    """A row and what is made of it now, as far as a check asks for that."""

    row: Row
    family: FamilySpec | None = None

    @cached_property
    def lowered(self) -> Row:
        """The columns that its source gives."""
        return _lowered(self.row)

    @cached_property
    def redrawn(self) -> Row:
        """Those that its seed and index give."""
        if self.family is None:
            raise ValueError("what drew the row is not to be had here")
        return _redrawn(self.row, self.family)


def recheck(task: RecheckTask) -> dict[str, list[str]]:
    """Promise -> ids of the rows that break it."""
    lowering.forget()
    rows = read_shard(task.store, task.file).take(list(task.rows)).to_pylist()
    results = {row["id"]: _broken(Again(row, task.family), task.promises) for row in rows}
    return {text: [id_ for id_, broken in results.items() if text in broken] for text in task.promises}


def _broken(again: Again, promises: Collection[str]) -> set[str]:
    """The promises that a row breaks."""
    return {text for text in promises if not _holds(CHECKS[text], again)}


def _holds(check: Callable[[Again], bool], again: Again) -> bool:
    """A row may hold anything, such as text that does not lower; whatever stops a check breaks its promise."""
    try:
        return check(again)
    except Exception:
        return False


def _lowered(row: Row) -> Row:
    with lowering.short_locations():  # as when the row was made
        lowered = lowering.extract_source(row["source"], row["entry"], stored_leaves(row))
    texts = {"jaxpr": lowered.traced.jaxpr, "stablehlo": lowered.stablehlo, "lines": row["source"].count("\n")}
    columns = texts | measured(lowered.traced, lowered) | {"source_map": source_map(lowered)}
    lowered.traced.discard()
    return as_stored(columns, schema())


def _redrawn(row: Row, spec: FamilySpec) -> Row:
    family = resolve(spec)
    program = family.draw(row["seed"], row["index"])
    return as_stored(described(program) | dict(family.values(program)), schema(family.columns))


def _gives(*names: str) -> Callable[[Again], bool]:
    """Whether the source gives these columns."""
    return lambda again: all(again.lowered[name] == again.row[name] for name in names)


def _in_style(again: Again) -> bool:
    source = again.row["source"]
    return styled(source) == source


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
    its only line where JAX puts a short JAXPR on one, behind functions that have names."""
    lines = text.split("\n")
    start = max(number for number, line in enumerate(lines) if line.startswith(opening))
    if lines[start].endswith("}"):
        return {start + 1}
    start = next(number for number in range(start, len(lines)) if lines[number].endswith(head))
    end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith(closing)), start)
    return {n + 1 for n in range(start + 1, end) if lines[n].startswith("    ") and lines[n][4:5] not in (" ", "", "}")}


def _same_source(again: Again) -> bool:
    return again.redrawn["source"] == again.row["source"]


def _same_draw(again: Again) -> bool:
    return all(again.row[name] == value for name, value in again.redrawn.items() if name != "source")


REDRAWN: Final[Mapping[str, Callable[[Again], bool]]] = {
    "seed and index give the source again": _same_source,
    "seed and index give the columns that say how it was drawn": _same_draw,
}
"""The promises that only what drew a row can check."""

LOWERED: Final[Mapping[str, Callable[[Again], bool]]] = {
    "the source alone lowers to the row's jaxpr and stablehlo": _gives("jaxpr", "stablehlo"),
    "id and structure are its fingerprints": _gives("id", "structure"),
    "sizes and counts are those of its texts": _gives(*SIZES, "primitives", "stablehlo_ops"),
    "outputs and source map are those of its source": _gives("outputs", "source_map"),
}
"""Those that only the versions with which a row was made can check."""

CHECKS: Final[Mapping[str, Callable[[Again], bool]]] = {
    "black leaves the source as it is": _in_style,
    **LOWERED,
    "spans of the source map are valid": _valid_spans,
    "every equation and operation at the top has a span in a function": _all_mapped,
    **REDRAWN,
}
"""The promises about a row, each with its check."""
