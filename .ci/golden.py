"""Ten small rows as texts that a reviewer can read in a diff: what a change does to programs and to their IR."""

from __future__ import annotations

from pathlib import Path

import grammar
from fuzzer.families.family import Family
from fuzzer.families.poisson import PoissonRows
from fuzzer.families.programs import Programs
from fuzzer.making.block import draw_block
from pde.family import family as solvers

FOLDER = Path(__file__).parents[1] / "datasets" / "golden"
SEED = 1
"""The sample's."""
ROWS = {"programs": (5, 10, 22, 31, 55, 74, 118), "poisson": (6, 27, 35)}
"""Index by family: short ones, and each of another kind."""


def texts() -> dict[str, str]:
    """Name of a file -> what stands in it, as everything is now."""
    # Not as a run loads them: whoever asks whether texts are stale does not want to wait for proofs.
    families = {"programs": Programs(grammar.load(), {}), "poisson": PoissonRows(solvers.load(), {})}
    return {
        f"{name}-{index:03d}.txt": _text(family, f"{name}, seed {SEED}, index {index}", index)
        for name, family in families.items()
        for index in ROWS[name]
    }


def stored() -> dict[str, str]:
    """The same as it is in the repository."""
    return {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}


def _text(family: Family, title: str, index: int) -> str:
    block = draw_block(family, SEED, [index], per_structure=1)
    if block.rejects:
        return f"# {title}: rejected, {block.rejects[0].reason}\n"
    [row] = block.rows
    head = f"# {title}: id {row['id']}, structure {row['structure']}"
    return "\n\n".join([head, *(f"# {name}\n{row[name].rstrip()}" for name in ("source", "jaxpr", "stablehlo"))]) + "\n"
