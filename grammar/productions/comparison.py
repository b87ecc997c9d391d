"""Comparisons, logic, bits, and choice by a condition."""

import math

import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.productions.arithmetic import log_sum
from grammar.rules.families import binary, pattern
from grammar.rules.notation import (
    Array,
    Bool,
    Float,
    Float32,
    Index,
    Int,
    Int32,
    Like,
    Mixed,
    NonNegative,
    Num,
    Positive,
    Probability,
    Productions,
    Real,
    Static,
    Unit,
    either,
)
from grammar.values.binding import Binding
from grammar.values.statics import among, axis, bound

production = Productions()

# --- comparisons --------------------------------------------------------------------------------------------


@production(weight=1.5, names="mask is_larger")
def greater(x: Mixed[Array, "*#s"], y: Mixed[Array, "*#s"]) -> Bool[Array, "*s"]:
    return either(x > y, jnp.greater(x, y), weights=(20, 1))


@production(weight=1.5, names="mask is_smaller")
def less(x: Mixed[Array, "*#s"], y: Mixed[Array, "*#s"]) -> Bool[Array, "*s"]:
    return either(x < y, jnp.less(x, y), weights=(20, 1))


@production(weight=0.8, names="mask valid")
def greater_equal(x: Mixed[Array, "*#s"], y: Mixed[Array, "*#s"]) -> Bool[Array, "*s"]:
    return either(x >= y, jnp.greater_equal(x, y), weights=(12, 1))


@production(weight=0.8, names="mask valid")
def less_equal(x: Mixed[Array, "*#s"], y: Mixed[Array, "*#s"]) -> Bool[Array, "*s"]:
    return either(x <= y, jnp.less_equal(x, y), weights=(12, 1))


@production(weight=1.5, names="mask positive")
def is_positive(x: Real[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(x > 0, jnp.greater(x, 0), weights=(15, 1))


@production(weight=0.6, names="negative mask")
def is_negative(x: Float[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(x < 0, x < 0.0)


@production(weight=0.8, names="mask active")
def exceeds(x: Float[Array, "*s"], threshold: Static[float, among(0.0, 0.5, 1.0, 0.1)]) -> Bool[Array, "*s"]:
    return either(x > threshold, jnp.greater(x, threshold), weights=(15, 1))


@production(weight=1.2, names="same matches")
def equal(x: Int[Array, "*#s"], y: Int[Array, "*#s"]) -> Bool[Array, "*s"]:
    return either(x == y, jnp.equal(x, y), weights=(4, 1))


@production(weight=0.7, names="different valid")
def not_equal(x: Int[Array, "*#s"], y: Int[Array, "*#s"]) -> Bool[Array, "*s"]:
    return either(x != y, jnp.not_equal(x, y), weights=(4, 1))


@production(weight=0.8, names="mask is_even")
def divisible(x: Int[Array, "*s"], divisor: Static[int, among(2, 3, 4)]) -> Bool[Array, "*s"]:
    return either(x % divisor == 0, jnp.equal(x % divisor, 0), weights=(9, 1))


@production(weight=0.6, names="pad_mask mask")
def not_padding(ids: Int[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(ids != 0, jnp.not_equal(ids, 0), weights=(6, 1))


@production(weight=0.4, names="inside mask")
def within(x: Float[Array, "*s"], radius: Static[float, among(1.0, 0.5, 2.0)]) -> Bool[Array, "*s"]:
    return either(jnp.abs(x) < radius, (x > -radius) & (x < radius), jnp.logical_and(x > -radius, x < radius))


_SAME = pattern(Real[Array, "*s"])
_BOOL = pattern(Bool[Array, "*s"])
_INTS = pattern(Int[Array, "*#s"])
_INTS_RESULT = pattern(Int[Array, "*s"])
_FLOATS = pattern(Float[Array, "*s"])
_MIXED = pattern(Mixed[Array, "*#s"])
_MIXED_RESULT = pattern(Mixed[Array, "*s"])

binary(production, lax.gt, lax.lt, lax.ge, lax.le, weight=0.1, names="mask", left=_SAME, result=_BOOL, prefix="lax_")
binary(
    production,
    lax.eq,
    lax.ne,
    weight=0.1,
    names="mask",
    left=_INTS_RESULT,
    result=_BOOL,
    prefix="lax_",
)


@production(weight=1, names="close near")
def isclose(
    x: Float[Array, "*#s"], y: Float[Array, "*#s"], atol: Static[float, among(0.1, 0.5, 1.0)]
) -> Bool[Array, "*s"]:
    return jnp.isclose(x, y, atol=atol)


# --- logic --------------------------------------------------------------------------------------------------


@production(weight=1.5, names="mask valid both")
def logical_and(x: Bool[Array, "*s"], y: Bool[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(x & y, jnp.logical_and(x, y), weights=(2, 3))


@production(weight=1, names="mask any_valid")
def logical_or(x: Bool[Array, "*s"], y: Bool[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(x | y, jnp.logical_or(x, y), weights=(2, 3))


@production(weight=0.3, names="differs")
def logical_xor(x: Bool[Array, "*s"], y: Bool[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(x ^ y, jnp.logical_xor(x, y))


@production(weight=1, names="inverted invalid")
def logical_not(mask: Bool[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(~mask, jnp.logical_not(mask), jnp.invert(mask), weights=(3, 3, 0.3))


def _short(binding: Binding, choices: Choices) -> Binding | None:
    """Over a long axis, `all` is False and `any` True whatever the input."""
    n = binding.sizes.get("n", choices.between(2, 4))
    return binding.having(n=n) if n <= 8 else None


@production(weight=1, names="all_valid", relation=_short)
def reduce_and(mask: Bool[Array, "*a n *b"], axis: Static[int, "n"]) -> Bool[Array, "*a *b"]:
    return either(jnp.all(mask, axis=axis), mask.all(axis=axis), mask.all(axis), weights=(4, 3, 1))


@production(weight=0.8, names="any_valid", relation=_short)
def reduce_or(mask: Bool[Array, "*a n *b"], axis: Static[int, "n"]) -> Bool[Array, "*a *b"]:
    return either(jnp.any(mask, axis=axis), mask.any(axis=axis), mask.any(axis), weights=(4, 3, 1))


@production(weight=0.3, names="all_valid", relation=_short)
def reduce_and_kept(mask: Bool[Array, "*a n"], last: Static[int, axis("n")]) -> Bool[Array, "*a 1"]:
    return either(jnp.all(mask, axis=last, keepdims=True), mask.all(axis=last, keepdims=True))


@production(weight=0.4, names="found", relation=_short)
def any_of_vector(mask: Bool[Array, "n"]) -> Bool[Array, ""]:
    return either(jnp.any(mask), mask.any(), weights=(3, 2))


@production(weight=0.4, names="done", relation=_short)
def all_of_vector(mask: Bool[Array, "n"]) -> Bool[Array, ""]:
    return either(jnp.all(mask), mask.all(), weights=(3, 2))


@production(weight=0.3, names="member known")
def isin(ids: Int[Array, "*s"], table: Int[Array, "k"]) -> Bool[Array, "*s"]:
    return jnp.isin(ids, table)


# --- bits ---------------------------------------------------------------------------------------------------


@production(weight=0.5, names="bits")
def bitwise_and(x: Int[Array, "*#s"], y: Int[Array, "*#s"]) -> Int[Array, "*s"]:
    return either(x & y, jnp.bitwise_and(x, y), weights=(3, 1))


@production(weight=0.3, names="bits", magnitude=log_sum)
def bitwise_or(x: Int[Array, "*#s"], y: Int[Array, "*#s"]) -> Int[Array, "*s"]:
    return either(x | y, jnp.bitwise_or(x, y), weights=(3, 1))


@production(weight=0.3, names="bits hashed", magnitude=log_sum)
def bitwise_xor(x: Int[Array, "*#s"], y: Int[Array, "*#s"]) -> Int[Array, "*s"]:
    return either(x ^ y, jnp.bitwise_xor(x, y), weights=(3, 1))


@production(weight=0.2, names="bits", magnitude=lambda x: log_sum(x, 0))
def bitwise_not(x: Int32[Array, "*s"]) -> Int32[Array, "*s"]:
    return either(~x, jnp.bitwise_not(x), jnp.invert(x), lax.bitwise_not(x), weights=(3, 1, 1, 0.5))


@production(weight=0.4, names="shifted", magnitude=lambda x, by: x + by)
def shift_left(x: Int[Array, "*s"], by: Static[int, among(1, 2, 3)]) -> Int[Array, "*s"]:
    return either(x << by, jnp.left_shift(x, by), jnp.bitwise_left_shift(x, by), weights=(4, 1, 1))


@production(weight=0.4, names="shifted", magnitude=lambda x, by: x)
def shift_right(x: Int[Array, "*s"], by: Static[int, among(1, 2)]) -> Int[Array, "*s"]:
    return either(x >> by, jnp.right_shift(x, by), jnp.bitwise_right_shift(x, by), weights=(4, 1, 1))


binary(
    production,
    lax.bitwise_and,
    lax.bitwise_or,
    lax.bitwise_xor,
    weight=0.05,
    left=_INTS_RESULT,
    result=_INTS_RESULT,
    magnitude=log_sum,
    prefix="lax_",
)


@production(weight=0.15, names="bit_counts", magnitude=lambda x: 5.0)
def bitwise_count(x: Int[Array, "*s"]) -> Int32[Array, "*s"]:
    return either(jnp.bitwise_count(x).astype(jnp.int32), lax.population_count(x).astype(jnp.int32))


# --- choice by a condition ----------------------------------------------------------------------------------


@production(weight=5, names="selected out")
def where(mask: Bool[Array, "*#s"], x: Mixed[Array, "*#s"], y: Mixed[Array, "*#s"]) -> Mixed[Array, "*s"]:
    return jnp.where(mask, x, y)


@production(weight=2, names="masked")
def where_zero(x: Float[Array, "*#s"], mask: Bool[Array, "*#s"]) -> Float[Array, "*s"]:
    return either(jnp.where(mask, x, 0.0), jnp.where(mask, x, 0), jnp.where(mask, x, jnp.zeros_like(x)))


@production(weight=1, names="selected", magnitude=lambda mask, x: max(x, 0.0))
def where_one(x: Float[Array, "*#s"], mask: Bool[Array, "*#s"]) -> Float[Array, "*s"]:
    return jnp.where(mask, x, 1.0)


@production(weight=0.8, names="indicator weights", magnitude=lambda mask: 0.0)
def indicator(mask: Bool[Array, "*s"]) -> Float32[Array, "*s", Probability]:
    return either(jnp.where(mask, 1.0, 0.0).astype(jnp.float32), jnp.where(mask, jnp.float32(1.0), 0.0))


@production(weight=0.5, names="signs", magnitude=lambda mask: 0.0)
def plus_minus_one(mask: Bool[Array, "*s"]) -> Float32[Array, "*s", Unit]:
    return either(jnp.where(mask, 1.0, -1.0).astype(jnp.float32), jnp.where(mask, jnp.float32(1.0), -1.0))


@production(weight=0.4, names="masked_logits scores", magnitude=lambda mask, x: 30.0)
def mask_logits(x: Float32[Array, "*#s"], mask: Bool[Array, "*#s"]) -> Float32[Array, "*s"]:
    return jnp.where(mask, x, -1e9)


@production(weight=1, names="masked")
def mask_product(x: Float[Array, "*#s"], mask: Bool[Array, "*#s"]) -> Float[Array, "*s"]:
    return either(x * mask, x * mask.astype(x.dtype), jnp.where(mask, x, 0), weights=(2, 2, 1))


@production(weight=1, names="positive_part", magnitude=lambda x: x, faithful=False)
def where_positive(x: Float[Array, "*s"], slope: Static[float, among(0.1, 0.01, 0.2)]) -> Float[Array, "*s"]:
    return either(jnp.where(x > 0, x, slope * x), jnp.where(x >= 0, x, slope * x))


@production(weight=0.5, names="huber", magnitude=lambda x: 2 * max(x, 0.0), faithful=False)
def huber(x: Float[Array, "*s"], delta: Static[float, among(1.0, 0.5)]) -> Float[Array, "*s", NonNegative]:
    error = jnp.abs(x)
    return jnp.where(error <= delta, 0.5 * x**2, delta * (error - 0.5 * delta))


@production(weight=1, names="selected")
def lax_select(which: Bool[Array, "*s"], on_true: Num[Array, "*s"], on_false: Num[Array, "*s"]) -> Num[Array, "*s"]:
    return either(lax.select(which, on_true, on_false), lax.select_n(which, on_false, on_true), weights=(6, 1))


@production(weight=0.2, names="chosen")
def select_n(
    which: Int32[Array, "*s", Index("3")], x: Num[Array, "*s"], y: Num[Array, "*s"], z: Num[Array, "*s"]
) -> Num[Array, "*s"]:
    return lax.select_n(which, x, y, z)


@production(weight=0.3, names="chosen")
def select(
    first: Bool[Array, "*s"], second: Bool[Array, "*s"], x: Float[Array, "*s"], y: Float[Array, "*s"]
) -> Float[Array, "*s"]:
    return either(jnp.select([first, second], [x, y]), jnp.select([first, second], [x, y], default=0.0), weights=(1, 2))


@production(weight=0.8, names="safe cleaned", faithful=False)
def where_finite(x: Float[Array, "*s"]) -> Float[Array, "*s", Like("x")]:
    return either(
        jnp.where(jnp.isfinite(x), x, jnp.zeros_like(x)),
        jnp.where(jnp.isfinite(x), x, 0.0),
        jnp.where(jnp.logical_not(jnp.isfinite(x)), 0.0, x),
        jnp.where(lax.is_finite(x), x, 0.0),
        weights=(2, 4, 1, 0.3),
    )


@production(weight=0.6, names="cleaned", faithful=False)
def where_nan(x: Float[Array, "*s"], fill: Static[float, among(0.0, 1.0)]) -> Float[Array, "*s", Like("x")]:
    return either(
        jnp.where(jnp.isnan(x), fill, x),
        jnp.where(~jnp.isnan(x), x, fill),
        jnp.where(x != x, fill, x),
        weights=(6, 2, 0.5),
    )


@production(weight=0.3, names="cleaned", faithful=False)
def where_infinite(
    x: Float[Array, "*s"], limit: Static[float, among(10.0, 100.0, 1000.0)]
) -> Float[Array, "*s", Like("x")]:
    return jnp.where(jnp.isinf(x), limit, x)


@production(weight=0.1, names="cleaned", faithful=False)
def where_neginf(
    x: Float[Array, "*s"], limit: Static[float, among(10.0, 100.0, 1000.0)]
) -> Float[Array, "*s", Like("x")]:
    return jnp.where(jnp.isneginf(x), -limit, x)


@production(weight=0.5, names="accepted")
def accept_if_finite(old: Float[Array, "*s"], new: Float[Array, "*s"]) -> Float[Array, "*s"]:
    finite = jnp.all(jnp.isfinite(new))
    return jnp.where(finite, new, old)


@production(weight=0.5, names="settled", faithful=False)
def keep_if_close(
    old: Float[Array, "*s"], new: Float[Array, "*s"], rtol: Static[float, among(1e-3, 1e-2, 1e-5)]
) -> Float[Array, "*s"]:
    converged = jnp.allclose(old, new, rtol=rtol)
    return jnp.where(converged, old, new)


@production(weight=0.3, names="selected")
def choose_if_equal(
    ids: Int[Array, "*i"], other: Int[Array, "*i"], x: Float[Array, "*s"], y: Float[Array, "*s"]
) -> Float[Array, "*s"]:
    return jnp.where(jnp.array_equal(ids, other), x, y)


# --- bounds -------------------------------------------------------------------------------------------------

binary(production, jnp.maximum, jnp.minimum, faithful=False, weight=1, left=_MIXED, result=_MIXED_RESULT)
binary(production, jnp.fmax, jnp.fmin, faithful=False, weight=0.05, left=pattern(Float[Array, "*#s"]), result=_FLOATS)
binary(production, lax.max, lax.min, weight=0.15, left=_SAME, result=_SAME, prefix="lax_")


@production(weight=1, names="rectified", magnitude=lambda x: x, faithful=False)
def maximum_zero(x: Float[Array, "*s"]) -> Float[Array, "*s", NonNegative]:
    return either(jnp.maximum(x, 0.0), jnp.maximum(x, 0), jnp.maximum(0.0, x), x.clip(0), weights=(5, 3, 1, 1))


@production(weight=1, names="safe floored", magnitude=lambda x, eps: max(x, -math.log2(eps)), faithful=False)
def maximum_epsilon(
    x: Float[Array, "*s"], eps: Static[float, among(1e-3, 1e-2, 0.1, 1.0, 1e-6)]
) -> Float[Array, "*s", Positive]:
    return either(jnp.maximum(x, eps), jnp.clip(x, eps), jnp.clip(x, min=eps), weights=(6, 1, 2))


@production(weight=0.5, names="clipped capped", magnitude=lambda x, high: max(x, math.log2(high)), faithful=False)
def minimum_constant(x: Float[Array, "*s"], high: Static[float, among(1.0, 2.0, 5.0)]) -> Float[Array, "*s"]:
    return either(jnp.minimum(x, high), jnp.clip(x, max=high), x.clip(max=high), weights=(4, 1, 1))


@production(weight=1.5, names="clipped", magnitude=lambda x, limit: math.log2(limit), faithful=False)
def clip(x: Float[Array, "*s"], limit: Static[float, among(1.0, 2.0, 5.0, 10.0, 3.0)]) -> Float[Array, "*s"]:
    return either(
        jnp.clip(x, -limit, limit),
        x.clip(-limit, limit),
        jnp.clip(x, min=-limit, max=limit),
        weights=(8, 2, 2),
    )


@production(weight=0.2, names="clipped", magnitude=lambda x, limit: math.log2(limit), faithful=False)
def clamp_to(x: Float32[Array, "*s"], limit: Static[float, among(1.0, 2.0, 5.0)]) -> Float32[Array, "*s"]:
    return lax.clamp(-limit, x, limit)


@production(weight=1, names="clipped", faithful=False)
def clip_to_unit(x: Float[Array, "*s"]) -> Float[Array, "*s", Unit]:
    return either(jnp.clip(x, -1.0, 1.0), jnp.clip(x, -1, 1), x.clip(-1.0, 1.0), weights=(5, 2, 2))


@production(weight=1, names="clipped weights", faithful=False)
def clip_to_probability(x: Float[Array, "*s"]) -> Float[Array, "*s", Probability]:
    return either(jnp.clip(x, 0.0, 1.0), jnp.clip(x, 0, 1), x.clip(0.0, 1.0), weights=(5, 3, 2))


@production(weight=0.7, names="safe_probs clipped", magnitude=lambda x, eps: -math.log2(eps), faithful=False)
def clip_open(
    x: Float[Array, "*s", Probability], eps: Static[float, among(0.01, 0.05, 0.1)]
) -> Float[Array, "*s", Positive]:
    return either(jnp.clip(x, eps, 1.0 - eps), jnp.clip(x, eps, 1 - eps), weights=(2, 1))


@production(weight=0.6, names="clipped", magnitude=lambda low, x, high: max(low, x, high), faithful=False)
def clip_between(x: Float[Array, "*#s"], low: Float[Array, "*#s"], high: Float[Array, "*#s"]) -> Float[Array, "*s"]:
    return either(jnp.clip(x, low, high), jnp.minimum(jnp.maximum(x, low), high), weights=(4, 1))


@production(weight=0.15, names="clipped", magnitude=lambda low, x, high: max(low, x, high), faithful=False)
def clamp(low: Float[Array, "*s"], x: Float[Array, "*s"], high: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return lax.clamp(low, x, high)


def _last_index(binding: Binding, choices: Choices) -> Binding | None:
    n = binding.sizes.get("n", choices.between(3, 12))
    return binding.having(n=n, last=n - 1) if n > 2 else None


@production(weight=0.8, names="indices clipped", relation=_last_index, magnitude=lambda last: math.log2(last))
def clip_to_index(x: Int[Array, "*s"], last: Static[int, bound("last")]) -> Int[Array, "*s", Index("n")]:
    return either(jnp.clip(x, 0, last), jnp.clip(x, min=0, max=last), x.clip(0, last), weights=(4, 1, 1))


@production(weight=0.3, names="indices bucket", relation=_last_index, magnitude=lambda last: math.log2(last))
def digitize(x: Float[Array, "*s"], last: Static[int, bound("last")]) -> Int32[Array, "*s", Index("n")]:
    return jnp.clip(jnp.floor(x * last).astype(jnp.int32), 0, last)
