"""What jax.nn offers: activations, normalisation, one-hot codes, and the losses people write with them."""

import math

import jax
import jax.numpy as jnp
from jax import lax

from grammar.productions.arithmetic import log_sum
from grammar.rules.families import elementwise, pattern
from grammar.rules.notation import (
    Array,
    Bool,
    Float,
    Float32,
    Index,
    Int,
    Int32,
    NonNegative,
    Positive,
    Probability,
    Productions,
    Simplex,
    Static,
    Unit,
    either,
)
from grammar.values.statics import among, axis, size

production = Productions()

_UNIT = pattern(Float[Array, "*s", Unit])
_NONNEGATIVE = pattern(Float[Array, "*s", NonNegative])
_PROBABILITY = pattern(Float[Array, "*s", Probability])
_HIDDEN = "h hidden activated"


def _above_zero(x: float) -> float:
    """The magnitude of what grows like x and is at least of order one."""
    return log_sum(x, 0)


# --- elementwise ------------------------------------------------------------------------------------------

elementwise(production, jax.nn.relu, faithful=False, weight=2, names=_HIDDEN, result=_NONNEGATIVE)
elementwise(
    production,
    jax.nn.relu6,
    faithful=False,
    weight=0.3,
    names=_HIDDEN,
    result=_NONNEGATIVE,
    magnitude=lambda x: min(x, 2.6),
)
elementwise(production, jax.nn.silu, weight=0.8, names=_HIDDEN)
elementwise(production, jax.nn.swish, weight=0.2, names=_HIDDEN, prefix="nn_")
elementwise(production, jax.nn.mish, weight=0.2, names=_HIDDEN)
elementwise(production, jax.nn.elu, jax.nn.celu, weight=0.3, names=_HIDDEN)
elementwise(production, jax.nn.selu, weight=0.2, names=_HIDDEN, magnitude=lambda x: x + 0.9)
elementwise(production, jax.nn.hard_silu, faithful=False, weight=0.15, names=_HIDDEN)
elementwise(production, jax.nn.hard_sigmoid, faithful=False, weight=0.2, names="gate", result=_PROBABILITY)
elementwise(production, jax.nn.hard_tanh, jax.nn.soft_sign, faithful=False, weight=0.2, names=_HIDDEN, result=_UNIT)
elementwise(production, jax.nn.log_sigmoid, weight=0.6, names="log_probs", magnitude=_above_zero)
elementwise(production, jax.nn.softplus, weight=1, names="scale rates", result=_NONNEGATIVE, magnitude=_above_zero)
elementwise(
    production, jax.nn.squareplus, weight=0.1, names="scale", result=_NONNEGATIVE, magnitude=lambda x: log_sum(x, 1)
)
elementwise(
    production,
    jax.nn.sparse_plus,
    faithful=False,
    weight=0.1,
    names="scale",
    result=_NONNEGATIVE,
    magnitude=_above_zero,
)
elementwise(production, jax.nn.sparse_sigmoid, faithful=False, weight=0.1, names="gate", result=_PROBABILITY)
elementwise(production, jax.nn.tanh, weight=0.2, names=_HIDDEN, result=_UNIT, prefix="nn_")


@production(weight=1.5, names="gate probs")
def sigmoid(x: Float[Array, "*s"]) -> Float[Array, "*s", Probability]:
    return either(jax.nn.sigmoid(x), lax.logistic(x), weights=(12, 0.5))


@production(weight=0.8, names=_HIDDEN)
def gelu(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return jax.nn.gelu(x)


@production(weight=0.3, names=_HIDDEN)
def gelu_exact(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return jax.nn.gelu(x, approximate=False)


@production(weight=0.7, names=_HIDDEN)
def leaky_relu(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return jax.nn.leaky_relu(x)


@production(weight=0.3, names=_HIDDEN)
def leaky_relu_slope(x: Float[Array, "*s"], slope: Static[float, among(0.2, 0.1, 0.3)]) -> Float[Array, "*s"]:
    return either(jax.nn.leaky_relu(x, negative_slope=slope), jax.nn.leaky_relu(x, slope))


@production(weight=0.8, names="scale sigma", magnitude=lambda x, floor: max(log_sum(x, 1), -math.log2(floor)))
def positive_scale(x: Float[Array, "*s"], floor: Static[float, among(0.1, 0.01, 1e-3)]) -> Float[Array, "*s", Positive]:
    return either(jax.nn.softplus(x) + floor, floor + jax.nn.softplus(x), weights=(5, 1))


@production(weight=0.5, names="gated", magnitude=lambda x: x)
def swish_by_hand(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return x * jax.nn.sigmoid(x)


@production(weight=0.6, names="gated h", magnitude=lambda x, gate: x + gate)
def swiglu(x: Float[Array, "*s"], gate: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return either(jax.nn.silu(gate) * x, x * jax.nn.silu(gate))


@production(weight=0.6, names="gated h")
def gated(x: Float[Array, "*s"], gate: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return either(x * jax.nn.sigmoid(gate), jax.nn.sigmoid(gate) * x)


# --- over one axis ----------------------------------------------------------------------------------------


@production(weight=2, names="probs attn weights")
def softmax(x: Float[Array, "*a n"], last: Static[int, axis("n")]) -> Float[Array, "*a n", Simplex]:
    return either(jax.nn.softmax(x, axis=last), jax.nn.softmax(x), jax.nn.softmax(x, last), weights=(9, 3, 1))


@production(weight=0.3, names="probs weights")
def softmax_along(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b", Probability]:
    return jax.nn.softmax(x, axis=axis)


@production(weight=0.6, names="attn probs")
def masked_softmax(x: Float[Array, "*a n"], mask: Bool[Array, "*a n"]) -> Float[Array, "*a n", Probability]:
    return either(
        jax.nn.softmax(jnp.where(mask, x, jnp.finfo(x.dtype).min), axis=-1),
        jax.nn.softmax(jnp.where(mask, x, jnp.full_like(x, jnp.finfo(x.dtype).min)), axis=-1),
        weights=(5, 1),
    )


@production(weight=0.5, names="probs weights")
def softmax_by_hand(x: Float[Array, "*a n"]) -> Float[Array, "*a n", Simplex]:
    exps = jnp.exp(x - jnp.max(x, axis=-1, keepdims=True))
    return exps / jnp.sum(exps, axis=-1, keepdims=True)


@production(weight=0.6, names="probs weights")
def softmax_temperature(
    logits: Float[Array, "*a n"], temperature: Static[float, among(0.5, 2.0, 0.7, 4.0)]
) -> Float[Array, "*a n", Simplex]:
    return jax.nn.softmax(logits / temperature, axis=-1)


@production(weight=1.3, names="log_probs", magnitude=lambda x, n: log_sum(x + 1, math.log2(n)))
def log_softmax(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b"]:
    return jax.nn.log_softmax(x, axis=axis)


@production(weight=1, names="log_norm lse", magnitude=lambda x, n: log_sum(x, math.log2(n)))
def logsumexp(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a *b"]:
    return either(
        jax.scipy.special.logsumexp(x, axis=axis),
        jax.nn.logsumexp(x, axis=axis),
        weights=(6, 3),
    )


@production(weight=0.5, names="log_norm", magnitude=lambda x, n: log_sum(x, math.log2(n)))
def logsumexp_kept(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a 1 *b"]:
    return either(
        jax.scipy.special.logsumexp(x, axis=axis, keepdims=True),
        jax.nn.logsumexp(x, axis=axis, keepdims=True),
    )


@production(weight=0.4, names="log_norm log_total", magnitude=lambda x, s: log_sum(x, math.log2(s + 1)))
def logsumexp_all(x: Float[Array, "*s"]) -> Float[Array, ""]:
    return either(jax.scipy.special.logsumexp(x), jax.nn.logsumexp(x))


@production(weight=0.15, names="log_mean")
def logmeanexp(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a *b"]:
    return jax.nn.logmeanexp(x, axis=axis)


@production(weight=0.5, names="gated h", magnitude=lambda x: x)
def glu(x: Float[Array, "*a n+n"]) -> Float[Array, "*a n"]:
    return either(jax.nn.glu(x), jax.nn.glu(x, axis=-1))


@production(weight=0.8, names="normalized standardized", magnitude=lambda x, n: n / 2 + 0.1)
def standardize(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b"]:
    return jax.nn.standardize(x, axis=axis)


@production(weight=0.3, names="normalized", magnitude=lambda x, n: n / 2 + 0.1)
def standardize_epsilon(
    x: Float[Array, "*a n *b"], axis: Static[int, "n"], epsilon: Static[float, among(1e-3, 1e-6, 1e-2)]
) -> Float[Array, "*a n *b"]:
    return jax.nn.standardize(x, axis=axis, epsilon=epsilon)


@production(
    weight=1,
    names="normalized normed",
    magnitude=lambda x, scale, bias, n: log_sum(n / 2 + 0.1 + scale, bias),
)
def layer_norm(x: Float[Array, "*a n"], scale: Float[Array, "n"], bias: Float[Array, "n"]) -> Float[Array, "*a n"]:
    mean = jnp.mean(x, axis=-1, keepdims=True)
    var = either(jnp.var(x, axis=-1, keepdims=True), jnp.mean((x - mean) ** 2, axis=-1, keepdims=True))
    normalized = either((x - mean) / jnp.sqrt(var + 1e-5), (x - mean) * lax.rsqrt(var + 1e-5))
    return either(normalized * scale + bias, scale * normalized + bias)


@production(weight=0.7, names="normalized normed", magnitude=lambda x, n: n / 2 + 0.1)
def rms_norm(x: Float[Array, "*a n"], eps: Static[float, among(1e-6, 1e-5, 1e-3)]) -> Float[Array, "*a n"]:
    mean_square = either(jnp.mean(jnp.square(x), axis=-1, keepdims=True), jnp.mean(x**2, axis=-1, keepdims=True))
    return either(x * lax.rsqrt(mean_square + eps), x / jnp.sqrt(mean_square + eps))


# --- one-hot codes ----------------------------------------------------------------------------------------


@production(weight=1.5, names="one_hot encoded", magnitude=lambda labels: 0.0)
def one_hot(
    labels: Int[Array, "*s", Index("k")], classes: Static[int, size("k")]
) -> Float32[Array, "*s k", Probability]:
    return either(
        jax.nn.one_hot(labels, classes),
        jax.nn.one_hot(labels, num_classes=classes),
        jax.nn.one_hot(labels, classes, dtype=jnp.float32),
        weights=(6, 2, 2),
    )


@production(weight=0.3, names="embedded tokens", magnitude=lambda table, labels: table)
def one_hot_lookup(table: Float32[Array, "k d"], labels: Int[Array, "*s", Index("k")]) -> Float32[Array, "*s d"]:
    return jax.nn.one_hot(labels, table.shape[0]) @ table


def _one_hot_of(classes: int, weight: float) -> None:
    """Codes of labels in a known number of classes, so that labels may be a new argument."""

    @production(
        name=f"one_hot_{classes}",
        weight=weight,
        names="one_hot targets",
        signature={
            "labels": pattern(Int32[Array, "*s", Index(str(classes))]),
            "return": pattern(Float32[Array, f"*s {classes}", Probability]),
        },
        magnitude=lambda labels: 0.0,
    )
    def _(labels: Array) -> Array:
        return either(
            jax.nn.one_hot(labels, classes),
            jax.nn.one_hot(labels, num_classes=classes),
            jax.nn.one_hot(labels, classes, dtype=jnp.float32),
            (labels[..., None] == jnp.arange(classes)).astype(jnp.float32),
            weights=(6, 2, 2, 1),
        )


for _classes in (4, 8, 10, 16):
    _one_hot_of(_classes, 0.3)


@production(weight=0.2, names="one_hot encoded", magnitude=lambda labels: 0.0)
def one_hot_first(
    labels: Int32[Array, "*s", Index("8")],
) -> Float32[Array, "8 *s", Probability]:
    return jax.nn.one_hot(labels, 8, axis=0)


# --- losses -----------------------------------------------------------------------------------------------


@production(
    weight=0.7,
    names="loss cross_entropy",
    magnitude=lambda logits, n: log_sum(logits + 1, math.log2(n)) + 0.1,
)
def cross_entropy_labels(logits: Float[Array, "*b n"], labels: Int[Array, "*b", Index("n")]) -> Float[Array, "*b"]:
    log_probs = jax.nn.log_softmax(logits, axis=-1)
    return -jnp.take_along_axis(log_probs, labels[..., None], axis=-1)[..., 0]


@production(weight=0.6, names="loss cross_entropy", magnitude=lambda logits, n: log_sum(logits + 1, math.log2(n)) + n)
def cross_entropy(logits: Float[Array, "*b n"], targets: Float[Array, "*b n", Probability]) -> Float[Array, "*b"]:
    return either(
        -jnp.sum(targets * jax.nn.log_softmax(logits, axis=-1), axis=-1),
        -jnp.sum(jax.nn.log_softmax(logits) * targets, axis=-1),
        -(targets * jax.nn.log_softmax(logits)).sum(axis=-1),
    )


@production(weight=0.5, names="loss bce", magnitude=lambda logits, labels: log_sum(logits + 1, 0))
def binary_cross_entropy(logits: Float[Array, "*s"], labels: Float[Array, "*s", Probability]) -> Float[Array, "*s"]:
    return either(
        jax.nn.softplus(logits) - labels * logits,
        jnp.maximum(logits, 0) - logits * labels + jnp.log1p(jnp.exp(-jnp.abs(logits))),
        -labels * jax.nn.log_sigmoid(logits) - (1.0 - labels) * jax.nn.log_sigmoid(-logits),
        weights=(2, 2, 3),
    )


@production(weight=0.4, names="entropy", magnitude=lambda logits, n: math.log2(n), faithful=False)
def softmax_entropy(logits: Float[Array, "*b n"]) -> Float[Array, "*b"]:
    log_probs = jax.nn.log_softmax(logits, axis=-1)
    return -jnp.sum(jnp.exp(log_probs) * log_probs, axis=-1)
