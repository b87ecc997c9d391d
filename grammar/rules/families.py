"""Families: productions that differ in one function alone, declared in one line."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from grammar.errors import located
from grammar.rules.notation import Function, Productions
from grammar.rules.production import Magnitude
from grammar.values.patterns import Array, ArrayPattern, Float, Mixed

# The modules whose names the templates may be written with.
_SPELLED = (jax, jnp, lax)


def pattern(annotation: object) -> ArrayPattern:
    """An annotation such as `Float[Array, "*s", Positive]` as the pattern that it is at run time."""
    if not isinstance(annotation, ArrayPattern):
        with located():
            raise TypeError(f"{annotation!r:.60} is no pattern of arrays; write it as in a signature")
    return annotation


_FLOATS = pattern(Float[Array, "*s"])
_MIXED = pattern(Mixed[Array, "*#s"])
_MIXED_RESULT = pattern(Mixed[Array, "*s"])


def label_of(function: Callable[..., object]) -> str:
    """The name that a function has in its module."""
    label = getattr(function, "__name__", "")
    if not label:
        with located():
            raise TypeError(f"{function!r:.60} is no function with a name; give one of a module")
    return label


def elementwise(
    production: Productions,
    *functions: Function,
    weight: float = 1.0,
    operand: ArrayPattern | None = None,
    result: ArrayPattern | None = None,
    magnitude: Magnitude | None = None,
    names: str = "",
    prefix: str = "",
    differentiable: bool = True,
    faithful: bool = True,
) -> None:
    """One production `function(x)` for each function; operand and result are floats of one shape unless given."""
    signature = {"x": operand or _FLOATS, "return": result or operand or _FLOATS}
    for function in functions:
        production(
            name=prefix + label_of(function),
            signature=signature,
            weight=weight,
            magnitude=magnitude,
            names=names,
            differentiable=differentiable,
            faithful=faithful,
        )(_unary(function))


def _unary(function: Function) -> Callable[[Array], Array]:
    def template(x: Array) -> Array:
        return function(x)

    return template


def binary(
    production: Productions,
    *functions: Function,
    weight: float = 1.0,
    left: ArrayPattern | None = None,
    right: ArrayPattern | None = None,
    result: ArrayPattern | None = None,
    magnitude: Magnitude | None = None,
    names: str = "",
    prefix: str = "",
    differentiable: bool = True,
    faithful: bool = True,
    additive: bool = False,
) -> None:
    """One production `function(x, y)` for each function; operands broadcast and are promoted unless given."""
    signature = {"x": left or _MIXED, "y": right or left or _MIXED, "return": result or _MIXED_RESULT}
    for function in functions:
        production(
            name=prefix + label_of(function),
            signature=signature,
            weight=weight,
            magnitude=magnitude,
            names=names,
            differentiable=differentiable,
            faithful=faithful,
            additive=additive,
        )(_binary(function))


def _binary(function: Function) -> Callable[[Array, Array], Array]:
    def template(x: Array, y: Array) -> Array:
        return function(x, y)

    return template
