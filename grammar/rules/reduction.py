"""Reductions: the forms in which one is declared, and how large their results are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

import jax
import jax.numpy as jnp

from grammar.choices import Choices
from grammar.rules.families import label_of, pattern
from grammar.rules.notation import Array, ArrayPattern, Function, Productions, RefinementRule, either
from grammar.rules.production import Magnitude, Parameter
from grammar.values.binding import Binding
from grammar.values.statics import axis, bound

# The modules whose names the templates may be written with.
_SPELLED = (jax, jnp)

F = TypeVar("F", bound=Callable[..., Array])
Growth = Callable[[float, float], float]
"""The magnitude of a result, from that of the operand and log2 of the elements that are reduced."""

_FREE = RefinementRule()
_AXIS = axis("n")
_AXES = bound("axes")


def same(x: float, n: float) -> float:
    """The bound of a mean or of a picked element."""
    return x


def total(x: float, n: float) -> float:
    """The bound of a sum over 2^n elements."""
    return x + n


def product(x: float, n: float) -> float:
    """The bound of a product of 2^n elements."""
    return max(x, 0.0) * 2**n


def log_total(x: float, n: float) -> float:
    """The bound of a log-sum-exp over 2^n elements."""
    return max(x, n) + 1


def _two_axes(binding: Binding, choices: Choices) -> Binding | None:
    """Puts the positions of the dimensions m and n under "axes"."""
    sizes = binding.sizes
    if "a" not in sizes or "b" not in sizes:
        return None
    first, rank = len(sizes["a"]), len(sizes["a"]) + 2 + len(sizes["b"])
    negative = choices.chance(0.6 if first + 2 == rank else 0.05)
    return binding.having(axes=(first - rank, first + 1 - rank) if negative else (first, first + 1))


def _lax_axes(binding: Binding, choices: Choices) -> Binding | None:
    """The same as lax takes them: never negative."""
    a = binding.sizes.get("a")
    return None if a is None else binding.having(axes=(len(a), len(a) + 1))


class _Class(Protocol):
    def __getitem__(self, item: tuple[object, ...], /) -> object: ...


def _arrays(of: object, dims: str, refinement: RefinementRule = _FREE) -> ArrayPattern:
    """`Float[Array, dims, refinement]` of the class `of`, which to the type checker is `Annotated`."""
    return pattern(cast("_Class", of)[Array, dims, refinement])


class Reduction:
    """Declares the productions of one reduction; a form says what is reduced and what remains.

    `of` and `to` are dtype classes of the notation, such as `Float`.
    """

    def __init__(
        self,
        production: Productions,
        of: object,
        to: object = None,
        weight: float = 1.0,
        grow: Growth = same,
        keep: RefinementRule = _FREE,
        names: str = "",
        differentiable: bool = True,
    ) -> None:
        self.production = production
        self.of, self.to, self.weight, self.grow, self.keep = of, to or of, weight, grow, keep
        self.names, self.differentiable = names, differentiable

    def __call__(self, form: str, share: float = 1.0, name: str = "") -> Callable[[F], F]:
        """The decorator for one form, a key of `_FORMS`; "all" takes scalars too."""
        before, after = _FORMS[form]
        statics: dict[str, Parameter] = (
            {"axes": _AXES} if form[:4] == "pair" else {} if form in ("whole", "all") else {"axis": _AXIS}
        )
        return self.production(
            name=name,
            weight=self.weight * share,
            names=self.names,
            magnitude=_magnitude(form, self.grow),
            relation=_two_axes if form in ("pair", "pair kept") else _lax_axes if form == "pair lax" else None,
            differentiable=self.differentiable,
            signature={"x": _arrays(self.of, before), **statics, "return": _arrays(self.to, after, self.keep)},
        )


def _magnitude(form: str, grow: Growth) -> Magnitude:
    """That of a form, by the dimensions that it reduces."""
    if form == "all":
        return lambda x, s: grow(x, s)
    if form == "whole":
        return lambda x, n, s: grow(x, n + s)
    if form[:4] == "pair":
        return lambda x, m, n: grow(x, m + n)
    return lambda x, n: grow(x, n)


_FORMS = {
    "all": ("*s", ""),
    "whole": ("n *s", ""),
    "axis": ("*a n *b", "*a *b"),
    "kept": ("*a n *b", "*a 1 *b"),
    "pair": ("*a m n *b", "*a *b"),
    "pair kept": ("*a m n *b", "*a 1 1 *b"),
    "pair lax": ("*a m n *b", "*a *b"),
    "along": ("*a n *b", "*a n *b"),
}


def plain(rule: Reduction, *functions: Function, pairs: bool = True, kept: bool = True, prefix: str = "") -> None:
    """The usual forms of each `function(x, axis=...)` under one rule."""
    for function in functions:
        label = prefix + label_of(function)
        _whole_and_axis(rule, function, label)
        if kept:
            _kept(rule, function, label)
        if pairs:
            _pair(rule, function, label)


def _whole_and_axis(rule: Reduction, function: Function, label: str) -> None:
    @rule("whole", 0.7, f"{label}_whole")
    def _(x: Array) -> Array:
        return function(x)

    @rule("axis", 1.0, f"{label}_axis")
    def _(x: Array, axis: int) -> Array:
        return either(function(x, axis=axis), function(x, axis), weights=(4, 1))


def _kept(rule: Reduction, function: Function, label: str) -> None:
    @rule("kept", 0.3, f"{label}_kept")
    def _(x: Array, axis: int) -> Array:
        return function(x, axis=axis, keepdims=True)


def _pair(rule: Reduction, function: Function, label: str) -> None:
    @rule("pair", 0.3, f"{label}_axes")
    def _(x: Array, axes: tuple[int, int]) -> Array:
        return function(x, axis=axes)
