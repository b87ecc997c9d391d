"""Guards: checks of an entry's arguments, which those that it is drawn with pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import libcst as cst

from grammar.choices import Choices
from grammar.text import syntax
from grammar.values.types import FLOATS, KEY, ArrayType, Type

_Guard = tuple[str, str, tuple[str, ...]]
"""A condition that holds, its opposite, and candidates for a message."""


def assertion(params: Sequence[tuple[str, Type]], choices: Choices) -> list[cst.BaseStatement]:
    """`assert` of a condition that holds of the parameters; no statement where there is none."""
    return [
        syntax.statement(f"assert {holds}" + (f", {choices.item(messages)}" if choices.chance(0.5) else ""))
        for holds, _, messages in _chosen(params, choices)
    ]


def refusal(params: Sequence[tuple[str, Type]], choices: Choices) -> list[cst.BaseStatement]:
    """`if ...: raise ValueError(...)` for a condition that does not hold of the parameters; no statement where there is
    none."""
    return [
        syntax.branch(otherwise, syntax.statement(f"raise ValueError({choices.item(messages)})"))
        for _, otherwise, messages in _chosen(params, choices)
    ]


def _chosen(params: Sequence[tuple[str, Type]], choices: Choices) -> list[_Guard]:
    """One guard, in a list; an empty list where there is none."""
    guards = list(_guards([(label, of) for label, of in params if isinstance(of, ArrayType) and of.dtype != KEY]))
    return [choices.item(guards)] if guards else []


def _guards(arrays: Sequence[tuple[str, ArrayType]]) -> Iterator[_Guard]:
    for label, of in arrays:
        yield _rank(label, len(of.shape))
    for label in [label for label, of in arrays if of.dtype in FLOATS][:1]:
        floating = f"jnp.issubdtype({label}.dtype, jnp.floating)"
        yield floating, f"not {floating}", (f'f"expected floats, got {{{label}.dtype}}"',)
    for (x, a), (y, b) in combinations(arrays, 2):
        if a.shape and a.shape == b.shape:
            yield _equal(f"{x}.shape", f"{y}.shape", "shapes")
        elif a.shape and b.shape:
            for i, j in ((0, 0), (-1, 0), (-1, -1)):
                if a.shape[i] == b.shape[j] > 1:
                    yield _equal(f"{x}.shape[{i}]", f"{y}.shape[{j}]", "sizes")
                    break


def _rank(label: str, rank: int) -> _Guard:
    noun = "a scalar" if rank == 0 else f"{rank} dimension{'s' if rank > 1 else ''}"
    be = "be" if rank == 0 else "have"
    messages = (
        f'f"expected {noun}, got shape {{{label}.shape}}"',
        f'f"{label} must {be} {noun}, but its shape is {{{label}.shape}}"',
        f'"{label} must {be} {noun}"',
    )
    return f"{label}.ndim == {rank}", f"{label}.ndim != {rank}", messages


def _equal(left: str, right: str, what: str) -> _Guard:
    messages = (f'f"{what} differ: {{{left}}} and {{{right}}}"', f'f"{{{left}}} != {{{right}}}"')
    return f"{left} == {right}", f"{left} != {right}", messages
