"""Arrays that come from nothing but a shape, and their meetings with others.

A program must depend on its inputs, so constants that would swallow them (zeros as a factor) are rare on
their own and stand mostly inside an idiom.
"""

from collections.abc import Callable
from math import log2
from typing import TypeVar

import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike

from grammar.choices import Choices
from grammar.rules.families import label_of
from grammar.rules.notation import (
    Array,
    Bool,
    Float,
    Float32,
    Function,
    Index,
    Int32,
    NonNegative,
    Positive,
    Productions,
    Real,
    SignOf,
    Simplex,
    Static,
    Unit,
    either,
)
from grammar.values.binding import Binding
from grammar.values.statics import among, dtype, shape, size

production = Productions()

F = TypeVar("F", bound=Callable[..., Array])
_FLOAT = dtype("Float")


def _float(binding: Binding, choices: Choices) -> Binding | None:
    """Any float dtype where the result does not ask for one."""
    return binding if binding.dtype("Float") else binding.with_dtype("Float", "float32")


def flat(weight: float, names: str = "") -> Callable[[F], F]:
    """A production whose values lie in [-1, 1]."""
    return production(weight=weight, names=names, magnitude=lambda: 0.0)


def wide(weight: float, names: str = "") -> Callable[[F], F]:
    """The same, of the float dtype wanted."""
    return production(weight=weight, names=names, magnitude=lambda: 0.0, relation=_float)


# --- zeros, ones, full ------------------------------------------------------------------------------


@flat(0.3, "init")
def zeros(dims: Static[tuple[int, ...], shape("n *s")]) -> Float32[Array, "n *s", NonNegative]:
    return either(jnp.zeros(dims), jnp.zeros(shape=dims), jnp.zeros(dims, dtype=jnp.float32), weights=(5, 1, 2))


@wide(0.3, "init")
def zeros_dtype(
    dims: Static[tuple[int, ...], shape("n *s")], kind: Static[DTypeLike, _FLOAT]
) -> Float[Array, "n *s", NonNegative]:
    return either(jnp.zeros(dims, kind), jnp.zeros(dims, dtype=kind), lax.full(dims, 0.0, kind), weights=(3, 5, 0.3))


@flat(0.3, "init counts")
def zeros_int(n: Static[int, size("n")]) -> Int32[Array, "n", NonNegative]:
    return either(jnp.zeros(n, jnp.int32), jnp.zeros((n,), dtype=jnp.int32))


@flat(0.5, "weights")
def ones(dims: Static[tuple[int, ...], shape("n *s")]) -> Float32[Array, "n *s", Positive]:
    return either(jnp.ones(dims), jnp.ones(shape=dims), jnp.ones(dims, dtype=jnp.float32), weights=(6, 1, 1))


@wide(0.4, "weights")
def ones_dtype(
    dims: Static[tuple[int, ...], shape("n *s")], kind: Static[DTypeLike, _FLOAT]
) -> Float[Array, "n *s", Positive]:
    return either(jnp.ones(dims, kind), jnp.ones(dims, dtype=kind))


@flat(0.2, "weights")
def ones_vector(n: Static[int, size("n")]) -> Float32[Array, "n", Positive]:
    return either(jnp.ones(n), jnp.ones((n,)))


_NUMBERS = among(0.5, 0.1, 0.25, 0.9, 0.2)


@production(weight=0.4, magnitude=lambda: 4.0, relation=_float)
def full(
    dims: Static[tuple[int, ...], shape("n *s")], number: Static[float, _NUMBERS], kind: Static[DTypeLike, _FLOAT]
) -> Float[Array, "n *s", Positive]:
    return either(jnp.full(dims, number, dtype=kind), jnp.full(dims, number, kind), lax.full(dims, number, kind))


@production(weight=0.3)
def full_of(x: Real[Array, ""], dims: Static[tuple[int, ...], shape("n *s")]) -> Real[Array, "n *s", SignOf("x")]:
    return either(jnp.full(dims, x), jnp.broadcast_to(x, dims), weights=(3, 1))


@flat(0.2)
def ones_mask(n: Static[int, size("n")]) -> Bool[Array, "n n"]:
    return either(jnp.tril(jnp.ones((n, n), dtype=bool)), jnp.tril(jnp.ones((n, n), dtype=jnp.bool_)))


@flat(0.2, "mask causal")
def causal_mask(n: Static[int, size("n")]) -> Bool[Array, "n n"]:
    return jnp.arange(n)[:, None] >= jnp.arange(n)[None, :]


@flat(0.3, "weights uniform")
def uniform_weights(n: Static[int, size("n")]) -> Float32[Array, "n", Simplex]:
    return either(jnp.ones(n) / n, jnp.full((n,), 1.0 / n, dtype=jnp.float32), jnp.ones((n,)) / n)


# --- the like of an operand, in its idioms --------------------------------------------------------------


@production(weight=0.7, names="clipped rectified", faithful=False)
def above_zero(x: Float[Array, "*s"]) -> Float[Array, "*s", NonNegative]:
    return either(jnp.maximum(x, jnp.zeros_like(x)), jnp.where(x > 0, x, jnp.zeros_like(x)))


@production(weight=0.6, names="masked kept")
def zeros_where(x: Real[Array, "*s"], mask: Bool[Array, "*s"]) -> Real[Array, "*s"]:
    return either(jnp.where(mask, x, jnp.zeros_like(x)), lax.select(mask, x, jnp.zeros_like(x)))


@production(weight=0.3, names="safe denominator", faithful=False)
def ones_where_small(x: Float[Array, "*s", NonNegative]) -> Float[Array, "*s"]:
    return either(jnp.where(x > 0.5, x, 0.5 * jnp.ones_like(x)), jnp.maximum(x, 0.5 * jnp.ones_like(x)))


@production(weight=0.3, names="shifted", magnitude=lambda x: x + 1)
def add_ones(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return x + jnp.ones_like(x)


@production(weight=0.3, names="scaled")
def scaled_like(x: Float[Array, "*s"], number: Static[float, _NUMBERS]) -> Float[Array, "*s"]:
    return x * jnp.full_like(x, number)


@production(weight=0.3, names="padded")
def pad_with_zeros(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n+n *b"]:
    return jnp.concatenate([x, jnp.zeros_like(x)], axis=axis)


@production(weight=0.4, names="homogeneous augmented", magnitude=lambda x: max(x, 0.0))
def append_ones(x: Float32[Array, "m n"]) -> Float32[Array, "m n+1"]:
    return either(
        jnp.concatenate([x, jnp.ones((x.shape[0], 1))], axis=1),
        jnp.hstack([x, jnp.ones((x.shape[0], 1))]),
        weights=(3, 1),
    )


@production(weight=0.4, names="shifted delayed")
def shift_by_one(x: Float32[Array, "n *s"]) -> Float32[Array, "n *s"]:
    return either(
        jnp.concatenate([jnp.zeros_like(x[:1]), x[:-1]]),
        jnp.concatenate([jnp.zeros((1, *x.shape[1:])), x[:-1]], axis=0),
    )


@production(weight=0.3, names="total", magnitude=lambda x, n: x + n)
def sum_by_ones(x: Float32[Array, "m n"]) -> Float32[Array, "m", SignOf("x")]:
    return x @ jnp.ones(x.shape[-1])


# --- ranges ----------------------------------------------------------------------------------------


@production(weight=1.5, names="positions steps idx", magnitude=lambda n: log2(n))
def arange(n: Static[int, size("n")]) -> Int32[Array, "n", Index("n")]:
    return either(
        jnp.arange(n),
        jnp.arange(n, dtype=jnp.int32),
        jnp.arange(0, n),
        lax.iota(jnp.int32, n),
        weights=(8, 1, 1, 0.3),
    )


@production(weight=0.8, names="positions t steps", magnitude=lambda n: log2(n), relation=_float)
def arange_float(n: Static[int, size("n")], kind: Static[DTypeLike, _FLOAT]) -> Float[Array, "n", NonNegative]:
    return either(jnp.arange(n, dtype=kind), jnp.arange(n).astype(kind))


@production(weight=0.3, names="positions", magnitude=lambda n: log2(n) + 1)
def arange_from_one(n: Static[int, size("n")]) -> Float32[Array, "n", Positive]:
    return either(jnp.arange(1, n + 1, dtype=jnp.float32), jnp.arange(n, dtype=jnp.float32) + 1)


@production(weight=0.4, names="positions", magnitude=lambda n: log2(n))
def arange_column(n: Static[int, size("n")]) -> Int32[Array, "n 1", Index("n")]:
    return either(jnp.arange(n)[:, None], jnp.arange(n).reshape(-1, 1), jnp.expand_dims(jnp.arange(n), 1))


@production(weight=0.4, names="positions rows cols", magnitude=lambda m, n: max(m, n))
def broadcasted_iota(
    dims: Static[tuple[int, int], shape("m n")], at: Static[int, among(1, 0)]
) -> Int32[Array, "m n", NonNegative]:
    return lax.broadcasted_iota(jnp.int32, dims, at)


@production(weight=0.2, names="grid", magnitude=lambda m, n: max(m, n))
def indices(dims: Static[tuple[int, int], shape("m n")]) -> Int32[Array, "2 m n", NonNegative]:
    return jnp.indices(dims)


@flat(0.5, "grid t")
def linspace(n: Static[int, size("n")]) -> Float32[Array, "n", Unit]:
    return either(jnp.linspace(0.0, 1.0, n), jnp.linspace(0, 1, num=n), weights=(3, 1))


@wide(0.4, "grid xs")
def linspace_centered(n: Static[int, size("n")], kind: Static[DTypeLike, _FLOAT]) -> Float[Array, "n", Unit]:
    return jnp.linspace(-1.0, 1.0, n, dtype=kind)


@flat(0.2, "angles grid")
def linspace_open(n: Static[int, size("n")]) -> Float32[Array, "n", NonNegative]:
    return jnp.linspace(0.0, 1.0, n, endpoint=False)


@production(weight=0.3, names="angles phase", magnitude=lambda: 3.0)
def angles(n: Static[int, size("n")]) -> Float32[Array, "n", NonNegative]:
    return jnp.linspace(0.0, 2 * jnp.pi, n)


@production(weight=0.3, names="scales freqs rates", magnitude=lambda: 10.0)
def logspace(n: Static[int, size("n")]) -> Float32[Array, "n", Positive]:
    return either(jnp.logspace(-3.0, 0.0, n), jnp.logspace(-3, 0, num=n))


@production(weight=0.2, names="scales rates", magnitude=lambda: 10.0)
def geomspace(n: Static[int, size("n")]) -> Float32[Array, "n", Positive]:
    return jnp.geomspace(0.001, 1.0, n)


# --- matrices and windows ------------------------------------------------------------------------------


@flat(0.6, "identity")
def eye(n: Static[int, size("n")]) -> Float32[Array, "n n", NonNegative]:
    return either(jnp.eye(n), jnp.identity(n), jnp.eye(n, dtype=jnp.float32), weights=(6, 1, 1))


@wide(0.3, "identity")
def eye_dtype(n: Static[int, size("n")], kind: Static[DTypeLike, _FLOAT]) -> Float[Array, "n n", NonNegative]:
    return either(jnp.eye(n, dtype=kind), jnp.identity(n, dtype=kind), weights=(4, 1))


@flat(0.2, "projection")
def eye_rectangular(m: Static[int, size("m")], n: Static[int, size("n")]) -> Float32[Array, "m n", NonNegative]:
    return jnp.eye(m, n)


@production(weight=0.5, names="shifted regularised", magnitude=lambda x: x + 1)
def add_eye(x: Float[Array, "*b n n"], number: Static[float, _NUMBERS]) -> Float[Array, "*b n n"]:
    return either(
        x + number * jnp.eye(x.shape[-1], dtype=x.dtype),
        x + number * jnp.identity(x.shape[-1], dtype=x.dtype),
        weights=(3, 1),
    )


@flat(0.2, "mask")
def tri(n: Static[int, size("n")]) -> Float32[Array, "n n", NonNegative]:
    return either(jnp.tri(n), jnp.tril(jnp.ones((n, n))))


def window(function: Function) -> None:
    """`function(n)` of a window function."""

    @production(
        name=label_of(function),
        weight=0.06,
        names="window taper",
        magnitude=lambda: 0.0,
    )
    def _(n: Static[int, size("n")]) -> Float32[Array, "n", Unit]:
        return function(n)


for _function in (jnp.hanning, jnp.hamming, jnp.blackman, jnp.bartlett):
    window(_function)

_KERNELS = among(
    [0.25, 0.5, 0.25],
    [1.0, -2.0, 1.0],
    [0.2, 0.3, 0.5],
    [0.1, 0.8, 0.1],
    [-0.5, 0.0, 0.5],
    [0.299, 0.587, 0.114],
)


@production(weight=1.0, names="kernel weights coeffs", magnitude=lambda: 1.0)
def array_of_three(values: Static[list[float], _KERNELS]) -> Float32[Array, "3"]:
    return either(jnp.array(values), jnp.asarray(values), jnp.array(values, dtype=jnp.float32), weights=(4, 1, 2))


@production(weight=0.5, names="pair weights", magnitude=lambda: 1.0, relation=_float)
def array_of_two(
    values: Static[list[float], among([1.0, -1.0], [0.5, 0.5], [0.9, 0.1], [2.0, 0.5])],
    kind: Static[DTypeLike, _FLOAT],
) -> Float[Array, "2"]:
    return either(jnp.array(values, dtype=kind), jnp.asarray(values, dtype=kind), jnp.array(values, kind))


@production(weight=0.4, names="codes order", magnitude=lambda: 2.0)
def array_of_integers(
    values: Static[list[int], among([0, 2, 1], [1, 2, 3], [2, 0, 1], [0, 1, 1])],
) -> Int32[Array, "3"]:
    return either(jnp.array(values), jnp.asarray(values, dtype=jnp.int32), jnp.array(values, dtype=jnp.int32))
