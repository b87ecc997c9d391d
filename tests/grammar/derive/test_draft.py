"""What a draft counts, through all attempts that failed and were taken back, is what stands in it."""

from collections import Counter

import pytest

import grammar
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import Block, variables, walk
from grammar.derive.outcome import trees
from grammar.derive.steps import Steps
from grammar.values.binding import Binding

TABLES = grammar.load("default").tables


@pytest.mark.parametrize("index", range(40))
def test_counts_are_those_of_the_graph(index):
    derivation = Derivation(TABLES, Seeded(21, index))
    entry = derivation.run()
    nodes = set(walk(entry))
    assert derivation.draft.made == len(nodes)
    blocks = {entry} | {value for node in nodes for value in node.arguments.values() if isinstance(value, Block)}
    used = Counter(var for node in nodes for tree in trees(node.arguments) for var in variables(tree))
    used += Counter(var for block in blocks if block.result is not None for var in variables(block.result))
    for var in (var for block in blocks for var in block.scope):
        assert var.uses == used[var]
    calls = Counter(value for node in nodes for value in node.arguments.values() if isinstance(value, Block))
    for block in blocks - {entry}:
        assert block.calls == calls[block]


@pytest.mark.parametrize("index", range(10))
def test_an_attempt_that_fails_leaves_no_trace(index):
    """A step that is refused at its end, whatever it drew on the way."""
    derivation = Derivation(TABLES, Seeded(22, index))
    entry, draft, steps = derivation.run(), derivation.draft, Steps(derivation.draft)
    before = (list(entry.nodes), list(entry.scope), list(entry.params), draft.made, [var.uses for var in entry.scope])
    for production in TABLES.productions[index::40]:

        def refused(production=production):
            steps.assemble(entry, production, Binding({}), {}, 1)

        assert draft.attempt(entry, refused) is None
        after = (list(entry.nodes), list(entry.scope), list(entry.params), draft.made, [v.uses for v in entry.scope])
        assert after == before
