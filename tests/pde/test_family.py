"""Programs of the family: complete, in style, within the caps, and a function of seed and index alone."""

from __future__ import annotations

import black
import jax
import pytest

import lowering
from lowering.spans import inner_jaxprs
from pde import family, table
from pde.family import DTYPE, PoissonProgram
from pde.variant import MOST_ELEMENTS

INDICES = range(24)


@pytest.fixture(scope="module")
def drawn() -> list[PoissonProgram]:
    solvers = family.load()
    return [solvers.draw(11, index) for index in INDICES]


def test_draws_do_not_depend_on_their_order(drawn: list[PoissonProgram]) -> None:
    again = family.load()
    assert [again.draw(11, index) for index in reversed(INDICES)] == drawn[::-1]


def test_programs_are_in_style(drawn: list[PoissonProgram]) -> None:
    for program in drawn:
        assert black.format_str(program.source, mode=black.Mode()) == program.source
        assert len(program.source.splitlines()) <= 200


def test_facts_are_those_of_a_validated_combination(drawn: list[PoissonProgram]) -> None:
    found = {
        (r.scheme, r.boundary, r.equation, r.spelling, r.dimension, r.observed_order) for r in table.read().values()
    }
    for program in drawn:
        names = ("discretisation", "boundary", "operator", "spelling", "dimension", "observed_order")
        assert tuple(program.facts[name] for name in names) in found


def _largest(jaxpr: jax.extend.core.Jaxpr) -> int:
    sizes = [var.aval.size for equation in jaxpr.eqns for var in equation.outvars if hasattr(var.aval, "size")]
    inner = [_largest(nested) for equation in jaxpr.eqns for nested in inner_jaxprs(equation)]
    return max([0, *sizes, *inner])


def test_programs_trace_in_32_bits_within_the_cap(drawn: list[PoissonProgram]) -> None:
    with jax.enable_x64(False):
        for program in drawn[::2]:
            leaves = [lowering.Leaf(leaf.path, leaf.dtype, leaf.shape) for leaf in program.inputs]
            traced = lowering.trace_source(program.source, program.entry, leaves)
            assert _largest(traced._stage.jaxpr.jaxpr) <= MOST_ELEMENTS
            assert {leaf.dtype for leaf in traced.outputs} <= {DTYPE, "int32"}


def test_without_a_table_there_is_no_family() -> None:
    with pytest.raises(family.UserError, match="python -m pde validate --all --write"):
        family.Poisson({})
