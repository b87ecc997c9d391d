"""Alternating directions."""

from __future__ import annotations

import math
from functools import partial

from pde.blocks import adi
from pde.parts.part import Block, Part, part
from pde.schemes.model import Model, Trait
from pde.solvers.diagonalisation import SUMS
from pde.solvers.solver import Plan, Solver, uncounted

CYCLES = 9
"""Each leaves less than a ninth, for every eigenvalue lies between two shifts a factor of four apart
(Wachspress, The ADI Model Problem, 2013, chapter 1)."""


def _axis_spectrum(model: Model) -> tuple[float, float, int]:
    """Bounds of the axes' spectra, and how many shifts put neighbours a factor of four apart."""
    low, high = model.spectrum()
    low = low / 4.0
    return float(f"{low:.6g}"), float(f"{high:.6g}"), max(2, math.ceil(math.log(high / low, 4.0)))


def _matrices(model: Model) -> dict[str, Part]:
    return {"x_matrix": model.matrices[0], "y_matrix": model.matrices[1]}


_STEPS: dict[str, Block] = {"dense": adi.dense_step, "eigen": adi.eigen_step, "tridiagonal": adi.tridiagonal_step}
_CYCLES: dict[str, Block] = {"fori": adi.cycle_fori, "scan": adi.cycle_scan}


def _alternate(model: Model, kind: str) -> Part:
    bound = {"spacing": model.spacing} if kind == "tridiagonal" else _matrices(model)
    return part(_STEPS[kind], **bound)


def _build(model: Model, plan: Plan, kind: str) -> Part:
    low, high, count = _axis_spectrum(model)
    alternate = _alternate(model, kind)
    shifts = part(adi.geometric_shifts, lowest=low, highest=high, count=count)
    if plan.loop != "while":
        return part(_CYCLES[plan.loop], alternate=alternate, shifts=shifts, cycles=CYCLES)
    return part(
        adi.cycle_while,
        alternate=alternate,
        apply_operator=model.apply,
        shifts=shifts,
        tolerance=plan.tolerance,
        limit=CYCLES * count,
    )


def _solver(kind: str, *more: Trait) -> Solver:
    needs = SUMS | {Trait.REGULAR, Trait.UNSHIFTED, Trait.BOUNDED, *more}
    build = partial(_build, kind=kind)
    return Solver(f"adi_{kind}", needs, ("fori", "scan", "while"), build, uncounted, dimensions=(2,), spelled=False)


ALTERNATING = (_solver("dense"), _solver("eigen"), _solver("tridiagonal", Trait.CONSTANT_INTERIOR))
