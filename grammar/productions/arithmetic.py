"""Arithmetic: sums, products, quotients and remainders, and what people write with them in one line."""

import math

import jax.numpy as jnp
from jax import lax

from grammar.rules.families import binary, pattern
from grammar.rules.notation import (
    Array,
    Complex,
    Float,
    Float32,
    Index,
    Inexact,
    Int,
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
from grammar.values.statics import among, new_size

production = Productions()


def log_sum(x: float, y: float) -> float:
    """log2(2^x + 2^y): the magnitude of a sum."""
    high, low = max(x, y), min(x, y)
    return high + (0.0 if high - low > 20 else math.log2(1 + 2 ** (low - high)))


# --- the operators ------------------------------------------------------------------------------------------


@production(weight=6, magnitude=log_sum, additive=True)
def add(x: Mixed[Array, "*#s"], y: Mixed[Array, "*#s"]) -> Mixed[Array, "*s"]:
    return either(x + y, jnp.add(x, y), weights=(20, 1))


@production(weight=5, magnitude=log_sum, additive=True)
def sub(x: Num[Array, "*#s"], y: Num[Array, "*#s"]) -> Num[Array, "*s"]:
    return either(x - y, jnp.subtract(x, y), weights=(40, 1))


@production(weight=6, magnitude=lambda x, y: x + y)
def mul(x: Mixed[Array, "*#s"], y: Mixed[Array, "*#s"]) -> Mixed[Array, "*s"]:
    return either(x * y, jnp.multiply(x, y), weights=(20, 1))


@production(weight=3, magnitude=lambda x, y: x + y)
def div(x: Float[Array, "*#s"], y: Float[Array, "*#s", Positive]) -> Float[Array, "*s"]:
    return either(x / y, jnp.divide(x, y), weights=(20, 1))


@production(weight=1, names="neg")
def neg(x: Inexact[Array, "*s"]) -> Inexact[Array, "*s"]:
    return either(-x, jnp.negative(x), lax.neg(x), weights=(20, 1, 0.3))


@production(weight=1, magnitude=log_sum, additive=True)
def add_complex(x: Inexact[Array, "*#s"], y: Inexact[Array, "*#s"]) -> Inexact[Array, "*s"]:
    return x + y


@production(weight=1, magnitude=lambda x, y: x + y)
def mul_complex(x: Complex[Array, "*#s"], y: Complex[Array, "*#s"]) -> Complex[Array, "*s"]:
    return x * y


@production(weight=0.7, magnitude=lambda x, gain: x + gain)
def scale_complex(x: Complex[Array, "*#s"], gain: Float32[Array, "*#s"]) -> Complex[Array, "*s"]:
    return either(x * gain, gain * x)


@production(weight=2)
def reduce_mean_all(x: Float[Array, "*s"]) -> Float[Array, ""]:
    return either(jnp.mean(x), x.mean())


@production(weight=2, names="activated h hidden")
def tanh(x: Float[Array, "*s"]) -> Float[Array, "*s", Unit]:
    return jnp.tanh(x)


# --- signs that a sum or product keeps ----------------------------------------------------------------------


@production(
    weight=1.5,
    names="stabilized denom",
    magnitude=lambda x, eps: max(log_sum(x, math.log2(eps)), -math.log2(eps)),
)
def add_epsilon(
    x: Float[Array, "*s", NonNegative], eps: Static[float, among(1e-6, 1e-5, 1e-3, 1e-2, 0.1, 1.0)]
) -> Float[Array, "*s", Positive]:
    return either(x + eps, eps + x, weights=(5, 1))


@production(weight=0.8, magnitude=log_sum, additive=True)
def add_positive(x: Float[Array, "*#s", Positive], y: Float[Array, "*#s", NonNegative]) -> Float[Array, "*s", Positive]:
    return x + y


@production(weight=0.6, magnitude=lambda x, y: x + y)
def mul_positive(x: Float[Array, "*#s", Positive], y: Float[Array, "*#s", Positive]) -> Float[Array, "*s", Positive]:
    return x * y


@production(weight=0.5, names="ratio", magnitude=lambda x, y: x + y)
def div_positive(x: Float[Array, "*#s", Positive], y: Float[Array, "*#s", Positive]) -> Float[Array, "*s", Positive]:
    return x / y


@production(weight=0.6, names="complement")
def one_minus(x: Float[Array, "*s", Probability]) -> Float[Array, "*s", Probability]:
    return either(1.0 - x, 1 - x)


@production(weight=0.3, names="centered u")
def to_symmetric(x: Float[Array, "*s", Probability]) -> Float[Array, "*s", Unit]:
    return either(2.0 * x - 1.0, 2 * x - 1, x * 2 - 1)


# --- scaling and shifting by a constant ---------------------------------------------------------------------


@production(weight=1, names="scaled", magnitude=lambda x, factor: x + math.log2(factor))
def scale_by(x: Float[Array, "*s"], factor: Static[float, among(0.5, 0.1, 2.0, 1e-2, 0.25, 3.0)]) -> Float[Array, "*s"]:
    return either(factor * x, x * factor)


@production(weight=0.6, names="scaled", magnitude=lambda x, factor: x - math.log2(factor))
def divide_by(x: Float[Array, "*s"], factor: Static[float, among(2.0, 10.0, 3.0, 4.0, 255.0)]) -> Float[Array, "*s"]:
    return x / factor


@production(weight=0.4, names="shifted", magnitude=lambda x, offset: log_sum(x, math.log2(offset)))
def shift_by(x: Real[Array, "*s"], offset: Static[int, among(1, 2)]) -> Real[Array, "*s"]:
    return x + offset


@production(weight=0.8, names="scaled scores", magnitude=lambda x, n: x - n / 2)
def scale_by_width(x: Float[Array, "*a n"]) -> Float[Array, "*a n"]:
    return either(
        x / jnp.sqrt(x.shape[-1]),
        x * x.shape[-1] ** -0.5,
        x / x.shape[-1] ** 0.5,
        x / jnp.sqrt(jnp.shape(x)[-1]),
        weights=(4, 2, 1, 0.5),
    )


@production(weight=0.5, names="averaged", magnitude=lambda x, n: x - n)
def divide_by_length(x: Float[Array, "n *a"]) -> Float[Array, "n *a"]:
    return either(x / x.shape[0], x * (1.0 / x.shape[0]), x / len(x), weights=(4, 1, 1))


# --- quotients and remainders -------------------------------------------------------------------------------


@production(weight=0.8, names="quotient coarse")
def floor_divide_int(x: Int[Array, "*s"], divisor: Static[int, among(2, 3, 4)]) -> Int[Array, "*s"]:
    return either(x // divisor, jnp.floor_divide(x, divisor), weights=(12, 1))


@production(
    weight=0.2, names="quotient", magnitude=lambda x, y: log_sum(x + y, 0), faithful=False, differentiable=False
)
def floor_divide(x: Float[Array, "*#s"], y: Float[Array, "*#s", Positive]) -> Float[Array, "*s"]:
    return either(x // y, jnp.floor_divide(x, y), weights=(3, 1))


@production(weight=0.8, names="bucket phase", magnitude=lambda n: math.log2(n))
def modulo_int(x: Int[Array, "*s"], n: Static[int, new_size("n", 2, 12)]) -> Int[Array, "*s", Index("n")]:
    return either(x % n, jnp.mod(x, n), jnp.remainder(x, n), weights=(8, 1, 0.3))


@production(weight=0.5, names="wrapped phase", magnitude=lambda x, y: y)
def modulo(x: Float[Array, "*#s"], y: Float[Array, "*#s", Positive]) -> Float[Array, "*s", NonNegative]:
    return either(x % y, jnp.mod(x, y), jnp.remainder(x, y), weights=(4, 3, 1))


@production(weight=0.15, names="quotient remainder", magnitude=lambda x, y: log_sum(x + y, 0))
def divmod_float(
    x: Float[Array, "*#s"], y: Float[Array, "*#s", Positive]
) -> tuple[Float[Array, "*s"], Float[Array, "*s"]]:
    return jnp.divmod(x, y)


@production(weight=0.2, names="quotient remainder")
def divmod_int(
    x: Int[Array, "*s"], divisor: Static[int, among(2, 3, 4, 8)]
) -> tuple[Int[Array, "*s"], Int[Array, "*s"]]:
    return either(jnp.divmod(x, divisor), divmod(x, divisor))


@production(weight=0.15, magnitude=lambda x, y: y)
def fmod(x: Float[Array, "*#s"], y: Float[Array, "*#s", Positive]) -> Float[Array, "*s"]:
    return jnp.fmod(x, y)


# --- two operands through lax, which neither broadcasts nor promotes ----------------------------------------

_SAME = pattern(Num[Array, "*s"])
_FLOATS = pattern(Float[Array, "*s"])
_POSITIVE = pattern(Float[Array, "*s", Positive])

binary(
    production, lax.add, lax.sub, additive=True, weight=0.3, left=_SAME, result=_SAME, magnitude=log_sum, prefix="lax_"
)
binary(production, lax.mul, weight=0.3, left=_SAME, result=_SAME, magnitude=lambda x, y: x + y, prefix="lax_")
binary(
    production,
    lax.div,
    weight=0.3,
    left=_FLOATS,
    right=_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x, y: x + y,
    prefix="lax_",
)
binary(
    production,
    lax.rem,
    weight=0.15,
    left=_FLOATS,
    right=_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x, y: y,
    prefix="lax_",
)

# --- other functions of two operands ------------------------------------------------------------------------

_BROADCAST = pattern(Float[Array, "*#s"])
_BROADCAST_POSITIVE = pattern(Float[Array, "*#s", Positive])
_BROADCAST_NONNEGATIVE = pattern(Float[Array, "*#s", NonNegative])

binary(
    production,
    jnp.arctan2,
    weight=0.4,
    names="angle theta",
    left=_BROADCAST,
    right=_BROADCAST_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x, y: 1.0,
)
binary(
    production,
    jnp.logaddexp,
    weight=0.4,
    left=_BROADCAST,
    result=_FLOATS,
    magnitude=lambda x, y: log_sum(max(x, y), 0),
)
binary(
    production,
    jnp.logaddexp2,
    weight=0.15,
    left=_BROADCAST,
    result=_FLOATS,
    magnitude=lambda x, y: log_sum(max(x, y), 0),
)
binary(
    production,
    jnp.hypot,
    weight=0.25,
    names="radius distance",
    left=_BROADCAST_POSITIVE,
    right=_BROADCAST,
    result=_POSITIVE,
    magnitude=lambda x, y: max(x, y) + 0.51,
)
binary(production, jnp.copysign, faithful=False, weight=0.15, left=_BROADCAST, result=_FLOATS, magnitude=lambda x, y: x)
binary(
    production,
    jnp.heaviside,
    faithful=False,
    differentiable=False,
    weight=0.1,
    left=_BROADCAST,
    right=_BROADCAST,
    result=_FLOATS,
)

# --- several operators in one line --------------------------------------------------------------------------


@production(weight=1.2, names="normalized z standardized", magnitude=lambda x, loc, scale: log_sum(x, loc) + scale)
def whiten(
    x: Float[Array, "*#s"], loc: Float[Array, "*#s"], scale: Float[Array, "*#s", Positive]
) -> Float[Array, "*s"]:
    return either((x - loc) / scale, jnp.divide(x - loc, scale), weights=(9, 1))


@production(weight=1, names="out shifted", magnitude=lambda x, scale, bias: log_sum(x + scale, bias))
def affine(x: Float[Array, "*#s"], scale: Float[Array, "*#s"], bias: Float[Array, "*#s"]) -> Float[Array, "*s"]:
    return either(x * scale + bias, scale * x + bias)


@production(weight=0.8, names="ema average", magnitude=lambda average, x: log_sum(average, x), additive=True)
def moving_average(
    average: Float[Array, "*s"], x: Float[Array, "*s"], decay: Static[float, among(0.9, 0.99, 0.95, 0.5)]
) -> Float[Array, "*s"]:
    return either(decay * average + (1.0 - decay) * x, decay * average + (1 - decay) * x)


@production(weight=0.7, names="mixed blended", magnitude=lambda x, y: log_sum(x, y))
def interpolate(
    gate: Float[Array, "*s", Probability], x: Float[Array, "*s"], y: Float[Array, "*s"]
) -> Float[Array, "*s"]:
    return either(gate * x + (1.0 - gate) * y, (1 - gate) * y + gate * x, y + gate * (x - y), weights=(3, 1, 1))


@production(weight=0.8, names="updated stepped", magnitude=lambda params, grads: log_sum(params, grads), additive=True)
def gradient_step(
    params: Float[Array, "*s"], grads: Float[Array, "*s"], rate: Static[float, among(0.1, 0.01, 1e-3)]
) -> Float[Array, "*s"]:
    return params - rate * grads


@production(weight=0.5, names="residual", magnitude=lambda x, y: 2 * log_sum(x, y), additive=True)
def squared_difference(x: Float[Array, "*#s"], y: Float[Array, "*#s"]) -> Float[Array, "*s", NonNegative]:
    return either((x - y) ** 2, jnp.square(x - y), weights=(3, 2))


@production(weight=0.5, names="midpoint", magnitude=lambda x, y: log_sum(x, y), additive=True)
def midpoint(x: Float[Array, "*#s"], y: Float[Array, "*#s"]) -> Float[Array, "*s"]:
    return either(0.5 * (x + y), (x + y) / 2, (x + y) * 0.5)


@production(weight=0.3, names="poly", magnitude=lambda coeffs, x: coeffs + 2 + 3 * max(x, 0.0))
def polyval(coeffs: Float[Array, "4"], x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return jnp.polyval(coeffs, x)
