"""Where a value is used decides how it is written: in place once, under a name otherwise, gone after its last use."""

import grammar
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import Block, Node, Var, used_by, used_in, variables, walk
from grammar.derive.outcome import trees
from grammar.values.types import ArrayType
from grammar.write.liveness import fits_inline, last_uses, places_of

TABLES = grammar.load("default").tables
PRODUCTIONS = {production.name: production for production in TABLES.productions}
OF = ArrayType("float32", (3,))


def added(block, name, *operands):
    """A node of the block with these operands, and what it makes."""
    production = PRODUCTIONS[name]
    node = Node(production, dict(zip((label for label, _ in production.operands), operands, strict=True)), block)
    made = Var(OF, block, node)
    node.outputs = made
    block.nodes.append(node)
    block.scope.append(made)
    for var in operands:
        var.uses += 1
    return made


def test_what_is_used_twice_is_written_once():
    block = Block()
    x = Var(OF, block)
    block.scope.append(x)
    once, twice = added(block, "sin", x), added(block, "cos", x)
    total = added(block, "add", twice, twice)
    block.result = added(block, "add", once, total)
    block.result.uses += 1
    fitting = [node.production.name for node in block.nodes if fits_inline(node, places_of(block))]
    assert "sin" in fitting
    assert "cos" not in fitting


def bodies(entry):
    return {entry} | {value for node in walk(entry) for value in node.arguments.values() if isinstance(value, Block)}


def test_what_is_written_in_place_is_used_there_alone():
    for index in range(60):
        for body in bodies(Derivation(TABLES, Seeded(23, index)).run()):
            uses = [var for node in body.nodes for tree in trees(node.arguments) for var in variables(tree)]
            assert body.result is not None
            uses += variables(body.result)
            inner = {
                var
                for node in body.nodes
                for value in node.arguments.values()
                if isinstance(value, Block)
                for var in used_in(value)
            }
            places = places_of(body)
            for node in (node for node in body.nodes if fits_inline(node, places)):
                assert isinstance(node.outputs, Var)
                assert uses.count(node.outputs) == 1
                assert node.outputs not in inner


def test_no_variable_is_used_after_its_last_use():
    for index in range(60):
        entry = Derivation(TABLES, Seeded(24, index)).run()
        inlined = {node for node in entry.nodes if fits_inline(node, places_of(entry))}
        last = last_uses(entry, inlined)
        for at, node in enumerate(entry.nodes):
            for var in used_by(node):
                assert last[var] >= at
