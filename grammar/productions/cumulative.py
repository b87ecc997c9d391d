"""Along an axis, the length kept or nearly: cumulative sums and products, differences."""

import jax.numpy as jnp
from jax import lax

from grammar.rules.families import label_of, pattern
from grammar.rules.notation import (
    Array,
    Bool,
    Float,
    Function,
    Int32,
    NonNegative,
    Productions,
    RefinementRule,
    SignOf,
    Static,
    either,
)
from grammar.rules.reduction import Growth, Reduction, log_total, product, same, total
from grammar.values.statics import axis

production = Productions()

# --- running ----------------------------------------------------------------------------------------------

_running = Reduction(production, Float, weight=0.8, grow=total, keep=SignOf("x"), names="running cumulative")


@_running("along")
def cumsum(x: Array, axis: int) -> Array:
    return either(jnp.cumsum(x, axis=axis), x.cumsum(axis=axis), jnp.cumulative_sum(x, axis=axis), weights=(5, 2, 0.3))


@Reduction(production, Int32, weight=0.4, grow=total, names="offsets ends")("along")
def cumsum_integers(x: Array, axis: int) -> Array:
    return either(jnp.cumsum(x, axis=axis), x.cumsum(axis))


@Reduction(production, Bool, Int32, 0.3, lambda x, n: n, NonNegative, "positions rank")("along")
def cumsum_mask(x: Array, axis: int) -> Array:
    return either(jnp.cumsum(x, axis=axis), jnp.cumsum(x.astype(jnp.int32), axis=axis))


@_running("along", 0.2)
def cumsum_reversed(x: Array, axis: int) -> Array:
    return jnp.flip(jnp.cumsum(jnp.flip(x, axis=axis), axis=axis), axis=axis)


@Reduction(production, Float, weight=0.25, grow=product, keep=SignOf("x"), names="decay survival")("along")
def cumprod(x: Array, axis: int) -> Array:
    return either(jnp.cumprod(x, axis=axis), x.cumprod(axis=axis), weights=(4, 1))


def lax_cumulative(grow: Growth, keep: RefinementRule, weight: float, *functions: Function) -> None:
    """`function(x, axis=i)` for each function, and the same from the end."""
    for function in functions:
        _lax_cumulative(grow, keep, weight, function, label_of(function), reverse=False)
        _lax_cumulative(grow, keep, weight * 0.4, function, f"{label_of(function)}_reversed", reverse=True)


def _lax_cumulative(
    grow: Growth, keep: RefinementRule, weight: float, function: Function, label: str, *, reverse: bool
) -> None:
    @production(
        name=f"lax_{label}",
        weight=weight,
        magnitude=lambda x, n: grow(x, n),
        names="running",
        signature={
            "x": pattern(Float[Array, "*a n *b"]),
            "at": axis("n", negative=False),
            "return": pattern(Float[Array, "*a n *b", keep]),
        },
    )
    def _(x: Array, at: int) -> Array:
        return function(x, axis=at, reverse=reverse)


lax_cumulative(total, SignOf("x"), 0.15, lax.cumsum)
lax_cumulative(same, SignOf("x"), 0.15, lax.cummax, lax.cummin)
lax_cumulative(log_total, RefinementRule(), 0.1, lax.cumlogsumexp)


# --- differences --------------------------------------------------------------------------------------------


@production(weight=0.6, names="delta increments", magnitude=lambda x: x + 1)
def diff(x: Float[Array, "*a n+1 *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b"]:
    return jnp.diff(x, axis=axis)


@production(weight=0.2, names="curvature", magnitude=lambda x: x + 2)
def diff_twice(x: Float[Array, "*a n+2 *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b"]:
    return jnp.diff(x, n=2, axis=axis)


@production(weight=0.2, names="slope", magnitude=lambda x: x + 1)
def gradient(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b"]:
    return jnp.gradient(x, axis=axis)  # pyright: ignore[reportReturnType]
