"""Where the variables of a block are used, and until when."""

from __future__ import annotations

from collections.abc import Container

from grammar.derive.graph import Block, Display, Literal, Node, Var, used_by, used_in, variables


def places_of(block: Block) -> dict[Var, bool]:
    """For every variable of a block: whether the place it is used at takes any expression (False: only a name)."""
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
    """For every variable, the node (by place) that uses it last, where that node alone decides; nodes in `inlined` are
    written where what they make is used."""
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


def fits_inline(node: Node, body: Block) -> bool:
    """Whether a node of a body may stand where what it makes is used."""
    return (
        isinstance(node.outputs, Var)
        and node.outputs.uses == 1
        and not node.production.template.preceding
        and not node.production.bodies
        and bool(places_of(body).get(node.outputs))
    )


def makes_names(node: Node) -> bool:
    """Whether writing a node defines functions, which must stand before the statement."""
    return any(isinstance(value, Block) for value in node.arguments.values())


def captures(body: Block) -> bool:
    """Whether a body uses variables of the functions around it."""
    own = set(body.scope)
    inner = [body]
    while inner:
        for node in inner.pop().nodes:
            for value in node.arguments.values():
                if isinstance(value, Block):
                    own.update(value.scope)
                    inner.append(value)
    return any(var not in own for var in used_in(body))
