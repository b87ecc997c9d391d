"""Families: productions that differ in one function alone, declared in one line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from grammar.errors import GrammarError
from grammar.rules.notation import production
from grammar.rules.production import Magnitude
from grammar.values.patterns import Array, ArrayPattern, Float, Mixed

Function = Callable[..., Any]
# The modules whose names the templates may be written with.
_SPELLED = (jax, jnp, lax)


def _caller() -> tuple[str, int]:
    """File and line of the declaration of a family."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    assert frame is not None
    return frame.f_code.co_filename, frame.f_lineno


def _name(function: Function) -> str:
    name = getattr(function, "__name__", "")
    if not name:
        file, line = _caller()
        raise GrammarError(f"{file}:{line}: {function!r:.60} is no function with a name; give one of a module")
    return name


def elementwise(
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
    settings: dict[str, Any] = {
        "weight": weight,
        "magnitude": magnitude,
        "names": names,
        "differentiable": differentiable,
        "faithful": faithful,
    }
    for function in functions:
        name = prefix + _name(function)
        declare = production(name=name, signature=signature, where=_caller(), **settings)
        declare(_unary(function))


def _unary(function: Function) -> Function:
    def template(x: Any) -> Any:
        return function(x)

    return template


def binary(
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
    settings: dict[str, Any] = {
        "weight": weight,
        "magnitude": magnitude,
        "names": names,
        "differentiable": differentiable,
        "faithful": faithful,
        "additive": additive,
    }
    for function in functions:
        name = prefix + _name(function)
        declare = production(name=name, signature=signature, where=_caller(), **settings)
        declare(_binary(function))


def _binary(function: Function) -> Function:
    def template(x: Any, y: Any) -> Any:
        return function(x, y)

    return template


_FLOATS: Any = Float[Array, "*s"]
_MIXED: Any = Mixed[Array, "*#s"]
_MIXED_RESULT: Any = Mixed[Array, "*s"]


def pattern(annotation: Any) -> ArrayPattern:
    """An annotation such as `Float[Array, "*s", Positive]` as the pattern it is at run time."""
    return annotation
