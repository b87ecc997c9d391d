"""Layers that people write in several lines: normalisation, dense and recurrent ones, attention."""

import jax
import jax.numpy as jnp
from jax import lax

from grammar.rules.notation import (
    Array,
    Body,
    Bool,
    Float,
    Float32,
    Function,
    Helper,
    Index,
    Int32,
    Probability,
    Productions,
    Static,
    Unit,
    either,
)
from grammar.values.statics import among

production = Productions()


def _normalised(x: float, d: float) -> float:
    """With a mean of zero and a variance of one no element is above the root of their number."""
    return d / 2 + 0.5


def _affine(x: float, kernel: float, bias: float, d: float) -> float:
    return max(x + kernel + d, bias) + 1


# --- normalisation ------------------------------------------------------------------------------------------


@production(weight=0.8, names="normed x_norm normalised", magnitude=_normalised)
def standardise(x: Float[Array, "*b d"], eps: Static[float, among(1e-5, 1e-6, 1e-3)]) -> Float[Array, "*b d"]:
    mean = jnp.mean(x, axis=-1, keepdims=True)
    var = either(jnp.var(x, axis=-1, keepdims=True), jnp.mean((x - mean) ** 2, axis=-1, keepdims=True))
    return either((x - mean) / jnp.sqrt(var + eps), (x - mean) * lax.rsqrt(var + eps), weights=(2, 1))


@production(weight=0.6, names="normed h", magnitude=lambda x, n: n / 2 + 0.5)
def batch_norm(x: Float[Array, "n d"], eps: Static[float, among(1e-5, 1e-3)]) -> Float[Array, "n d"]:
    mean = either(jnp.mean(x, axis=0), x.mean(axis=0))
    var = either(jnp.var(x, axis=0), x.var(axis=0))
    return (x - mean) / jnp.sqrt(var + eps)


@production(weight=0.5, names="mean var", magnitude=lambda x: 2 * x + 1)
def batch_statistics(x: Float[Array, "n *d"]) -> tuple[Float[Array, "*d"], Float[Array, "*d"]]:
    return either((jnp.mean(x, axis=0), jnp.var(x, axis=0)), (x.mean(axis=0), x.var(axis=0)))


@production(weight=0.8, names="unit direction normed")
def unit_rows(x: Float[Array, "*b d"], eps: Static[float, among(1e-6, 1e-8, 1e-3)]) -> Float[Array, "*b d", Unit]:
    norms = jnp.sqrt(jnp.sum(x**2, axis=-1, keepdims=True))
    return either(x / (norms + eps), x * (1.0 / (norms + eps)), weights=(4, 1))


@production(weight=0.5, names="unit direction", differentiable=False)
def unit_by_norm(x: Float[Array, "*b d"], eps: Static[float, among(1e-6, 1e-8, 1e-3)]) -> Float[Array, "*b d", Unit]:
    return x / (jnp.linalg.norm(x, axis=-1, keepdims=True) + eps)


@production(weight=0.5, names="rescaled scaled", differentiable=False)
def min_max_scale(x: Float32[Array, "n *s"]) -> Float32[Array, "n *s", Probability]:
    low, high = jnp.min(x), jnp.max(x)
    return (x - low) / (high - low + 1e-6)


# --- layers -------------------------------------------------------------------------------------------------


@production(weight=2, names="h out hidden logits", magnitude=lambda x, kernel, bias, d: _affine(x, kernel, bias, d))
def dense(x: Float[Array, "*b d"], kernel: Float[Array, "d k"], bias: Float[Array, "k"]) -> Float[Array, "*b k"]:
    return either(x @ kernel + bias, jnp.dot(x, kernel) + bias, weights=(3, 2))


def activated(function: Function) -> None:
    """The layers in which an activation stands."""
    label = function.__name__

    @production(
        name=f"dense_{label}",
        weight=0.35,
        names="h hidden activated",
        magnitude=lambda x, kernel, bias, d: _affine(x, kernel, bias, d),
        faithful=function is not jax.nn.relu,
    )
    def dense_activated(
        x: Float[Array, "*b d"], kernel: Float[Array, "d k"], bias: Float[Array, "k"]
    ) -> Float[Array, "*b k"]:
        return either(function(x @ kernel + bias), function(jnp.dot(x, kernel) + bias), weights=(3, 1))

    @production(
        name=f"mlp_{label}",
        weight=0.25,
        names="out h",
        magnitude=lambda x, w_in, w_out, d, k: x + w_in + w_out + d + k,
        faithful=function is not jax.nn.relu,
    )
    def mlp_block(
        x: Float[Array, "*b d"], w_in: Float[Array, "d k"], w_out: Float[Array, "k m"]
    ) -> Float[Array, "*b m"]:
        hidden = function(x @ w_in)
        return hidden @ w_out


for _function in (jnp.tanh, jax.nn.relu, jax.nn.gelu, jax.nn.silu):
    activated(_function)


def gated(function: Function) -> None:
    """A gate of an activation on a second projection."""

    @production(
        name=f"gated_{function.__name__}",
        weight=0.17,
        names="gated h",
        magnitude=lambda x, w_gate, w_up, d: 2 * x + w_gate + w_up + 2 * d,
    )
    def gated_unit(
        x: Float[Array, "*b d"], w_gate: Float[Array, "d k"], w_up: Float[Array, "d k"]
    ) -> Float[Array, "*b k"]:
        gate = function(x @ w_gate)
        return gate * (x @ w_up)


for _function in (jax.nn.silu, jax.nn.sigmoid, jax.nn.gelu):
    gated(_function)


@production(weight=0.6, names="h out", magnitude=lambda x, fun: max(x, fun) + 1)
def residual_block(fun: Body[Function, "*x -> *x", Helper], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    return x + fun(x)


@production(weight=0.5, names="h out", magnitude=lambda x, kernel, d: max(x, 2.0) + 1, additive=True)
def residual_dense(x: Float[Array, "*b d"], kernel: Float[Array, "d d"]) -> Float[Array, "*b d"]:
    return either(x + jnp.tanh(x @ kernel), jnp.tanh(x @ kernel) + x, weights=(4, 1))


@production(weight=0.5, names="state h", magnitude=lambda x: 0.0)
def recurrent_cell(
    x: Float[Array, "*b d"], state: Float[Array, "*b k"], w_x: Float[Array, "d k"], w_h: Float[Array, "k k"]
) -> Float[Array, "*b k", Unit]:
    return jnp.tanh(x @ w_x + state @ w_h)


@production(weight=0.4, names="state h", magnitude=lambda x, state: max(x, state, 0.0) + 1)
def gated_update(gate: Float[Array, "*s"], state: Float[Array, "*s"], x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    z = jax.nn.sigmoid(gate)
    return either((1.0 - z) * state + z * jnp.tanh(x), z * jnp.tanh(x) + (1.0 - z) * state)


@production(weight=0.5, names="embedded tokens", magnitude=lambda table: table)
def embed(table: Float[Array, "v d"], ids: Int32[Array, "*b", Index("v")]) -> Float[Array, "*b d"]:
    return either(table[ids], jnp.take(table, ids, axis=0), weights=(2, 1))


@production(weight=0.4, names="encoded h", magnitude=lambda x: max(x, 0.0) + 1)
def positional_encoding(x: Float32[Array, "*b t d+d"]) -> Float32[Array, "*b t d+d"]:
    half = x.shape[-1] // 2
    positions = jnp.arange(x.shape[-2], dtype=jnp.float32)[:, None]
    freqs = jnp.exp(-jnp.arange(half, dtype=jnp.float32) / half * jnp.log(10000.0))
    angles = positions * freqs
    return x + jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


@production(weight=0.3, names="rotated q", magnitude=lambda x: x + 1)
def rotary_embedding(x: Float32[Array, "*b t d+d"]) -> Float32[Array, "*b t d+d"]:
    half = x.shape[-1] // 2
    freqs = 10000.0 ** (-jnp.arange(half) / half)
    angles = jnp.arange(x.shape[-2])[:, None] * freqs
    sin, cos = jnp.sin(angles), jnp.cos(angles)
    x1, x2 = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([x1 * cos - x2 * sin, x1 * sin + x2 * cos], axis=-1)


# --- attention ----------------------------------------------------------------------------------------------


@production(weight=0.7, names="scores logits", magnitude=lambda q, k, d: q + k + d / 2)
def scaled_scores(q: Float[Array, "*b m d"], k: Float[Array, "*b n d"]) -> Float[Array, "*b m n"]:
    return either(
        q @ jnp.swapaxes(k, -1, -2) / q.shape[-1] ** 0.5,
        jnp.einsum("...md,...nd->...mn", q, k) / q.shape[-1] ** 0.5,
        jnp.matmul(q, k.mT) * q.shape[-1] ** -0.5,
    )


@production(weight=0.7, names="attended context out", magnitude=lambda v: v)
def attention(
    q: Float[Array, "*b m d"], k: Float[Array, "*b n d"], v: Float[Array, "*b n e"]
) -> Float[Array, "*b m e"]:
    scores = either(
        jnp.einsum("...md,...nd->...mn", q, k) / q.shape[-1] ** 0.5,
        q @ jnp.swapaxes(k, -1, -2) * q.shape[-1] ** -0.5,
    )
    weights = jax.nn.softmax(scores, axis=-1)
    return either(weights @ v, jnp.einsum("...mn,...ne->...me", weights, v))


@production(weight=0.5, names="attended context", magnitude=lambda v: v)
def masked_attention(
    q: Float32[Array, "m d"], k: Float32[Array, "n d"], v: Float32[Array, "n e"], mask: Bool[Array, "m n"]
) -> Float32[Array, "m e"]:
    scores = q @ k.T / jnp.sqrt(q.shape[-1])
    return either(
        jax.nn.softmax(jnp.where(mask, scores, -1e9), axis=-1) @ v,
        jax.nn.softmax(jnp.where(mask, scores, jnp.finfo(scores.dtype).min), axis=-1) @ v,
    )


@production(weight=0.5, names="attended context", magnitude=lambda x, w_v, d: x + w_v + d)
def causal_self_attention(
    x: Float32[Array, "t d"],
    w_q: Float32[Array, "d k"],
    w_k: Float32[Array, "d k"],
    w_v: Float32[Array, "d e"],
) -> Float32[Array, "t e"]:
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    causal = jnp.tril(jnp.ones((x.shape[0], x.shape[0]), dtype=bool))
    scores = jnp.where(causal, q @ k.T / jnp.sqrt(k.shape[-1]), -jnp.inf)
    return jax.nn.softmax(scores, axis=-1) @ v


@production(weight=0.5, names="attended context", magnitude=lambda v: v)
def multi_head_attention(
    q: Float[Array, "b t h d"], k: Float[Array, "b s h d"], v: Float[Array, "b s h e"]
) -> Float[Array, "b t h e"]:
    scores = jnp.einsum("bthd,bshd->bhts", q, k) / q.shape[-1] ** 0.5
    weights = jax.nn.softmax(scores, axis=-1)
    return jnp.einsum("bhts,bshe->bthe", weights, v)


@production(weight=0.3, names="out context", magnitude=lambda v: v)
def dot_product_attention(
    q: Float32[Array, "b t h d"], k: Float32[Array, "b s h d"], v: Float32[Array, "b s h d"]
) -> Float32[Array, "b t h d"]:
    return jax.nn.dot_product_attention(q, k, v)
