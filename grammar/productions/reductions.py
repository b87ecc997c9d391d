"""Reductions: whole arrays, one axis, pairs of axes, kept dimensions."""

import jax
import jax.numpy as jnp
from jax import lax

from grammar.rules.families import label_of
from grammar.rules.notation import (
    Array,
    Bool,
    Float,
    Float32,
    Function,
    Index,
    Inexact,
    Int,
    Int32,
    NonNegative,
    Positive,
    Productions,
    Real,
    SignOf,
    Static,
    either,
)
from grammar.rules.reduction import Reduction, log_total, plain, product, total
from grammar.values.statics import among, axis

production = Productions()

_SIGN = SignOf("x")

# --- sums and means -------------------------------------------------------------------------------
_sum = Reduction(production, Inexact, weight=3, grow=total, keep=_SIGN, names="total")


@_sum("all", 0.8)
def reduce_sum_all(x: Array) -> Array:
    return either(jnp.sum(x), x.sum())


@_sum("axis")
def reduce_sum(x: Array, axis: int) -> Array:
    return either(jnp.sum(x, axis=axis), x.sum(axis=axis), x.sum(axis), weights=(5, 5, 3))


@_sum("kept", 0.3)
def reduce_sum_kept(x: Array, axis: int) -> Array:
    return either(jnp.sum(x, axis=axis, keepdims=True), x.sum(axis=axis, keepdims=True))


@_sum("pair", 0.3)
def reduce_sum_axes(x: Array, axes: tuple[int, int]) -> Array:
    return either(jnp.sum(x, axis=axes), x.sum(axis=axes), weights=(2, 1))


_mean = Reduction(production, Float, weight=2.5, keep=_SIGN, names="mean mu average")


@_mean("all")
def reduce_mean(x: Array) -> Array:
    return either(jnp.mean(x), x.mean())


@_mean("axis")
def reduce_mean_axis(x: Array, axis: int) -> Array:
    return either(jnp.mean(x, axis=axis), x.mean(axis=axis), x.mean(axis), weights=(4, 4, 2))


@_mean("kept", 0.4)
def reduce_mean_kept(x: Array, axis: int) -> Array:
    return either(jnp.mean(x, axis=axis, keepdims=True), x.mean(axis=axis, keepdims=True), weights=(2, 1))


@_mean("pair", 0.3)
def reduce_mean_axes(x: Array, axes: tuple[int, int]) -> Array:
    return either(jnp.mean(x, axis=axes), x.mean(axis=axes))


@_mean("pair kept", 0.15)
def reduce_mean_axes_kept(x: Array, axes: tuple[int, int]) -> Array:
    return jnp.mean(x, axis=axes, keepdims=True)


@_mean("axis", 0.1)
def mean_by_size(x: Array, axis: int) -> Array:
    return either(jnp.sum(x, axis=axis) / x.shape[axis], jnp.sum(x, axis=axis) / jnp.size(x, axis))


@production(weight=0.3, names="per_example", magnitude=lambda x, n, s: x + n + s)
def sum_but_first(x: Float[Array, "b n *s"]) -> Float[Array, "b", SignOf("x")]:
    """Everything but the batch."""
    return either(
        jnp.sum(x, axis=tuple(range(1, x.ndim))),
        jnp.sum(x, axis=tuple(range(1, jnp.ndim(x)))),
        jnp.sum(x.reshape(x.shape[0], -1), axis=-1),
        jnp.sum(jnp.reshape(x, (jnp.shape(x)[0], -1)), axis=1),
        weights=(4, 1, 2, 1),
    )


plain(Reduction(production, Float, weight=0.15, grow=total, keep=_SIGN), jnp.nansum)
plain(Reduction(production, Float, weight=0.15, keep=_SIGN), jnp.nanmean)
plain(Reduction(production, Int32, weight=0.4, grow=total, names="total count"), jnp.sum, prefix="integer_")
plain(
    Reduction(production, Bool, Int32, 0.5, lambda x, n: n, NonNegative, "count hits"), jnp.count_nonzero, pairs=False
)
plain(Reduction(production, Float, weight=0.4, grow=product, keep=_SIGN, names="product"), jnp.prod)
plain(Reduction(production, Float, weight=0.1, grow=product, keep=_SIGN), jnp.nanprod, pairs=False, kept=False)


@production(weight=0.4, names="accuracy fraction")
def mean_of_integers(x: Int[Array, "*a n *b"], axis: Static[int, "n"]) -> Float32[Array, "*a *b"]:
    return either(jnp.mean(x, axis=axis), x.mean(axis=axis))


@production(weight=0.8, names="accuracy fraction", magnitude=lambda: 0.0)
def mean_of_mask(mask: Bool[Array, "n *s"]) -> Float32[Array, "", NonNegative]:
    return either(jnp.mean(mask), mask.mean(), jnp.mean(mask.astype(jnp.float32)))


@production(weight=0.8, names="count hits", magnitude=lambda n: n)
def sum_of_mask(mask: Bool[Array, "*a n *b"], axis: Static[int, "n"]) -> Int32[Array, "*a *b", NonNegative]:
    return either(jnp.sum(mask, axis=axis), mask.sum(axis=axis), mask.astype(jnp.int32).sum(axis))


# --- extremes -------------------------------------------------------------------------------------

_max = Reduction(production, Real, weight=1.2, keep=_SIGN, names="peak highest maximum")
_min = Reduction(production, Real, weight=0.7, keep=_SIGN, names="lowest minimum")


@_max("all", 0.7)
def reduce_max_all(x: Array) -> Array:
    return either(jnp.max(x), x.max())


@_max("axis")
def reduce_max(x: Array, axis: int) -> Array:
    return either(jnp.max(x, axis=axis), x.max(axis=axis), x.max(axis), jnp.amax(x, axis=axis), weights=(4, 3, 2, 0.3))


@_max("kept", 0.4)
def reduce_max_kept(x: Array, axis: int) -> Array:
    return either(jnp.max(x, axis=axis, keepdims=True), x.max(axis=axis, keepdims=True), weights=(3, 1))


@_max("pair", 0.2)
def reduce_max_axes(x: Array, axes: tuple[int, int]) -> Array:
    return either(jnp.max(x, axis=axes), x.max(axis=axes))


@_min("all", 0.7)
def reduce_min_all(x: Array) -> Array:
    return either(jnp.min(x), x.min())


@_min("axis")
def reduce_min(x: Array, axis: int) -> Array:
    return either(jnp.min(x, axis=axis), x.min(axis=axis), x.min(axis), jnp.amin(x, axis=axis), weights=(4, 3, 2, 0.3))


@_min("kept", 0.3)
def reduce_min_kept(x: Array, axis: int) -> Array:
    return jnp.min(x, axis=axis, keepdims=True)


plain(Reduction(production, Float, weight=0.15, keep=_SIGN), jnp.nanmax, jnp.nanmin)
plain(
    Reduction(production, Float, weight=0.15, grow=lambda x, n: x + 1, keep=NonNegative, names="spread width"), jnp.ptp
)


@production(weight=1.2, magnitude=lambda n: n, names="best indices")
def argmax(x: Real[Array, "*a n *b"], axis: Static[int, "n"]) -> Int32[Array, "*a *b", Index("n")]:
    return either(
        jnp.argmax(x, axis=axis),
        x.argmax(axis=axis),
        x.argmax(axis),
        jnp.argmax(x, axis),
        weights=(4, 3, 2, 1),
    )


@production(weight=0.5, magnitude=lambda n: n, names="nearest worst")
def argmin(x: Real[Array, "*a n *b"], axis: Static[int, "n"]) -> Int32[Array, "*a *b", Index("n")]:
    return either(jnp.argmin(x, axis=axis), x.argmin(axis=axis), jnp.argmin(x, axis), weights=(3, 2, 1))


@production(weight=0.3, magnitude=lambda n: n, names="best")
def argmax_kept(x: Real[Array, "*a n *b"], axis: Static[int, "n"]) -> Int32[Array, "*a 1 *b", Index("n")]:
    return jnp.argmax(x, axis=axis, keepdims=True)


@production(weight=0.1, magnitude=lambda n: n)
def lax_argmax(
    x: Real[Array, "*a n *b"], at: Static[int, axis("n", negative=False)]
) -> Int32[Array, "*a *b", Index("n")]:
    return lax.argmax(x, at, jnp.int32)


# --- truth ----------------------------------------------------------------------------------------

_truth = Reduction(production, Bool, weight=0.8, names="flag")


@_truth("whole", 0.6)
def all_whole(x: Array) -> Array:
    return either(jnp.all(x), x.all())


@_truth("whole", 0.6)
def any_whole(x: Array) -> Array:
    return either(jnp.any(x), x.any())


@_truth("axis")
def all_axis(x: Array, axis: int) -> Array:
    return either(jnp.all(x, axis=axis), x.all(axis=axis), x.all(axis))


@_truth("axis")
def any_axis(x: Array, axis: int) -> Array:
    return either(jnp.any(x, axis=axis), x.any(axis=axis), x.any(axis))


@_truth("kept", 0.3)
def all_kept(x: Array, axis: int) -> Array:
    return jnp.all(x, axis=axis, keepdims=True)


# --- spread, order statistics, norms --------------------------------------------------------------

_std = Reduction(production, Float, weight=0.6, keep=NonNegative, names="sigma std", differentiable=False)
_var = Reduction(production, Float, weight=0.5, grow=lambda x, n: 2 * x, keep=NonNegative, names="variance var")


@_std("axis")
def std_axis(x: Array, axis: int) -> Array:
    return either(jnp.std(x, axis=axis), x.std(axis=axis), x.std(axis))


@_std("whole", 0.6)
def std_whole(x: Array) -> Array:
    return either(jnp.std(x), x.std())


@_std("kept", 0.3)
def std_kept(x: Array, axis: int) -> Array:
    return jnp.std(x, axis=axis, keepdims=True)


@_std("axis", 0.15)
def std_unbiased(x: Array, axis: int) -> Array:
    return either(jnp.std(x, axis=axis, ddof=1), x.std(axis=axis, ddof=1))


@_var("axis")
def var_axis(x: Array, axis: int) -> Array:
    return either(jnp.var(x, axis=axis), x.var(axis=axis), x.var(axis))


@_var("whole", 0.5)
def var_whole(x: Array) -> Array:
    return either(jnp.var(x), x.var())


@_var("kept", 0.5)
def var_kept(x: Array, axis: int) -> Array:
    return either(jnp.var(x, axis=axis, keepdims=True), x.var(axis=axis, keepdims=True))


@_var("pair", 0.2)
def var_axes(x: Array, axes: tuple[int, int]) -> Array:
    return jnp.var(x, axis=axes)


plain(
    Reduction(production, Float, weight=0.1, keep=NonNegative, differentiable=False),
    jnp.nanstd,
    pairs=False,
    kept=False,
)
plain(
    Reduction(production, Float, weight=0.1, grow=lambda x, n: 2 * x, keep=NonNegative),
    jnp.nanvar,
    pairs=False,
    kept=False,
)
plain(Reduction(production, Float, weight=0.3, keep=_SIGN, names="median middle"), jnp.median, pairs=False)
plain(Reduction(production, Float, weight=0.1, keep=_SIGN), jnp.nanmedian, pairs=False, kept=False)

_quantile = Reduction(production, Float, weight=0.3, keep=_SIGN, names="threshold level")


@_quantile("axis")
def quantile_axis(x: Array, axis: int) -> Array:
    return jnp.quantile(x, 0.9, axis=axis)


@production(weight=0.3, names="threshold level")
def quantile_whole(
    x: Float[Array, "n *s"], q: Static[float, among(0.5, 0.25, 0.75, 0.9, 0.1)]
) -> Float[Array, "", SignOf("x")]:
    return either(jnp.quantile(x, q), jnp.quantile(x, q, method="linear"), weights=(4, 1))


@production(weight=0.3, names="threshold level")
def percentile_axis(
    x: Float[Array, "*a n *b"], q: Static[int, among(50, 90, 95, 75, 25, 5)], axis: Static[int, "n"]
) -> Float[Array, "*a *b", SignOf("x")]:
    return either(jnp.percentile(x, q, axis=axis), jnp.nanpercentile(x, q, axis=axis), weights=(5, 1))


@production(weight=0.4, names="average mean")
def average(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a *b", SignOf("x")]:
    return jnp.average(x, axis=axis)


@production(weight=0.3, names="average centroid")
def weighted_average(
    x: Float32[Array, "n *s"], weights: Float32[Array, "n", Positive]
) -> Float32[Array, "*s", SignOf("x")]:
    return jnp.average(x, axis=0, weights=weights)


_norm = Reduction(
    production, Float, weight=0.8, grow=total, keep=NonNegative, names="norm length", differentiable=False
)


@_norm("whole", 0.5)
def norm_whole(x: Array) -> Array:
    return either(jnp.linalg.norm(x.ravel()), jnp.sqrt(jnp.sum(jnp.square(x))), jnp.sqrt(jnp.sum(x * x)))


@_norm("axis")
def norm_axis(x: Array, axis: int) -> Array:
    return either(jnp.linalg.norm(x, axis=axis), jnp.linalg.vector_norm(x, axis=axis), weights=(8, 1))


@_norm("kept", 0.6)
def norm_kept(x: Array, axis: int) -> Array:
    return either(jnp.linalg.norm(x, axis=axis, keepdims=True), jnp.linalg.norm(x, ord=2, axis=axis, keepdims=True))


@_norm("axis", 0.2)
def norm_one(x: Array, axis: int) -> Array:
    return either(jnp.linalg.norm(x, ord=1, axis=axis), jnp.sum(jnp.abs(x), axis=axis))


@_norm("axis", 0.15)
def norm_inf(x: Array, axis: int) -> Array:
    return either(jnp.linalg.norm(x, ord=jnp.inf, axis=axis), jnp.max(jnp.abs(x), axis=axis))


@_norm("pair", 0.15)
def norm_frobenius(x: Array, axes: tuple[int, int]) -> Array:
    return either(jnp.linalg.norm(x, axis=axes), jnp.linalg.norm(x, ord="fro", axis=axes))


@production(weight=0.5, names="sq_norm energy", magnitude=lambda x, n: 2 * x + n)
def squared_norm(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a *b", NonNegative]:
    return either(jnp.sum(x**2, axis=axis), jnp.sum(jnp.square(x), axis=axis), jnp.sum(x * x, axis=axis))


# --- log-sum-exp --------------------------------------------------------------------------------

_lse = Reduction(production, Float, weight=0.6, grow=log_total, names="log_z lse log_norm")


@_lse("axis")
def logsumexp_axis(x: Array, axis: int) -> Array:
    return either(
        jax.scipy.special.logsumexp(x, axis=axis),
        jax.nn.logsumexp(x, axis=axis),
        jax.nn.logsumexp(x, axis),
        weights=(3, 2, 1),
    )


@_lse("whole", 0.4)
def logsumexp_whole(x: Array) -> Array:
    return either(jax.nn.logsumexp(x), jax.scipy.special.logsumexp(x))


# --- jax.lax --------------------------------------------------------------------------------------


def lax_reductions(rule: Reduction, *functions: Function) -> None:
    """`function(x, axes)` for each function of two axes."""
    for function in functions:
        _lax_pair(rule, function)


def _lax_pair(rule: Reduction, function: Function) -> None:
    @rule("pair lax", 1.0, "lax_" + label_of(function))
    def _(x: Array, axes: tuple[int, int]) -> Array:
        return either(function(x, axes), function(x, axes=axes))


lax_reductions(Reduction(production, Float, weight=0.12, grow=total, keep=_SIGN), lax.reduce_sum)
lax_reductions(Reduction(production, Float, weight=0.12, keep=_SIGN), lax.reduce_max, lax.reduce_min)
lax_reductions(Reduction(production, Float, weight=0.06, grow=product, keep=_SIGN), lax.reduce_prod)
lax_reductions(Reduction(production, Bool, weight=0.1), lax.reduce_and, lax.reduce_or)


@Reduction(production, Float, weight=0.2, grow=total, keep=_SIGN, names="total")("pair lax")
def lax_reduce_add(x: Array, axes: tuple[int, int]) -> Array:
    return lax.reduce(x, 0.0, lax.add, axes)


@Reduction(production, Float32, weight=0.15, names="peak")("pair lax")
def lax_reduce_maximum(x: Array, axes: tuple[int, int]) -> Array:
    return either(lax.reduce(x, -jnp.inf, lax.max, axes), lax.reduce(x, -jnp.inf, jnp.maximum, axes))


# --- of tables and samples --------------------------------------------------------------------------


@production(weight=0.2, names="area integral", magnitude=lambda x, n: x + n)
def trapezoid(x: Float[Array, "*s n"]) -> Float[Array, "*s", SignOf("x")]:
    return either(jnp.trapezoid(x, axis=-1), jnp.trapezoid(x))


@production(weight=0.7, names="trace total", magnitude=lambda x, n: x + n)
def trace(x: Float[Array, "n n"]) -> Float[Array, "", SignOf("x")]:
    return either(jnp.trace(x), x.trace(), weights=(1, 2))


@production(weight=0.3, names="traces", magnitude=lambda x, n: x + n)
def trace_batched(x: Float[Array, "*b n n"]) -> Float[Array, "*b", SignOf("x")]:
    return either(jnp.trace(x, axis1=-2, axis2=-1), x.trace(axis1=-2, axis2=-1), jnp.einsum("...ii->...", x))


@production(weight=0.3, names="cov covariance", magnitude=lambda x: 2 * x + 1)
def covariance(x: Float32[Array, "d n"]) -> Float32[Array, "d d"]:
    return jnp.cov(x)
