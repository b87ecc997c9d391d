"""Sources of choices: what they offer, and that a record gives the same again."""

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import grammar
from grammar.choices import Choices, Drawn, Replayed, Seeded
from grammar.program import compose
from lowering import Leaf, trace_source

GRAMMAR = grammar.load("default")
WEIGHTS = (0.0, 1.0, 4.0, 4.0, 8.0)
"""Running sums: shares of 0, 1/8, 3/8, 0 and 1/2."""


def from_random() -> Drawn:
    return Drawn(Random(5).randrange)


@pytest.mark.parametrize("choices", [Seeded(5, 0), from_random()], ids=["seeded", "drawn"])
def test_options_come_by_their_weights(choices: Choices) -> None:
    found = Counter(choices.weighted(WEIGHTS) for _ in range(8000))
    assert found.keys() == {1, 2, 4}
    for option, share in ((1, 1 / 8), (2, 3 / 8), (4, 1 / 2)):
        assert found[option] / 8000 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("choices", [Seeded(5, 1), from_random()], ids=["seeded", "drawn"])
def test_a_record_gives_the_same_choices(choices: Choices) -> None:
    def some(source: Choices) -> list[object]:
        made = [source.below(7), source.weighted(WEIGHTS), source.between(3, 9), source.chance(0.3), source.item("abc")]
        return [each for _ in range(50) for each in made]

    first = some(choices)
    assert some(Replayed(choices.record)) == first


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_whole_programs_from_hypothesis(data: st.DataObject) -> None:
    """Whatever it feeds, a program comes of it that traces, and that its record gives again, or a reject."""
    choices = Drawn(lambda bound: data.draw(st.integers(0, bound - 1)))
    try:
        program = compose(GRAMMAR.tables, choices)
    except grammar.Rejected:
        reject()
    assert compose(GRAMMAR.tables, Replayed(choices.record)) == program
    leaves = [Leaf(each.path, each.dtype, each.shape) for each in program.inputs]
    assert trace_source(program.source, program.entry, leaves).primitives


def test_feeds_are_seldom_rejected() -> None:
    rejected = 0
    for seed in range(60):
        try:
            compose(GRAMMAR.tables, Drawn(Random(seed).randrange))
        except grammar.Rejected:
            rejected += 1
    assert rejected <= 1
