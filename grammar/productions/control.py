"""Functions of functions: loops, branches, transforms."""

from collections.abc import Callable
from typing import Any as AnyValue

import jax
import jax.numpy as jnp
from jax import lax

from grammar.notation import Array, Body, Float, Helper, Smooth, Static, Tree, production
from grammar.statics import between

Function = Callable[..., AnyValue]


@production(weight=1)
def scan(
    body: Body[Function, "~C, *x -> ~C, *y"], init: Tree[AnyValue, "~C"], xs: Float[Array, "t *x"]
) -> tuple[Tree[AnyValue, "~C"], Float[Array, "t *y"]]:
    return lax.scan(body, init, xs)


@production(weight=2)
def helper(fun: Body[Function, "*x, *y -> *z", Helper], x: Float[Array, "*x"], y: Float[Array, "*y"]) -> Float[Array, "*z"]:
    return fun(x, y)


@production(weight=1)
def grad(fun: Body[Function, "*x -> ", Smooth], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    return jax.grad(fun)(x)


@production(weight=1)
def repeat(step: Body[Function, "*x -> *x"], x: Float[Array, "*x"], times: Static[int, between(2, 6)]) -> Float[Array, "*x"]:
    for _ in range(times):
        x = step(x)
    return x


@production(weight=1, differentiable=False)
def while_loop(body: Body[Function, "*x -> *x"], x: Float[Array, "*x"], steps: Static[int, between(2, 6)]) -> Float[Array, "*x"]:
    def cond(state: AnyValue) -> AnyValue:
        i, _ = state
        return i < steps

    def advance(state: AnyValue) -> AnyValue:
        i, value = state
        return i + 1, body(value)

    return lax.while_loop(cond, advance, (0, x))[1]
