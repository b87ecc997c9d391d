"""The table of solvers: all stand in it, with proven loops, a bound and its source, and a form for a batch or none."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import pde.solvers
from pde.blocks.batch import form_of
from pde.blocks.batching import Block
from pde.family import validated
from pde.family.family import variant_of
from pde.family.validated import Row
from pde.family.variant import grids, solver_part
from pde.parts.part import Part
from pde.solvers.solver import Solver, uncounted
from pde.solvers.table import SOLVERS

EACH = pytest.mark.parametrize("solver", SOLVERS.values(), ids=lambda solver: solver.name)


def _rows(solver: Solver) -> list[Row]:
    return [row for row in validated.read().values() if row.solver == solver.name]


def _blocks(item: Part) -> Iterator[Block]:
    yield item.block
    for _, child in item.roles():
        yield from _blocks(child)


def test_every_solver_that_a_file_exports_stands_in_the_table() -> None:
    modules = [
        importlib.import_module(f"pde.solvers.{found.name}") for found in pkgutil.iter_modules(pde.solvers.__path__)
    ]
    values = [value for module in modules for value in vars(module).values()]
    flat = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    assert {item.name for item in flat if isinstance(item, Solver)} == set(SOLVERS)


@EACH
def test_a_solver_is_proven_in_its_dimensions_and_loops(solver: Solver) -> None:
    rows = _rows(solver)
    assert {row.dimension for row in rows} == set(solver.dimensions)
    assert {row.loop for row in rows} == set(solver.loops)


@EACH
def test_a_bound_names_its_source(solver: Solver) -> None:
    if solver.bound is uncounted:
        assert {row.bound for row in _rows(solver)} == {0}
    else:
        assert re.search(r"\b(19|20)\d\d\b", solver.bound.__doc__ or "")
        assert min(row.bound for row in _rows(solver)) > 0


@EACH
def test_a_solver_is_proven_in_a_batch_or_one_of_its_blocks_declares_none(solver: Solver) -> None:
    rows = _rows(solver)
    variant = variant_of(rows[0])
    model = variant.model(grids(variant)[0])
    own = set(_blocks(solver_part(variant, model))) - set(_blocks(model.apply))
    assert any(row.batch for row in rows) or None in map(form_of, own)
