"""Poisson programs as rows of a run: drawn from (seed, index), restricted to combinations that were validated."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grammar
from grammar.choices import Choices, Seeded
from pde.errors import UserError
from pde.family import axes, validated
from pde.family.validated import Row
from pde.family.variant import (
    MOST_ELEMENTS,
    OPERATOR_USES,
    Variant,
    assemble,
    check_size,
    differentiable,
    grids,
    has_double,
    is_dense,
)
from pde.schemes.model import Model
from pde.schemes.problem import Problem
from pde.schemes.table import SCHEMES
from pde.solvers.table import SOLVERS
from processes import meaning

DTYPE = "float32"
TOLERANCES = {"single": (1e-3, 1e-4, 1e-5, 1e-6), "double": (1e-6, 1e-8, 1e-10)}
"""Relative residuals that a precision reaches."""
MOST_POINTS = 4096
"""Points of a grid, so that a basis of 60 directions stays below 2**18 elements even in a batch of four."""
SIZES = {1: (12, 96), 2: (8, 40), 3: (6, 16)}
"""Smallest and largest number of unknowns along the first axis, by dimension."""

NO_PART = ("validation", "library", "__main__.py")
"""What of this package no program depends on: proofs, the solvers as a library, the command."""


@dataclass(frozen=True, slots=True)
class Input:
    """One array among a program's arguments."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    refinement: str = ""


@dataclass(frozen=True, slots=True)
class PoissonProgram:
    """A drawn program with the combination that it belongs to."""

    source: str
    entry: str
    inputs: tuple[Input, ...]
    productions: tuple[tuple[str, int], ...]
    transform: str
    facts: Mapping[str, object]
    """The values of the family's own columns."""


class Poisson:
    """The family. `draw` is a pure function of (seed, index, the sources of this package, the table)."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        if not rows:
            raise UserError(
                f"no combination in {str(validated.PATH)!r} is validated: run `python -m pde validate --all --write`"
            )
        ordered = [rows[key] for key in sorted(rows)]
        smooth = [row for row in ordered if differentiable(variant_of(row), _model_of(variant_of(row)))]
        self._solvers = axes.tree(ordered, axes.OPERATOR + axes.SOLVER)
        self._smooth = axes.tree(smooth, axes.OPERATOR + axes.SOLVER)
        explicit = [row for row in ordered if row.spelling != "modes"]
        self._operators = axes.tree(explicit, axes.OPERATOR)

    def draw(self, seed: int, index: int) -> PoissonProgram:
        """The program of this seed and index."""
        return self.draw_from(Seeded(seed, index))

    def draw_from(self, choices: Choices) -> PoissonProgram:
        """The program of a sequence of choices."""
        use = axes.pick("use", tuple(axes.WEIGHTS["use"]), choices)
        row = axes.descend(self._tree(use), choices)
        variant = variant_of(row)
        vectorisation = axes.pick("vectorisation", _vectorisations(row, variant, use), choices)
        precision = axes.pick("precision", _precisions(variant, use), choices)
        tolerance = choices.item(TOLERANCES[precision])
        n = _size(variant, use, tolerance, choices)
        program = assemble(variant, n, use, vectorisation, tolerance, precision)
        inputs = tuple(Input(item.name, DTYPE, item.shape) for item in program.inputs)
        return PoissonProgram(
            program.source,
            program.entry,
            inputs,
            _productions(row, use, vectorisation, precision),
            _transform(use, vectorisation),
            _facts(row, use, variant.model(n).shape) | {"vectorisation": vectorisation, "precision": precision},
        )

    def _tree(self, use: str) -> axes.Node:
        if use in OPERATOR_USES:
            return self._operators
        return self._solvers if use == "solve" else self._smooth


def variant_of(row: Row) -> Variant:
    """The combination of a row of the table."""
    problem = Problem(row.dimension, row.boundary, row.equation, row.solution)
    return Variant(problem, row.scheme, row.spelling, row.solver, row.loop)


@functools.cache
def _model_of(variant: Variant) -> Model:
    return variant.model(grids(variant)[0])


def _vectorisations(row: Row, variant: Variant, use: str) -> tuple[str, ...]:
    """A batch is of right-hand sides: of programs with one argument."""
    if use != "solve" or variant.problem.inhomogeneous:
        return ("single",)
    return ("single", "vmap", "map", "batched") if row.batch else ("single", "vmap", "map")


def _precisions(variant: Variant, use: str) -> tuple[str, ...]:
    return ("single", "double") if has_double(variant, use) else ("single",)


def _size(variant: Variant, use: str, tolerance: float, choices: Choices) -> int:
    """A number of unknowns that suits stencil, hierarchy and memory."""
    low, high = SIZES[variant.problem.dimension]
    sizes = [n for n in range(low, high + 1) if _suits(variant, n)] or list(grids(variant)[:1])
    place = choices.below(len(sizes))
    if use in ("gradient", "value_and_gradient"):
        while place and _recorded(variant, sizes[place], tolerance) > MOST_ELEMENTS:
            place -= 1
    return sizes[place]


def _recorded(variant: Variant, n: int, tolerance: float) -> int:
    """Elements that reverse differentiation keeps of one array through all steps of a loop of fixed length."""
    if variant.loop not in ("fori", "scan", "recorded"):
        return 0
    solver, model = SOLVERS[variant.solver], variant.model(n)
    each = 60 if variant.solver == "gmres" else 16 if solver.hierarchy else 2
    if is_dense(variant):
        each = math.prod(model.shape)  # the matrix of every step
    return each * solver.bound(model, tolerance) * math.prod(model.shape)


def _suits(variant: Variant, n: int) -> bool:
    try:
        check_size(variant, n)
    except UserError:
        return False
    if n**variant.problem.dimension > MOST_POINTS:
        return False
    return not is_dense(variant) or _columns(variant.model(n).shape) <= MOST_ELEMENTS


def _columns(shape: tuple[int, ...]) -> int:
    """Elements of all unit vectors at once, each padded as a stencil pads its argument."""
    return math.prod(shape) * math.prod(n + 2 for n in shape)


def _transform(use: str, vectorisation: str) -> str:
    if vectorisation == "vmap":
        return "vmap"
    return {"gradient": "grad", "value_and_gradient": "value_and_grad"}.get(use, "none")


def _productions(row: Row, use: str, vectorisation: str, precision: str) -> tuple[tuple[str, int], ...]:
    names = [axes.START, f"use:{use}", f"vectorisation:{vectorisation}", f"precision:{precision}"]
    chosen = axes.OPERATOR + (() if use in OPERATOR_USES else axes.SOLVER)
    names += [f"{axis}:{getattr(row, axis)}" for axis in chosen]
    return tuple((name, 1) for name in sorted(names))


def _facts(row: Row, use: str, shape: tuple[int, ...]) -> dict[str, object]:
    solved = use not in OPERATOR_USES
    return {
        "use": use,
        "dimension": row.dimension,
        "boundary": row.boundary,
        "operator": row.equation,
        "solution": row.solution,
        "discretisation": row.scheme,
        "spelling": row.spelling,
        "solver": row.solver if solved else "none",
        "loop": row.loop if solved else "none",
        "grid": f"{SCHEMES[row.scheme].grid} {'x'.join(map(str, shape))}",
        "expected_order": None if math.isnan(row.expected_order) else row.expected_order,
        "observed_order": row.observed_order,
        "max_error": row.max_error,
    }


def digest() -> str:
    """What a program depends on besides seed and index: what the sources that draw, assemble and print it mean, every
    byte of the blocks, which are written into it with their comments, and the table."""
    package, shared = Path(__file__).parents[1], Path(grammar.__file__).parent
    decides = meaning.sources(package, without=("blocks", *NO_PART))
    decides += [("choices", shared / "choices.py"), *meaning.sources(shared / "text")]
    return meaning.digest(decides, [*meaning.sources(package / "blocks"), ("table", validated.PATH)])


def load() -> Poisson:
    """The family with the table of this package. Raises UserError where that is missing."""
    rows = validated.read()
    return Poisson({key: row for key, row in rows.items() if row.solver in SOLVERS and row.scheme in SCHEMES})
