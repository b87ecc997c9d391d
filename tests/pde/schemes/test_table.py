"""The table of schemes: every name and spelling in it can be had, and singular problems are solved for zero mean."""

from __future__ import annotations

import pytest

from pde.blocks import entry
from pde.family.variant import spellings
from pde.parts.part import part
from pde.schemes.problem import EQUATIONS, Problem, problems
from pde.schemes.scheme import MATRIX_FORMS, MATRIX_SPELLINGS, STENCILS, Scheme
from pde.schemes.table import SCHEMES


def _fitting(scheme: Scheme) -> list[Problem]:
    kinds = [(d, b, e) for d in scheme.dimensions for b in scheme.boundaries for e in EQUATIONS]
    return [p for d, boundary, equation in kinds for p in problems(d, boundary, equation) if scheme.fits(p)]


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_every_name_in_a_row_is_met_by_some_problem(scheme: Scheme) -> None:
    fitting = _fitting(scheme)
    assert {p.dimension for p in fitting} == set(scheme.dimensions)
    assert {p.boundary for p in fitting} == set(scheme.boundaries)
    assert {p.equation for p in fitting} == set(scheme.equations)
    assert {spelling for p in fitting for spelling in spellings(scheme, p)} == set(scheme.spellings)


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_every_spelling_of_a_problem_has_a_model_of_the_order(scheme: Scheme) -> None:
    first = {(p.dimension, p.boundary, p.equation, p.inhomogeneous): p for p in _fitting(scheme)}
    for problem in first.values():
        for spelling in spellings(scheme, problem):
            model = scheme.build(scheme, problem, spelling, 8)
            assert (model.order, model.problem, model.n) == (scheme.order, problem, 8)


def test_tables_name_the_blocks_as_rows_do() -> None:
    for (spelling, dimension), stencil in STENCILS.items():
        assert stencil.block.__name__ == f"{spelling}_{dimension}d"
    for (spelling, dimension), block in MATRIX_FORMS.items():
        assert getattr(block, "__name__", "") == f"{spelling}_{dimension}d"
    assert {spelling for spelling, _ in MATRIX_FORMS} == set(MATRIX_SPELLINGS)


def test_a_singular_problem_is_solved_for_zero_mean_with_its_record() -> None:
    scheme = SCHEMES["volumes"]
    solver = part(entry.residual, apply_operator=part(entry.energy, apply_operator=1))
    singular = scheme.build(scheme, Problem(1, "neumann", "poisson", "cosine"), "slices", 8)
    assert singular.wrap(solver).block is entry.solve_zero_mean
    assert singular.wrap(solver, recorded=True).block is entry.solve_zero_mean_recorded
    regular = scheme.build(scheme, Problem(1, "dirichlet", "poisson", "sine"), "slices", 8)
    assert regular.wrap(solver, recorded=True) is solver
