"""Programs that differ in sizes alone have one structure: every production, drawn again with other sizes."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import jax
import pytest
from jax.extend import core

import grammar
from grammar.choices import Choices, Replayed, Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import Block, Display, Literal, Var, walk
from grammar.proof import interpret
from grammar.values.statics import Between, Bound, ShapeOf, SizeOf
from lowering.fingerprint import fingerprint
from lowering.parameters import Role, role
from lowering.spans import inner_jaxprs

GRAMMAR = grammar.load("default")
SIZES = slice(1, 5)
"""The choices of a derivation by which it fixes the sizes that dimensions have."""
CHOICES = 24
"""How many of the others are changed one at a time, in search of a size that the production draws itself."""
DRAWS = 6
"""Of a production, in search of one that can be drawn with other sizes."""
AXES = {"at", "axes", "perm"}
"""Statics of a relation that are no sizes."""
SHARES = 8
BY_SIZE = {"multi_dot", "einsum_bi_ijk_bj_bk", "einsum_ij_jk_kl_il", "einsum_i_ij_j_", "resize_images"}
"""Productions of which JAX contracts operands in the order, and so along the axes, that their sizes make cheapest."""
SHOWN = {("tile", "reps")}
"""Sizes that count as rows show them."""


def drawn(production, choices: Choices) -> tuple[Block, list[int]]:
    return Derivation(GRAMMAR.tables, choices).alone(production), choices.record


def draws_sizes(production) -> bool:
    return any(is_size(spec) and not isinstance(spec, SizeOf | ShapeOf) for spec in production.params.values())


def is_size(spec) -> bool:
    """Whether a static parameter is a size or an offset."""
    return isinstance(spec, SizeOf | ShapeOf | Between) or (isinstance(spec, Bound) and spec.name not in AXES)


def other_sizes(record: list[int]) -> Iterator[list[int]]:
    """The choices of a derivation, with other sizes for dimensions."""
    for step in (4, 1):
        yield [*record[:1], *((size + step) % 15 for size in record[SIZES]), *record[SIZES.stop :]]


def other_statics(record: list[int]) -> Iterator[list[int]]:
    """The choices of a derivation, with one of the last changed, by which the production may draw a size."""
    for at in reversed(range(max(SIZES.stop, len(record) - CHOICES), len(record))):
        for choice in {max(record[at] - 1, 0), record[at] + 1} - {record[at]}:
            yield [*record[:at], choice, *record[at + 1 :]]


class Skeleton(NamedTuple):
    """A graph taken apart: what is no size, the shapes of its variables, and sizes among its statics."""

    fixed: list[Any]
    shapes: list[Any]
    statics: list[Any]


def skeleton(block: Block) -> Skeleton:
    numbers: dict[int, int] = {}
    fixed, shapes, statics = made = Skeleton([], [], [])

    def tell(tree) -> None:
        if isinstance(tree, Var):
            fixed.append((numbers.setdefault(id(tree), len(numbers)), tree.type.dtype, len(tree.type.shape)))
            shapes.append(tree.type.shape)
        elif isinstance(tree, Display):
            fixed.append(tree.keys)
            for item in tree.items:
                tell(item)
        elif isinstance(tree, Block):
            for param in tree.params:
                tell(param.tree)
            tell(tree.result)
        elif isinstance(tree, Literal):
            fixed.append((type(tree.value), tree.type.dtype))
        else:
            fixed.append(tree)

    tell(block)
    for node in walk(block):
        fixed.append(node.production.name)
        for name, value in node.arguments.items():
            if is_size(node.production.params[name]):
                fixed.append((type(value), len(value) if isinstance(value, tuple) else 0))
                statics.append(value)
            else:
                tell(value)
        tell(node.outputs)
    return made


def resized(production, seed: int) -> Iterator[tuple[Block, Block]]:
    """Pairs of graphs around the production that differ in sizes alone: of dimensions, and of its statics."""
    yield from islice(pairs(production, seed, other_sizes, "shapes"), 1)
    if draws_sizes(production):
        yield from islice(pairs(production, seed, other_statics, "statics"), 1)


def pairs(production, seed: int, change, differing: str) -> Iterator[tuple[Block, Block]]:
    for index in range(DRAWS):
        try:
            block, record = drawn(production, Seeded(seed, index))
        except grammar.Rejected:
            continue
        one = skeleton(block)
        for choices in change(record):
            try:
                changed, _ = drawn(production, Replayed(choices))
            except grammar.Rejected:
                continue
            other = skeleton(changed)
            if other.fixed == one.fixed and getattr(other, differing) != getattr(one, differing):
                yield block, changed


def traced(block: Block):
    return jax.make_jaxpr(lambda *values: interpret.run(block, list(values)))(*interpret.arguments_of(block))


def equations(jaxpr) -> Iterator[Any]:
    """Every equation, those of inner programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in inner_jaxprs(equation):
            yield from equations(inner)


def outline(jaxpr) -> list[Any]:
    """Primitives, wiring and ranks, by no table: what two programs have in common that differ in parameters alone."""
    numbers = {var: at for at, var in enumerate([*jaxpr.constvars, *jaxpr.invars])}
    told = []
    for equation in jaxpr.eqns:
        operands = [numbers[atom] if not isinstance(atom, core.Literal) else "literal" for atom in equation.invars]
        numbers.update((var, len(numbers)) for var in equation.outvars)
        ranks = [len(getattr(atom.aval, "shape", ())) for atom in (*equation.invars, *equation.outvars)]
        told.append((equation.primitive.name, operands, ranks, *map(outline, inner_jaxprs(equation))))
    return told


def shown(one, other) -> set[tuple[str, str]]:
    """The parameters, of those that are not left out by their role, in which two programs of one outline differ."""
    return {
        (first.primitive.name, name)
        for first, second in zip(equations(one.jaxpr), equations(other.jaxpr), strict=True)
        for name, value in first.params.items()
        if role(first.primitive.name, name) is not Role.SIZE
        and repr(value) != repr(second.params[name])
        and not list(inner_jaxprs(first))
    }


@pytest.mark.parametrize("share", range(SHARES))
def test_resized_programs_have_one_structure(share):
    productions = GRAMMAR.tables.productions[share::SHARES]
    resizable = same = compared = 0
    leaks = {}
    for production in productions:
        found = [(traced(block), traced(other)) for block, other in resized(production, seed=1)]
        resizable += bool(found)
        compared += len(found)
        for one, other in found:
            if outline(one.jaxpr) != outline(other.jaxpr):
                continue
            same += 1
            if fingerprint(one).structure != fingerprint(other).structure and production.name not in BY_SIZE:
                leaks[production.name] = shown(one, other)
    assert resizable > 0.95 * len(productions)
    assert same > 0.9 * compared, "most programs stay the same when sizes change"
    assert not {name: found for name, found in leaks.items() if not found or found - SHOWN}, (
        "`structure` shows sizes in these (primitive, parameter): see lowering/parameters.py"
    )
