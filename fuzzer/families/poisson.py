"""The family of Poisson solvers as a run sees it: its columns, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from fuzzer.base.schema import ColumnOf
from fuzzer.families.family import FACTORIES, Family, FamilySpec, Program

COLUMNS: Final[tuple[ColumnOf, ...]] = (
    ("use", pa.string(), "solve, an operator's residual or energy, a misfit's gradient or adjoint"),
    ("dimension", pa.int32(), "dimensions of the domain, 1 to 3"),
    ("boundary", pa.string(), "dirichlet, neumann, periodic, robin, mixed by side, or channel"),
    ("operator", pa.string(), "equation: poisson, screened, anisotropic or variable coefficients"),
    ("solution", pa.string(), "known solution that the combination was validated with"),
    ("discretisation", pa.string(), "scheme"),
    ("spelling", pa.string(), "how the operator is written"),
    ("solver", pa.string(), "solver; none where the program only applies the operator"),
    ("loop", pa.string(), "how the solver repeats: fori, scan, recorded, while, unrolled, library, direct or none"),
    (
        "vectorisation",
        pa.string(),
        "single, or how a batch of right-hand sides is treated: vmap, map, or batched, written for it",
    ),
    ("precision", pa.string(), "single, or double: 64 bits inside, between arguments and result of 32"),
    ("grid", pa.string(), "kind of grid and numbers of unknowns along the axes"),
    ("expected_order", pa.float64(), "theoretical order of accuracy; null where convergence is spectral"),
    ("observed_order", pa.float64(), "order between the two finest grids of the validation in 64 bits"),
    ("max_error", pa.float64(), "largest error on the finest grid of that validation"),
)


def poisson() -> FamilySpec:
    """The family of Poisson solvers; no profile applies to it."""
    return FamilySpec("poisson", FACTORIES["poisson"], "")


@dataclass(frozen=True)
class PoissonRows:
    """The solvers of `pde` with their columns."""

    solvers: Any
    origin: Mapping[str, str]
    columns: Sequence[ColumnOf] = COLUMNS

    def draw(self, seed: int, index: int) -> Program:
        return self.solvers.draw(seed, index)

    def values(self, program: Any) -> Mapping[str, object]:
        return program.facts


def load_poisson(profile: str) -> Family:
    """The validated solvers. UserError where their table is missing."""
    from pde.family import family  # here, because it imports JAX and the command line must not wait for that

    return PoissonRows(family.load(), {"grammar": family.digest(), "profile": "none", "profile_text": profile})
