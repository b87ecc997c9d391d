"""Markdown tables of a run's figures, for the dataset card and for `stats`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

QUANTILES = (0.1, 0.5, 0.9, 0.99, 1.0)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; numbers are set to the right."""
    body = [list(row) for row in rows]
    rule = ["---:" if body and isinstance(cell, int) else "---" for cell in (body[0] if body else head)]
    return "\n".join(_line(cells) for cells in [head, rule, *body])


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"


def quantile(counts: Counter[int], share: float) -> int:
    """The least value that at least this share of the items does not exceed; 0 where there are none."""
    needed = share * sum(counts.values())
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= needed:
            return value
    return 0


def sizes(counters: Mapping[str, Counter[int]]) -> str:
    """Quantiles of lines, equations and operations."""
    head = ["per row", *(f"{share:.0%}" for share in QUANTILES[:-1]), "most"]
    return table(head, [[name, *(quantile(c, share) for share in QUANTILES)] for name, c in counters.items()])


def most(counter: Counter[str], number: int) -> str:
    """The most frequent names, in one line; ties in alphabetical order, so the text is always the same."""
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"`{name}` {count:,}" for name, count in ranked[:number])


def fate(counts: Mapping[str, Any]) -> str:
    """What became of every draw."""
    words = {
        "draws": "programs drawn",
        "rows": "rows kept",
        "duplicates": "duplicates (`id` seen before)",
        "crowded": "one too many of a `structure`",
        "left_out": "of a split without a file",
        "rejects": "rejects",
        "surplus": "more than asked for",
    }
    return table(["what became of them", "number"], [[text, counts[name]] for name, text in words.items()])


def rejects(entries: Sequence[Mapping[str, Any]]) -> str:
    """Rejects by reason and production, and where they are."""
    if not entries:
        return "No draw was rejected."
    ranked = sorted(entries, key=lambda entry: (-entry["count"], entry["reason"], entry["production"]))
    rows = [[entry["reason"], entry["production"] or "(not known)", entry["count"]] for entry in ranked[:20]]
    return table(["reason", "production", "rejects"], rows) + "\n\nThey are in `rejects.parquet`."
