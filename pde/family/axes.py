"""The productions of the start symbol PoissonProgram: every axis of the family, with the weight of each value.

    PoissonProgram -> Use Operator [Solver] Vectorisation Precision Size
    Operator       -> scheme problem spelling
    Solver         -> solver loop

A derivation takes one axis after another. What is open to it are the values that some validated combination has
together with what was taken before (the traits of `pde.schemes.model` decided which combinations there are); a value is
drawn in proportion to its weight times the number of combinations that it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from grammar.choices import Choices
from pde.family.validated import Row

START = "PoissonProgram"
OPERATOR = ("dimension", "boundary", "equation", "solution", "scheme", "spelling")
SOLVER = ("solver", "loop")

WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "use": {
        "solve": 12.0,
        "gradient": 3.0,
        "value_and_gradient": 2.0,
        "adjoint": 2.0,
        "residual": 0.3,
        "relative_residual": 0.3,
        "energy": 0.3,
    },
    "vectorisation": {"single": 4.0, "vmap": 1.5, "map": 1.0, "batched": 2.5},
    "precision": {"single": 3.0, "double": 1.0},
    "dimension": {"1": 0.8, "3": 1.2},
    "loop": {"unrolled": 0.5, "library": 0.7},
}
"""Weights by axis; 1 where none is given."""


@dataclass(frozen=True)
class Node:
    """Combinations that agree in the axes taken so far, by the value of the next axis."""

    size: int
    options: tuple[Any, ...] = ()
    cumulative: tuple[float, ...] = ()
    children: tuple[Node, ...] = ()
    row: Row | None = None


def tree(rows: list[Row], axes: tuple[str, ...]) -> Node:
    """The combinations as a tree of choices; rows that agree in all axes are one, the first."""
    if not axes:
        return Node(1, row=rows[0])
    axis, rest = axes[0], axes[1:]
    options = tuple(sorted({getattr(row, axis) for row in rows}))
    children = tuple(tree([row for row in rows if getattr(row, axis) == option], rest) for option in options)
    sizes = [weight(axis, option) * child.size for option, child in zip(options, children, strict=True)]
    return Node(sum(child.size for child in children), options, tuple(accumulate(sizes)), children)


def descend(node: Node, choices: Choices) -> Row:
    """Takes one axis after another and returns the combination that is left."""
    while node.row is None:
        node = node.children[choices.weighted(node.cumulative)]
    return node.row


def weight(axis: str, option: object) -> float:
    """The weight of a value of an axis."""
    return WEIGHTS.get(axis, {}).get(str(option), 1.0)


def pick(axis: str, options: tuple[str, ...], choices: Choices) -> str:
    """One of the options of an axis that any combination takes."""
    return options[choices.weighted(tuple(accumulate(weight(axis, option) for option in options)))]
