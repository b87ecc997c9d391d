"""Dtypes: casts between classes, bits of a value, complex numbers and their parts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike

from grammar.choices import Choices
from grammar.productions.arithmetic import log_sum
from grammar.rules.families import pattern
from grammar.rules.notation import (
    Array,
    ArrayPattern,
    Bool,
    Complex,
    Float,
    Float32,
    Index,
    Inexact,
    Int,
    Int32,
    Like,
    Mixed,
    NonNegative,
    Positive,
    Probability,
    Productions,
    RefinementRule,
    Static,
    UInt32,
    Unit,
    either,
)
from grammar.values.binding import Binding
from grammar.values.dims import Dims
from grammar.values.statics import DtypeName, StaticSpec, among

production = Productions()


@dataclass(frozen=True)
class _FloatDtype(StaticSpec):
    """The dtype of the floats of the signature, or a default where nothing else decides."""

    default: str

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> DtypeName:
        return DtypeName(binding.dtype("Float") or self.default)

    def bind(self, value: DtypeName, binding: Binding) -> Binding:
        return binding.with_dtype("Float", str(value))


_TO_FLOAT = _FloatDtype("float32")
_TO_HALF = _FloatDtype("bfloat16")


def _only(*dtypes: str, refinement: RefinementRule | None = None) -> ArrayPattern:
    """Arrays of dtypes that have no class of their own."""
    return ArrayPattern(f"only {' '.join(dtypes)}", dtypes, Dims.parse("*s"), refinement or RefinementRule())


_FLOATS = pattern(Float[Array, "*s"])
_FLOAT32 = pattern(Float32[Array, "*s"])
_HALF = _only("bfloat16", "float16")
_INT8 = _only("int8")
_UINT8 = _only("uint8", refinement=NonNegative)

# --- casts to floats, which also join values of different classes -------------------------------------------


@production(weight=3, names="mask_f weights", magnitude=lambda mask: 0.0)
def bool_to_float(mask: Bool[Array, "*s"], dtype: Static[DTypeLike, _TO_FLOAT]) -> Float[Array, "*s", Probability]:
    return either(
        mask.astype(dtype),
        jnp.asarray(mask, dtype=dtype),
        lax.convert_element_type(mask, dtype),
        jnp.astype(mask, dtype),
        jnp.array(mask, dtype=dtype),
        weights=(14, 1, 1, 0.3, 0.5),
    )


@production(weight=3, names="values positions")
def int_to_float(counts: Int[Array, "*s"], dtype: Static[DTypeLike, _TO_FLOAT]) -> Float[Array, "*s"]:
    return either(
        counts.astype(dtype),
        jnp.asarray(counts, dtype=dtype),
        jnp.asarray(counts, dtype),
        lax.convert_element_type(counts, dtype),
        jnp.array(counts, dtype=dtype),
        weights=(14, 1, 1, 1, 0.5),
    )


@production(weight=1, names="magnitudes amplitude")
def complex_to_float(z: Complex[Array, "*s"], dtype: Static[DTypeLike, _TO_FLOAT]) -> Float[Array, "*s"]:
    return jnp.abs(z).astype(dtype)


@production(
    weight=1.5,
    names="upcast values",
    signature={"x": _HALF, "dtype": _TO_FLOAT, "return": _FLOATS},
)
def half_to_float(x: Array, dtype: DTypeLike) -> Array:
    return either(x.astype(dtype), lax.convert_element_type(x, dtype), weights=(9, 1))


@production(weight=0.6, names="casted low")
def float32_to_half(x: Float32[Array, "*s"], dtype: Static[DTypeLike, _TO_HALF]) -> Float[Array, "*s"]:
    return either(x.astype(dtype), lax.convert_element_type(x, dtype), jnp.asarray(x, dtype), weights=(9, 1, 1))


@production(weight=0.6, names="rounded low_precision")
def through_bfloat16(x: Float[Array, "*s"], dtype: Static[DTypeLike, _TO_FLOAT]) -> Float[Array, "*s", Like("x")]:
    return x.astype(jnp.bfloat16).astype(dtype)


@production(weight=0.3, names="rounded")
def through_float16(x: Float[Array, "*s", Unit], dtype: Static[DTypeLike, _TO_FLOAT]) -> Float[Array, "*s", Unit]:
    return x.astype(jnp.float16).astype(dtype)


@production(weight=0.3, names="values", magnitude=lambda mask: 0.0)
def float32_of_bool(mask: Bool[Array, "*s"]) -> Float32[Array, "*s", Probability]:
    return either(jnp.float32(mask), mask * jnp.float32(1.0))


@production(weight=0.4, names="values")
def float32_of_int(counts: Int[Array, "*s"]) -> Float32[Array, "*s"]:
    return either(jnp.float32(counts), counts * jnp.float32(1.0))


# --- casts to integers and bools ----------------------------------------------------------------------------


@production(weight=1.5, names="levels codes", magnitude=lambda x, levels: x + math.log2(levels))
def float_to_int(x: Float[Array, "*s"], levels: Static[int, among(4, 8, 10, 16)]) -> Int32[Array, "*s"]:
    return either(
        (x * levels).astype(jnp.int32),
        jnp.asarray(x * levels, dtype=jnp.int32),
        jnp.int32(x * levels),
        lax.convert_element_type(x * levels, jnp.int32),
        weights=(8, 1, 1, 1),
    )


@production(weight=0.7, names="ids codes", magnitude=lambda x: log_sum(x, 0))
def round_to_int(x: Float[Array, "*s"]) -> Int32[Array, "*s"]:
    return either(jnp.round(x).astype(jnp.int32), jnp.rint(x).astype(jnp.int32), weights=(4, 1))


@production(weight=0.7, names="cells bins", magnitude=lambda x, levels: log_sum(x + math.log2(levels), 0))
def floor_to_int(x: Float[Array, "*s"], levels: Static[int, among(2, 4, 10)]) -> Int32[Array, "*s"]:
    return jnp.floor(x * levels).astype(jnp.int32)


@production(weight=2, names="flags bits", magnitude=lambda mask: 1.0)
def bool_to_int(mask: Bool[Array, "*s"]) -> Int32[Array, "*s", Index("2")]:
    return either(
        mask.astype(jnp.int32),
        mask.astype(int),
        jnp.int32(mask),
        jnp.asarray(mask, dtype=jnp.int32),
        jnp.where(mask, 1, 0),
        weights=(9, 2, 1, 1, 2),
    )


@production(weight=1, names="nonzero mask")
def int_to_bool(x: Int[Array, "*s"]) -> Bool[Array, "*s"]:
    return either(x.astype(bool), x.astype(jnp.bool_), x != 0, jnp.asarray(x, dtype=bool), weights=(3, 3, 2, 0.5))


@production(
    weight=0.5,
    names="pixels",
    magnitude=lambda x: 8.0,
    signature={"x": pattern(Float[Array, "*s", Probability]), "return": _UINT8},
)
def to_uint8(x: Array) -> Array:
    return either((x * 255).astype(jnp.uint8), (x * 255.0).astype(jnp.uint8), jnp.uint8(x * 255))


@production(
    weight=0.5,
    names="images_f",
    magnitude=lambda images: 0.0,
    signature={"images": _UINT8, "return": pattern(Float32[Array, "*s", Probability])},
)
def from_uint8(images: Array) -> Array:
    return either(
        images.astype(jnp.float32) / 255.0,
        (images / 255.0).astype(jnp.float32),
        jnp.float32(images) / 255,
        weights=(5, 2, 1),
    )


@production(
    weight=0.4,
    names="quantized q",
    magnitude=lambda x: 7.0,
    signature={"x": _FLOATS, "step": among(0.1, 0.05, 0.02), "return": _INT8},
)
def quantize(x: Array, step: float) -> Array:
    return jnp.clip(jnp.round(x / step), -127, 127).astype(jnp.int8)


@production(
    weight=0.4,
    names="dequantized",
    magnitude=lambda q: 4.0,
    signature={"q": _INT8, "step": among(0.1, 0.05, 0.02), "return": _FLOAT32},
)
def dequantize(q: Array, step: float) -> Array:
    return either(q.astype(jnp.float32) * step, step * q.astype(jnp.float32))


@production(weight=0.3, names="codes", signature={"x": pattern(Int32[Array, "*s"]), "return": _only("int16")})
def to_int16(x: Array) -> Array:
    return x.astype(jnp.int16)


@production(weight=0.4, names="hashed words")
def to_uint32(x: Int32[Array, "*s", NonNegative]) -> UInt32[Array, "*s"]:
    return either(x.astype(jnp.uint32), jnp.uint32(x), lax.convert_element_type(x, jnp.uint32), weights=(6, 1, 1))


# --- the dtype of another value -----------------------------------------------------------------------------


@production(weight=0.6, names="product", magnitude=lambda x, y: x + y)
def mul_common(x: Mixed[Array, "*s"], y: Mixed[Array, "*s"]) -> Mixed[Array, "*s"]:
    dtype = either(jnp.result_type(x, y), jnp.promote_types(x.dtype, y.dtype), weights=(9, 1))
    return x.astype(dtype) * y.astype(dtype)


@production(weight=0.4, names="stabilized", magnitude=lambda x: max(log_sum(x, 0), 23.1))
def add_machine_epsilon(x: Float32[Array, "*s", NonNegative]) -> Float32[Array, "*s", Positive]:
    return x + jnp.finfo(x.dtype).eps


# --- bits ---------------------------------------------------------------------------------------------------


@production(weight=0.4, names="bits", differentiable=False, magnitude=lambda x: 31.0)
def float_bits(x: Float32[Array, "*s"]) -> Int32[Array, "*s"]:
    return either(lax.bitcast_convert_type(x, jnp.int32), x.view(jnp.int32))


@production(weight=0.2, names="bits", differentiable=False, magnitude=lambda x: 32.0)
def float_words(x: Float32[Array, "*s"]) -> UInt32[Array, "*s"]:
    return either(lax.bitcast_convert_type(x, jnp.uint32), x.view(jnp.uint32))


@production(weight=0.4, names="uniform", differentiable=False, magnitude=lambda words: 0.0)
def bits_to_uniform(words: UInt32[Array, "*s"]) -> Float32[Array, "*s", Probability]:
    bits = words * jnp.uint32(0x9E3779B9)
    return lax.bitcast_convert_type((bits >> 9) | 0x3F800000, jnp.float32) - 1.0


@production(weight=0.3, names="hashed", magnitude=lambda x: 32.0)
def mix_bits(x: UInt32[Array, "*s"]) -> UInt32[Array, "*s"]:
    return either((x ^ (x >> 16)) * 0x45D9F3B, lax.mul(x ^ (x >> 16), jnp.uint32(0x45D9F3B)), weights=(3, 1))


@production(weight=0.2, names="exponent", differentiable=False, magnitude=lambda x: 7.0)
def exponent_bits(x: Float32[Array, "*s", Positive]) -> Int32[Array, "*s"]:
    return ((lax.bitcast_convert_type(x, jnp.int32) >> 23) & 0xFF) - 127


# --- complex numbers ----------------------------------------------------------------------------------------


@production(weight=0.8, names="z", magnitude=log_sum)
def to_complex(x: Float32[Array, "*s"], y: Float32[Array, "*s"]) -> Complex[Array, "*s"]:
    return either(x + 1j * y, lax.complex(x, y), weights=(2, 1))


@production(weight=0.5, names="z amplitudes")
def float_to_complex(x: Float32[Array, "*s"]) -> Complex[Array, "*s"]:
    return either(x.astype(jnp.complex64), jnp.asarray(x, dtype=jnp.complex64), jnp.complex64(x), weights=(4, 1, 1))


@production(weight=0.6, names="phases rotation", magnitude=lambda x: 0.0)
def phase(x: Float32[Array, "*s"]) -> Complex[Array, "*s"]:
    return either(jnp.exp(1j * x), jnp.exp(x * 1j), lax.complex(jnp.cos(x), jnp.sin(x)), weights=(5, 1, 1))


@production(weight=0.4, names="z", magnitude=lambda radius: radius)
def polar(radius: Float32[Array, "*s"], angle: Float32[Array, "*s"]) -> Complex[Array, "*s"]:
    return radius * jnp.exp(1j * angle)


@production(weight=1, names="real_part")
def real(z: Complex[Array, "*s"]) -> Float32[Array, "*s"]:
    return either(z.real, jnp.real(z), lax.real(z), weights=(8, 3, 0.4))


@production(weight=0.5, names="imag_part")
def imag(z: Complex[Array, "*s"]) -> Float32[Array, "*s"]:
    return either(z.imag, jnp.imag(z), lax.imag(z), weights=(4, 2, 0.4))


@production(weight=0.6, names="conjugate")
def conj(z: Complex[Array, "*s"]) -> Complex[Array, "*s"]:
    return either(jnp.conj(z), z.conj(), jnp.conjugate(z), lax.conj(z), weights=(3, 4, 0.5, 0.4))


@production(weight=1, names="amplitude magnitudes")
def abs_complex(z: Complex[Array, "*s"]) -> Float32[Array, "*s", NonNegative]:
    return either(jnp.abs(z), abs(z), lax.abs(z), weights=(9, 1, 0.5))


@production(weight=0.8, names="power intensity", magnitude=lambda z: 2 * max(z, 0.0))
def power_spectrum(z: Complex[Array, "*s"]) -> Float32[Array, "*s", NonNegative]:
    return either(
        jnp.abs(z) ** 2,
        z.real**2 + z.imag**2,
        jnp.square(jnp.abs(z)),
        jnp.real(z * jnp.conj(z)),
        weights=(4, 2, 1, 1),
    )


@production(weight=0.4, names="angles phase_angle", magnitude=lambda z: 1.7)
def angle(z: Complex[Array, "*s"]) -> Float32[Array, "*s"]:
    return jnp.angle(z)


@production(weight=0.2, names="w", magnitude=lambda z: 1.4427 * 2 ** min(z, 10))
def exp_complex(z: Complex[Array, "*s"]) -> Complex[Array, "*s"]:
    return jnp.exp(z)


@production(weight=0.5, names="copied")
def copy(x: Inexact[Array, "*s"]) -> Inexact[Array, "*s", Like("x")]:
    return either(x.copy(), jnp.copy(x), jnp.array(x), weights=(4, 1, 2))
