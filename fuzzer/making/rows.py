"""From a draw to a row, stage by stage, and the columns that each stage gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import lowering
from fuzzer.base.schema import Row
from fuzzer.families.family import Family, Program


class Candidate:
    """A draw on its way to a row. A stage leaves what the next ones use, and may raise whatever its program raises."""

    program: Program
    traced: lowering.Traced
    lowered: lowering.Lowered
    row: Row

    def __init__(self, family: Family, seed: int, index: int) -> None:
        self.index = index
        self._family = family
        self._seed = seed

    @property
    def source(self) -> str:
        """The program's text; empty before it is drawn."""
        return self.program.source if hasattr(self, "program") else ""

    @property
    def characters(self) -> int:
        """Length of the row's texts of IR."""
        return len(self.row["jaxpr"]) + len(self.row["stablehlo"])

    def discard(self) -> None:
        """Lets go of the program's functions, once there is a row or will be none."""
        if hasattr(self, "traced"):
            self.traced.discard()

    def draw(self) -> None:
        self.program = self._family.draw(self._seed, self.index)

    def trace(self) -> None:
        self.traced = lowering.trace_source(self.program.source, self.program.entry, leaves(self.program.inputs))

    def fingerprint(self) -> None:
        _ = self.traced.id

    def lower(self) -> None:
        self.lowered = self.traced.lower()

    def print(self) -> None:
        self.row = {"jaxpr": self.traced.jaxpr, "stablehlo": self.lowered.stablehlo}

    def map_source(self) -> None:
        self.row["source_map"] = source_map(self.lowered)

    def record(self) -> None:
        self.row |= {"seed": self._seed, "index": self.index, **described(self.program)}
        self.row |= {**measured(self.traced, self.lowered), **self._family.values(self.program)}


Stage = tuple[str, Callable[[Candidate], None]]

TRACING: Final[tuple[Stage, ...]] = (
    ("draw", Candidate.draw),
    ("trace", Candidate.trace),
    ("fingerprint", Candidate.fingerprint),
)
"""The stages after which a program is known to be a duplicate or not."""

LOWERING: Final[tuple[Stage, ...]] = (
    ("lower", Candidate.lower),
    ("print", Candidate.print),
    ("source map", Candidate.map_source),
    ("record", Candidate.record),
)
"""Those that only a row which stays goes through."""


def leaves(inputs: Iterable[Any]) -> list[lowering.Leaf]:
    """A program's inputs as lowering takes them."""
    return [lowering.Leaf(leaf.path, leaf.dtype, tuple(leaf.shape)) for leaf in inputs]


def stored_leaves(row: Row) -> list[lowering.Leaf]:
    """The same of a stored row's `inputs`."""
    return [lowering.Leaf(leaf["path"], leaf["dtype"], tuple(leaf["shape"])) for leaf in row["inputs"]]


def described(program: Program) -> Row:
    """The columns that follow from the draw, but for those of the family alone."""
    return {
        "source": program.source,
        "entry": program.entry,
        "inputs": [_leaf(leaf) | {"refinement": leaf.refinement} for leaf in program.inputs],
        "productions": _counts(dict(program.productions)),
        "transform": program.transform,
        "lines": program.source.count("\n"),
    }


def measured(traced: lowering.Traced, lowered: lowering.Lowered) -> Row:
    """The columns that follow from the source and its inputs, but for the texts and the source map."""
    return {
        "id": traced.id,
        "structure": traced.structure,
        "outputs": [_leaf(leaf) for leaf in traced.outputs],
        "primitives": _counts(traced.primitives),
        "stablehlo_ops": _counts(lowered.stablehlo_ops),
        "equations": traced.equations,
        "operations": lowered.operations,
    }


def _leaf(leaf: Any) -> Row:
    return {"path": leaf.path, "dtype": leaf.dtype, "shape": list(leaf.shape)}


def source_map(lowered: lowering.Lowered) -> list[Row]:
    """The column of that name."""
    return [span._asdict() for span in lowered.source_map]


def _counts(counts: Mapping[str, int]) -> list[Row]:
    return [{"name": name, "count": counts[name]} for name in sorted(counts)]
