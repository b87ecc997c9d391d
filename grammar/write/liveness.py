"""Where the variables of a block are used, and until when."""

from __future__ import annotations

from collections.abc import Container, Mapping

from grammar.derive.graph import Block, Display, Literal, Node, Var, used_by, used_in, variables, walk


def places_of(block: Block) -> dict[Var, bool]:
    """Whether the place where a variable is used takes any expression, or only a name, for each that a block uses."""
    places: dict[Var, bool] = {}
    for node in block.nodes:
        template = node.production.template
        for label, value in node.arguments.items():
            once = template.counts.get(label, 0) == 1 and label not in template.nested and label not in template.rebound
            if isinstance(value, Var | Display | Literal):
                for var in variables(value):
                    places[var] = once
            elif isinstance(value, Block):
                for inner in used_in(value):
                    places[inner] = False
    if block.result is not None:
        for var in variables(block.result):
            places[var] = isinstance(block.result, Var) or places.get(var, False)
    return places


def last_uses(block: Block, inlined: Container[Node]) -> dict[Var, int]:
    """The position of the last node that uses a variable, for each that is used; that of `return` is after all nodes.

    A node of `inlined` is written where its output is used, so it uses its operands there.
    """
    position = {node: at for at, node in enumerate(block.nodes)}
    owner: dict[Var, int] = {}
    for node in reversed(block.nodes):
        at = position[node]
        if node in inlined:
            assert isinstance(node.outputs, Var)
            at = owner.get(node.outputs, len(position))
        for inner in used_by(node):
            owner[inner] = max(owner.get(inner, -1), at)
    assert block.result is not None
    for var in variables(block.result):
        owner[var] = len(position)
    return owner


def fits_inline(node: Node, places: Mapping[Var, bool]) -> bool:
    """Whether a node may stand where its output is used; `places` are those of its block."""
    return (
        isinstance(node.outputs, Var)
        and node.outputs.uses == 1
        and not node.production.template.preceding
        and not node.production.bodies
        and places.get(node.outputs, False)
    )


def captures(body: Block) -> bool:
    """Whether a body uses variables of the functions around it."""
    bound = set(body.scope)
    for node in walk(body):
        for value in node.arguments.values():
            if isinstance(value, Block):
                bound.update(value.scope)
    return any(var not in bound for var in used_in(body))
