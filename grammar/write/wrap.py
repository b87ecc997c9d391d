"""Transforms at the entry: an outer function that applies one to the module's last function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import libcst as cst

from grammar.choices import Choices
from grammar.derive.applicable import BATCHES, is_float
from grammar.text import syntax
from grammar.values.types import ArrayType, DictType, TupleType, Type, like

Params = list[tuple[str, Type]]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The outer function: candidates for its name, its parameters, its statements."""

    names: tuple[str, ...]
    params: Params
    statements: Sequence[cst.BaseStatement]


def wrap(transform: str, inner: str, params: Params, result: Type, choices: Choices) -> Wrapped:
    """The function that applies `transform` to the function named `inner`."""
    return _WRAPS[transform](inner, params, result, choices)


def _arguments(params: Params) -> str:
    return ", ".join(name for name, _ in params)


def _return(text: str) -> list[cst.BaseStatement]:
    return [syntax.statement(f"return {text}")]


def _argnums(params: Params, choices: Choices) -> str:
    """The keyword that says what is differentiated; nothing for the first argument alone."""
    smooth = [at for at, (_, of) in enumerate(params) if is_float(of)]
    if smooth[0] != 0:
        return f", argnums={smooth[0]}"
    if len(smooth) > 1 and choices.chance(0.5):
        return f", argnums=({', '.join(map(str, smooth[: choices.between(2, len(smooth))]))})"
    return ""


def _grad(inner: str, params: Params, result: Type, choices: Choices) -> Wrapped:
    text = f"jax.grad({inner}{_argnums(params, choices)})({_arguments(params)})"
    return Wrapped(("grad_fn", "gradients", "compute_grads", f"grad_{inner}"), params, _return(text))


def _value_and_grad(inner: str, params: Params, result: Type, choices: Choices) -> Wrapped:
    call = f"jax.value_and_grad({inner}{_argnums(params, choices)})({_arguments(params)})"
    if choices.chance(0.4):
        statements = [syntax.statement(f"loss, grads = {call}"), syntax.statement("return loss, grads")]
        return Wrapped(("loss_and_grad", "train_step", "step_fn"), params, statements)
    return Wrapped(("loss_and_grad", "value_and_gradient", "objective_and_grad"), params, _return(call))


def _vmap(inner: str, params: Params, result: Type, choices: Choices) -> Wrapped:
    size = choices.item(BATCHES)
    mapped = [choices.chance(0.75) for _ in params]
    if not any(mapped):
        mapped[0] = True
    batched: Params = [
        (name, _batched(of, size) if each else of) for (name, of), each in zip(params, mapped, strict=True)
    ]
    axes = "" if all(mapped) else f", in_axes=({', '.join('0' if each else 'None' for each in mapped)})"
    text = f"jax.vmap({inner}{axes})({_arguments(params)})"
    return Wrapped((f"batched_{inner}", f"batch_{inner}", f"vmapped_{inner}"), batched, _return(text))


def _batched(of: Type, size: int) -> Type:
    """The type with an axis of this size in front of all its arrays."""
    if isinstance(of, ArrayType):
        return like(of, shape=(size, *of.shape))
    if isinstance(of, TupleType):
        return TupleType(tuple(_batched(item, size) for item in of.items))
    return DictType(tuple((key, _batched(item, size)) for key, item in of.items))


def _jvp(inner: str, params: Params, result: Type, choices: Choices) -> Wrapped:
    tangents = [(f"{name}_dot", like(of)) for name, of in params]
    one = "," if len(params) == 1 else ""
    text = f"jax.jvp({inner}, ({_arguments(params)}{one}), ({_arguments(tangents)}{one}))"
    return Wrapped((f"{inner}_jvp", f"jvp_{inner}", "directional_derivative"), [*params, *tangents], _return(text))


def _vjp(inner: str, params: Params, result: Type, choices: Choices) -> Wrapped:
    cotangent = choices.item(("cotangent", "g", "out_bar"))
    pullback = choices.item(("pullback", "vjp_fn"))
    cotangents = [(cotangent, like(result, magnitude=2.0))]
    if choices.chance(0.5):
        first = [syntax.statement(f"primal, {pullback} = jax.vjp({inner}, {_arguments(params)})")]
        last = syntax.statement(f"return primal, {pullback}({cotangent})")
    else:
        first = [syntax.statement(f"_, {pullback} = jax.vjp({inner}, {_arguments(params)})")]
        last = syntax.statement(f"return {pullback}({cotangent})")
    return Wrapped((f"{inner}_vjp", f"vjp_{inner}", f"pull_back_{inner}"), [*params, *cotangents], [*first, last])


def _jacobian(transform: str) -> Callable[[str, Params, Type, Choices], Wrapped]:
    def wrapped(inner: str, params: Params, result: Type, choices: Choices) -> Wrapped:
        text = f"jax.{transform}({inner})({_arguments(params)})"
        return Wrapped(("jacobian", f"jacobian_{inner}", f"{inner}_jacobian"), params, _return(text))

    return wrapped


_WRAPS: dict[str, Callable[[str, Params, Type, Choices], Wrapped]] = {
    "grad": _grad,
    "value_and_grad": _value_and_grad,
    "vmap": _vmap,
    "jvp": _jvp,
    "vjp": _vjp,
    "jacfwd": _jacobian("jacfwd"),
    "jacrev": _jacobian("jacrev"),
}
