"""What a draft counts, through all attempts that failed and were taken back, is what stands in it."""

from collections import Counter

import pytest

import grammar
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import Block, Display, variables, walk
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


def state(derivation):
    """All that an attempt may change, in blocks that stand."""
    draft, blocks = derivation.draft, [derivation.draft.entry]
    for block in blocks:
        blocks += [value for node in block.nodes for value in node.arguments.values() if isinstance(value, Block)]
    displays = [param.tree for param in draft.entry.params if isinstance(param.tree, Display)]
    return (
        draft.made,
        list(draft.helpers),
        list(draft.entry.params),
        [(display.items, display.keys) for display in displays],
        [(list(block.nodes), list(block.scope), block.calls) for block in blocks],
        [var.uses for block in blocks for var in block.scope],
    )


@pytest.mark.parametrize("index", range(10))
def test_an_attempt_that_fails_leaves_no_trace(index):
    """A step that is refused at its end, whatever it drew on the way: nodes, arguments, helpers."""
    derivation = Derivation(TABLES, Seeded(22, index))
    entry, draft, steps = derivation.run(), derivation.draft, Steps(derivation.draft)
    before = state(derivation)
    for production in TABLES.productions[index::40]:

        def refused(production=production):
            steps.assemble(entry, production, Binding({}), {}, 1)

        assert draft.attempt(entry, refused) is None
        assert state(derivation) == before
