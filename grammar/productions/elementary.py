"""Elementary functions: exponentials, logarithms, roots, powers, trigonometry, rounding and signs."""

import math

import jax.numpy as jnp
from jax import lax

from grammar.productions.arithmetic import log_sum
from grammar.rules.families import elementwise, pattern
from grammar.rules.notation import (
    Array,
    Float,
    Float32,
    Inexact,
    Int,
    Int32,
    Like,
    NonNegative,
    Positive,
    Probability,
    Productions,
    Real,
    Static,
    Unit,
    either,
)
from grammar.values.statics import among, between

production = Productions()

_FLOATS = pattern(Float[Array, "*s"])
_UNIT = pattern(Float[Array, "*s", Unit])
_POSITIVE = pattern(Float[Array, "*s", Positive])
_NONNEGATIVE = pattern(Float[Array, "*s", NonNegative])
_LOG2_E = math.log2(math.e)
_TOO_LARGE = 1e6


def _exponential(x: float) -> float:
    """log2 of exp(2^x), which bounds exp from above and, inverted, from below."""
    return _LOG2_E * 2**x if x < 10 else _TOO_LARGE


def _logarithm(x: float) -> float:
    """log2 of |log| of what lies between 2^-x and 2^x."""
    return math.log2(max(x, 1.0))


def _rounded(x: float) -> float:
    """Rounding moves by one at most; what lies within [-1, 1] would become a constant: it is refused."""
    return log_sum(x, 0) if x >= 1 else _TOO_LARGE


# --- exponentials and logarithms ----------------------------------------------------------------------------

elementwise(production, jnp.exp, weight=2.5, names="exps weights", result=_POSITIVE, magnitude=_exponential)
elementwise(production, jnp.exp2, weight=0.2, result=_POSITIVE, magnitude=lambda x: 2 ** min(x, 20))
elementwise(production, jnp.expm1, weight=0.3, magnitude=_exponential)
elementwise(production, jnp.log, weight=2, names="logs", operand=_POSITIVE, result=_FLOATS, magnitude=_logarithm)
elementwise(production, jnp.log2, weight=0.2, operand=_POSITIVE, result=_FLOATS, magnitude=_logarithm)
elementwise(production, jnp.log10, weight=0.2, operand=_POSITIVE, result=_FLOATS, magnitude=_logarithm)
elementwise(production, jnp.log1p, weight=0.7, operand=_NONNEGATIVE, magnitude=lambda x: _logarithm(log_sum(x, 0)))
elementwise(production, lax.exp, weight=0.2, result=_POSITIVE, magnitude=_exponential, prefix="lax_")
elementwise(production, lax.log, weight=0.2, operand=_POSITIVE, result=_FLOATS, magnitude=_logarithm, prefix="lax_")
elementwise(
    production,
    lax.log1p,
    weight=0.1,
    operand=_NONNEGATIVE,
    magnitude=lambda x: _logarithm(log_sum(x, 0)),
    prefix="lax_",
)


@production(weight=0.8, names="decay gaussian kernel", magnitude=lambda x: 0.0, faithful=False)
def gaussian(x: Float[Array, "*s"], width: Static[float, among(0.5, 2.0, 1.0, 0.1)]) -> Float[Array, "*s", Probability]:
    return either(jnp.exp(-width * x**2), jnp.exp(-width * jnp.square(x)), jnp.exp(-width * x * x))


@production(weight=0.6, names="decay damping", faithful=False)
def exp_decay(x: Float[Array, "*s", NonNegative]) -> Float[Array, "*s", Probability]:
    return either(jnp.exp(-x), jnp.exp(jnp.negative(x)), weights=(9, 1))


@production(weight=0.7, names="log_probs logs", magnitude=lambda x, eps: math.log2(max(x, -math.log2(eps)) + 1))
def log_of_shifted(
    x: Float[Array, "*s", NonNegative], eps: Static[float, among(1e-6, 1e-5, 1e-3, 1.0)]
) -> Float[Array, "*s"]:
    return either(jnp.log(x + eps), jnp.log(eps + x), weights=(6, 1))


# --- roots and powers ---------------------------------------------------------------------------------------

elementwise(production, jnp.sqrt, weight=3, names="root norm std", operand=_POSITIVE, magnitude=lambda x: x / 2)
elementwise(production, jnp.cbrt, weight=0.2, operand=_POSITIVE, magnitude=lambda x: x / 3)
elementwise(production, jnp.reciprocal, weight=0.4, names="inverse", operand=_POSITIVE)
elementwise(production, lax.rsqrt, weight=0.6, names="inv_std inv_norm", operand=_POSITIVE, magnitude=lambda x: x / 2)
elementwise(production, lax.sqrt, weight=0.2, operand=_POSITIVE, magnitude=lambda x: x / 2, prefix="lax_")
elementwise(production, lax.cbrt, weight=0.05, operand=_POSITIVE, magnitude=lambda x: x / 3, prefix="lax_")
elementwise(production, lax.reciprocal, weight=0.1, operand=_POSITIVE, prefix="lax_")
elementwise(
    production,
    jnp.square,
    weight=1.5,
    names="squared energy",
    operand=pattern(Real[Array, "*s"]),
    magnitude=lambda x: 2 * x,
)
elementwise(production, lax.square, weight=0.3, result=_NONNEGATIVE, magnitude=lambda x: 2 * x, prefix="lax_")


@production(weight=2, names="squared sq", magnitude=lambda x: 2 * x)
def square_power(x: Float[Array, "*s"]) -> Float[Array, "*s", NonNegative]:
    return either(x**2, jnp.square(x), x * x, jnp.power(x, 2), weights=(6, 2, 1, 1))


@production(weight=0.5, names="variance squares", magnitude=lambda x: 2 * x)
def square_positive(x: Float[Array, "*s", Positive]) -> Float[Array, "*s", Positive]:
    return either(x**2, jnp.square(x), x * x)


@production(weight=1, names="powers raised", magnitude=lambda x, exponent: exponent * max(x, 0.0))
def integer_power(x: Real[Array, "*s"], exponent: Static[int, among(2, 3, 4)]) -> Real[Array, "*s"]:
    return either(x**exponent, jnp.power(x, exponent), lax.integer_pow(x, exponent), weights=(9, 2, 0.5))


@production(weight=0.6, names="powers", magnitude=lambda x, exponent: abs(exponent) * x)
def real_power(
    x: Float[Array, "*s", Positive], exponent: Static[float, among(0.5, 1.5, -0.5, 0.25, -1.0, 2.5)]
) -> Float[Array, "*s", Positive]:
    return either(x**exponent, jnp.power(x, exponent), weights=(5, 1))


@production(weight=0.8, names="powers", magnitude=lambda x, y: x * 2 ** min(y, 10))
def power(x: Float[Array, "*#s", Positive], y: Float[Array, "*#s"]) -> Float[Array, "*s", Positive]:
    return either(x**y, jnp.power(x, y), jnp.pow(x, y), weights=(3, 3, 0.5))


@production(weight=0.1, names="powers", magnitude=lambda x, y: x * 2 ** min(y, 10))
def float_power(x: Float[Array, "*#s", Positive], y: Float[Array, "*#s"]) -> Float[Array, "*s", Positive]:
    return jnp.float_power(x, y)


@production(weight=0.1, magnitude=lambda x, y: x * 2 ** min(y, 10))
def lax_pow(x: Float[Array, "*s", Positive], y: Float[Array, "*s"]) -> Float[Array, "*s", Positive]:
    return lax.pow(x, y)


@production(weight=0.5, names="schedule growth", magnitude=lambda x, base: abs(math.log2(base)) * 2 ** min(x, 10))
def exponential_of_base(
    base: Static[float, among(2.0, 10.0, 0.9, 0.5)], x: Float[Array, "*s"]
) -> Float[Array, "*s", Positive]:
    return either(base**x, jnp.power(base, x), weights=(4, 1))


@production(weight=0.7, names="norm smooth_abs", magnitude=lambda x, eps: max(log_sum(x, 0), -math.log2(eps) / 2))
def smooth_abs(x: Float[Array, "*s"], eps: Static[float, among(1e-3, 1e-2, 1e-4, 1.0)]) -> Float[Array, "*s", Positive]:
    return either(jnp.sqrt(x**2 + eps), jnp.sqrt(jnp.square(x) + eps), weights=(3, 2))


@production(weight=0.5, names="weights lorentzian", magnitude=lambda x: log_sum(2 * x, 0))
def lorentzian(x: Float[Array, "*s"]) -> Float[Array, "*s", Positive]:
    return either(1.0 / (1.0 + x**2), 1.0 / (1.0 + jnp.square(x)), jnp.reciprocal(1.0 + x**2), weights=(4, 2, 1))


# --- trigonometry -------------------------------------------------------------------------------------------

elementwise(production, jnp.sin, jnp.cos, weight=1, names="wave", result=_UNIT)
elementwise(production, lax.sin, lax.cos, weight=0.1, result=_UNIT, prefix="lax_")
elementwise(production, lax.tanh, weight=0.15, result=_UNIT, prefix="lax_")
elementwise(production, jnp.sinc, weight=0.2, result=_UNIT)
elementwise(production, jnp.tan, weight=0.15, operand=_UNIT, result=_FLOATS, magnitude=lambda x: 0.7)
elementwise(production, jnp.arctan, weight=0.4, names="angle", magnitude=lambda x: min(x, 0.7))
elementwise(production, jnp.arcsinh, weight=0.15)
elementwise(production, jnp.sinh, jnp.cosh, weight=0.15, magnitude=_exponential)
elementwise(production, jnp.deg2rad, jnp.radians, weight=0.15, names="angle")
elementwise(production, jnp.rad2deg, jnp.degrees, weight=0.1, names="bearing", magnitude=lambda x: x + 5.9)


@production(weight=0.5, names="angle theta", magnitude=lambda x: 1.7)
def arccos(x: Float[Array, "*s", Unit], limit: Static[float, among(0.99, 0.95, 0.9)]) -> Float[Array, "*s"]:
    return jnp.arccos(jnp.clip(x, -limit, limit))


@production(weight=0.3, names="angle", magnitude=lambda x: 0.7)
def arcsin(x: Float[Array, "*s", Unit], limit: Static[float, among(0.99, 0.95, 0.9)]) -> Float[Array, "*s"]:
    return jnp.arcsin(jnp.clip(x, -limit, limit))


@production(weight=0.3, names="z", magnitude=lambda x: 1.5)
def arctanh(x: Float[Array, "*s", Unit], limit: Static[float, among(0.99, 0.95, 0.9)]) -> Float[Array, "*s"]:
    return either(jnp.arctanh(limit * x), jnp.arctanh(x * limit))


@production(weight=0.15, magnitude=lambda x: _logarithm(x + 2))
def arccosh(x: Float[Array, "*s", Positive]) -> Float[Array, "*s"]:
    return either(jnp.arccosh(1.5 + x), jnp.arccosh(x + 1.5))


@production(weight=0.8, names="sin_wave cos_wave")
def sin_and_cos(x: Float[Array, "*s"]) -> tuple[Float[Array, "*s", Unit], Float[Array, "*s", Unit]]:
    return jnp.sin(x), jnp.cos(x)


@production(weight=0.6, names="wave oscillation", magnitude=lambda x: 0.0)
def wave(x: Float[Array, "*s"], periods: Static[int, among(1, 2, 3, 4)]) -> Float[Array, "*s", Unit]:
    return either(jnp.sin(periods * jnp.pi * x), jnp.sin(jnp.pi * periods * x))


@production(weight=0.4, names="annealed schedule")
def cosine_schedule(x: Float[Array, "*s", Probability]) -> Float[Array, "*s", Probability]:
    return either(0.5 * (1.0 + jnp.cos(jnp.pi * x)), 0.5 * (1 + jnp.cos(jnp.pi * x)))


# --- signs, rounding, parts of a float ----------------------------------------------------------------------


@production(weight=2, names="magnitude abs_diff")
def absolute(x: Real[Array, "*s"]) -> Real[Array, "*s", NonNegative]:
    return either(jnp.abs(x), jnp.absolute(x), abs(x), weights=(12, 0.7, 1))


elementwise(production, jnp.sign, faithful=False, differentiable=False, weight=0.5, names="signs", result=_UNIT)
elementwise(production, lax.sign, faithful=False, differentiable=False, weight=0.1, result=_UNIT, prefix="lax_")
elementwise(production, lax.abs, weight=0.15, result=_NONNEGATIVE, prefix="lax_")
elementwise(production, jnp.fabs, weight=0.05, result=_NONNEGATIVE)
elementwise(production, jnp.floor, faithful=False, differentiable=False, weight=0.4, names="lower", magnitude=_rounded)
elementwise(production, jnp.ceil, faithful=False, differentiable=False, weight=0.2, names="upper", magnitude=_rounded)
elementwise(production, jnp.trunc, faithful=False, differentiable=False, weight=0.1, magnitude=_rounded)
elementwise(
    production, jnp.rint, faithful=False, differentiable=False, weight=0.15, names="rounded", magnitude=_rounded
)
elementwise(
    production,
    lax.floor,
    lax.ceil,
    lax.round,
    faithful=False,
    differentiable=False,
    weight=0.05,
    magnitude=_rounded,
    prefix="lax_",
)
elementwise(production, jnp.nan_to_num, weight=0.3, names="cleaned", result=pattern(Float[Array, "*s", Like("x")]))


@production(weight=0.5, names="rounded", magnitude=_rounded, faithful=False, differentiable=False)
def round_(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return either(jnp.round(x), x.round())


@production(weight=0.15, names="rounded", magnitude=lambda x: log_sum(x, 0), faithful=False, differentiable=False)
def round_decimals(x: Float32[Array, "*s"], decimals: Static[int, between(1, 3)]) -> Float32[Array, "*s"]:
    return either(jnp.round(x, decimals), jnp.round(x, decimals=decimals), x.round(decimals))


@production(weight=0.3, names="fraction whole", faithful=False)
def modf(x: Float[Array, "*s"]) -> tuple[Float[Array, "*s", Unit], Float[Array, "*s"]]:
    return jnp.modf(x)


@production(weight=0.3, names="fraction phase")
def fractional_part(x: Float[Array, "*s"]) -> Float[Array, "*s", Probability]:
    return either(x - jnp.floor(x), jnp.mod(x, 1.0))


@production(weight=0.15, names="mantissa exponent", differentiable=False, magnitude=lambda x: 8.0)
def frexp(x: Float32[Array, "*s", Positive]) -> tuple[Float32[Array, "*s"], Int32[Array, "*s"]]:
    return jnp.frexp(x)


@production(weight=0.15, magnitude=lambda x, exponent: x + exponent)
def ldexp(x: Float[Array, "*s"], exponent: Static[int, between(1, 4)]) -> Float[Array, "*s"]:
    return jnp.ldexp(x, exponent)


@production(weight=0.1, differentiable=False, magnitude=lambda x, y: x + 0.1)
def nextafter(x: Float32[Array, "*s"], y: Float32[Array, "*s"]) -> Float32[Array, "*s"]:
    return either(jnp.nextafter(x, y), lax.nextafter(x, y))


@production(weight=0.1, names="high_bit", differentiable=False)
def signbit(x: Float[Array, "*s"]) -> Int32[Array, "*s"]:
    return jnp.signbit(x).astype(jnp.int32)


@production(weight=0.25, names="rounded low_precision")
def reduce_precision(x: Float32[Array, "*s"], bits: Static[int, among(7, 10)]) -> Float32[Array, "*s", Like("x")]:
    return lax.reduce_precision(x, exponent_bits=8, mantissa_bits=bits)


# --- what has no value of its own ---------------------------------------------------------------------------


@production(weight=1.5, names="target frozen detached", differentiable=False)
def stop_gradient(x: Float[Array, "*s"]) -> Float[Array, "*s", Like("x")]:
    return lax.stop_gradient(x)


@production(weight=0.4, names="quantized hard", magnitude=_rounded, faithful=False)
def straight_through(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return x + lax.stop_gradient(jnp.round(x) - x)


@production(weight=0.3, names="copied")
def optimization_barrier(x: Inexact[Array, "*s"]) -> Inexact[Array, "*s", Like("x")]:
    return lax.optimization_barrier(x)


@production(weight=0.3, names="cleaned", faithful=False)
def replace_nans(x: Float[Array, "*s"], limit: Static[float, among(10.0, 100.0, 1000.0)]) -> Float[Array, "*s"]:
    return jnp.nan_to_num(x, nan=0.0, posinf=limit, neginf=-limit)


@production(weight=0.3, names="scores")
def count_sign(x: Int[Array, "*s"]) -> Int[Array, "*s"]:
    return jnp.sign(x)
