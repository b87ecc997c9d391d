"""What Python decides while JAX traces: conditions on shapes and dtypes, short loops, comprehensions."""

# The functions inside templates are written into programs as they stand, so they carry no annotations.
# Which form a condition has, statement or expression, is what is shown here, so no linter may change it.
# ruff: noqa: SIM108
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false

import jax
import jax.numpy as jnp

from grammar.choices import Choices
from grammar.productions.shaping import product_is
from grammar.rules.notation import (
    Anything,
    Array,
    Body,
    Float,
    Float32,
    Function,
    Like,
    NonNegative,
    Positive,
    Productions,
    Real,
    Static,
    either,
)
from grammar.rules.production import Relation
from grammar.values.binding import Binding
from grammar.values.statics import among, between, new_size, size

production = Productions()


def _few(name: str) -> Relation:
    """The relation that a dimension is small enough to be unrolled."""

    def relation(binding: Binding, choices: Choices) -> Binding | None:
        size = binding.sizes.get(name, 4)
        return binding.having(**{name: size}) if size <= 6 else None

    return relation


def _halves(binding: Binding, choices: Choices) -> Binding | None:
    """n is twice h."""
    sizes = binding.sizes
    half, odd = divmod(sizes["n"], 2) if "n" in sizes else (sizes.get("h", 4), 0)
    return binding.agreeing(n=2 * half, h=half) if not odd and half > 1 else None


def _next_even(binding: Binding, choices: Choices) -> Binding | None:
    """n is odd and m the number after it."""
    sizes = binding.sizes
    n = sizes["n"] if "n" in sizes else sizes.get("m", 6) - 1
    return binding.agreeing(n=n, m=n + 1) if n % 2 == 1 and n > 2 else None


# --- loops --------------------------------------------------------------------------------------------------


@production(weight=1.0)
def repeat_unrolled(
    step: Body[Function, "*x -> *x"], x: Float[Array, "*x"], times: Static[int, between(2, 6)]
) -> Float[Array, "*x"]:
    for _ in range(times):
        x = step(x)
    return x


@production(weight=1.0, relation=_few("k"))
def repeat_indexed(
    fun: Body[Function, "*x, *w -> *x"],
    x: Float[Array, "*x"],
    weights: Float[Array, "k *w"],
    count: Static[int, size("k")],
) -> Float[Array, "*x"]:
    for i in range(count):
        x = fun(x, weights[i])
    return x


@production(weight=2.0, names="stacked outputs", relation=_few("n"))
def append_in_loop(fun: Body[Function, "*x -> *y"], xs: Float[Array, "n *x"]) -> Float[Array, "n *y"]:
    outputs: list[jax.Array] = []
    for row in xs:
        outputs.append(fun(row))
    return jnp.stack(outputs)


@production(weight=2.1, names="h hidden", magnitude=lambda: 0.0, relation=_few("k"))
def layers_in_loop(
    x: Float32[Array, "*b n"], weights: Float32[Array, "k n n"], biases: Float32[Array, "k n"]
) -> Float32[Array, "*b n"]:
    h = x
    for w, b in zip(weights, biases):  # noqa: B905
        h = jnp.tanh(h @ w + b)
    return h


@production(weight=1.8, names="h hidden", magnitude=lambda x: max(x, 0.0) + 3, relation=_few("k"))
def residuals_in_loop(x: Float32[Array, "*b n"], weights: Float32[Array, "k n n"]) -> Float32[Array, "*b n"]:
    h = x
    for w in weights:
        h = h + jnp.tanh(h @ w)
    return h


@production(weight=1.8, names="total discounted", magnitude=lambda xs: xs + 3, relation=_few("k"))
def discounted_in_loop(
    xs: Float[Array, "k *s"], base: Static[float, among(0.5, 0.9, 0.25, 0.99)]
) -> Float[Array, "*s"]:
    total = jnp.zeros_like(xs[0])
    for i, row in enumerate(xs):
        total = total + base**i * row
    return total


@production(weight=1.0, names="mean average", relation=_few("n"))
def moving_average_in_loop(
    xs: Float[Array, "n *s"], decay: Static[float, among(0.9, 0.5, 0.99, 0.8)]
) -> Float[Array, "*s"]:
    beta = decay
    mean = xs[0]
    for row in xs[1:]:
        mean = beta * mean + (1.0 - beta) * row
    return mean


@production(weight=0.8, names="series total", magnitude=lambda x, order: max(x, 0.0) * order + 2)
def power_series(x: Float[Array, "*s"], order: Static[int, between(3, 6)]) -> Float[Array, "*s"]:
    term = jnp.ones_like(x)
    total = jnp.ones_like(x)
    for k in range(1, order):
        term = term * x / k
        total = total + term
    return total


@production(weight=1.0, names="poly value", magnitude=lambda x: max(x, 0.0) * 3 + 2)
def horner(
    x: Float[Array, "*s"],
    coefficients: Static[
        tuple[float, ...], among((0.5, -0.25, 1.0), (0.1, 0.2, 0.3, 0.4), (-1.0, 0.5, 2.0), (0.25, 0.0, -0.5, 1.0))
    ],
) -> Float[Array, "*s"]:
    value = jnp.zeros_like(x)
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


@production(weight=0.8, names="smoothed spread", magnitude=lambda x: x + 2)
def add_shifted(
    x: Float[Array, "*s n"], shifts: Static[tuple[int, ...], among((1,), (1, 2), (-1, 1), (1, 2, 3))]
) -> Float[Array, "*s n"]:
    spread = x
    for shift in shifts:
        spread = spread + jnp.roll(x, shift, axis=-1)
    return spread


@production(weight=0.5, names="root guess", magnitude=lambda x: max(x, 0.0) + 1)
def root_in_loop(x: Float[Array, "*s", Positive], steps: Static[int, between(3, 6)]) -> Float[Array, "*s", Positive]:
    guess = 0.5 * (x + 1.0)
    for _ in range(steps):
        guess = 0.5 * (guess + x / guess)
    return guess


@production(weight=0.8, names="variation roughness", magnitude=lambda x, m, n: x + m + n + 2)
def total_variation(x: Float[Array, "m n"]) -> Float[Array, "", NonNegative]:
    total = 0.0
    for axis in (0, 1):
        total = total + jnp.sum(jnp.abs(jnp.diff(x, axis=axis)))
    return total  # type: ignore[return-value]


# --- comprehensions -----------------------------------------------------------------------------------------


@production(weight=1.3, names="stacked rows", relation=_few("n"))
def comprehension(
    fun: Body[Function, "*x -> *y"], xs: Float[Array, "n *x"], count: Static[int, size("n")]
) -> Float[Array, "n *y"]:
    return either(
        jnp.stack([fun(xs[i]) for i in range(count)]),
        jnp.stack([fun(row) for row in xs]),
        jnp.array([fun(xs[i]) for i in range(count)]),
    )


@production(weight=1.0, names="total acc", magnitude=lambda fun, n: fun + n, relation=_few("n"))
def accumulate_unrolled(
    fun: Body[Function, "*x -> *y"], xs: Float[Array, "n *x"], count: Static[int, size("n")]
) -> Float[Array, "*y"]:
    return sum(fun(xs[i]) for i in range(count))  # type: ignore[return-value]


@production(weight=0.4, names="powers features", magnitude=lambda x, degree: x * degree)
def power_features(x: Float[Array, "*s"], degree: Static[int, new_size("k", 2, 5)]) -> Float[Array, "*s k"]:
    return either(
        jnp.stack([x**p for p in range(1, degree + 1)], axis=-1),
        jnp.stack([x ** (p + 1) for p in range(degree)], axis=-1),
    )


@production(weight=1.8, names="summary stats")
def summaries(x: Float[Array, "*s n"]) -> Float[Array, "*s 3"]:
    return either(
        jnp.stack([reduce(x, axis=-1) for reduce in (jnp.mean, jnp.max, jnp.min)], axis=-1),
        jnp.stack([f(x, axis=-1) for f in (jnp.mean, jnp.max, jnp.min)], axis=-1),
    )


@production(weight=0.7, names="scales levels")
def strided_means(x: Float[Array, "*s n"]) -> Float[Array, "*s 3"]:
    return jnp.stack([jnp.mean(x[..., ::step], axis=-1) for step in (1, 2, 4)], axis=-1)


@production(weight=1.8, names="joined mixed", relation=_halves)
def apply_to_parts(fun: Body[Function, "*s h -> *s h"], x: Float[Array, "*s n"]) -> Float[Array, "*s n"]:
    return jnp.concatenate([fun(part) for part in jnp.split(x, 2, axis=-1)], axis=-1)


@production(weight=0.8, names="neighbours averaged", magnitude=lambda x: x + 1)
def neighbour_mean(x: Float[Array, "m n"]) -> Float[Array, "m n"]:
    return either(
        sum(jnp.roll(x, shift, axis) for axis in (0, 1) for shift in (-1, 1)) / 4,
        sum(jnp.roll(x, shift, axis=axis) for shift in (-1, 1) for axis in (0, 1)) / 4,
    )  # type: ignore[return-value]


@production(weight=1.6, names="blended pairs", magnitude=lambda xs, ys: max(xs, ys), relation=_few("k"))
def blend_pairs(xs: Float[Array, "k *s"], ys: Float[Array, "k *s"]) -> Float[Array, "k *s"]:
    return jnp.stack([0.5 * (a + b) for a, b in zip(xs, ys)])  # noqa: B905


@production(weight=1.3, names="signed alternating", relation=_few("n"))
def alternate_signs(x: Float[Array, "n *s"], count: Static[int, size("n")]) -> Float[Array, "n *s"]:
    return jnp.stack([x[i] if i % 2 == 0 else -x[i] for i in range(count)])


# --- conditions ---------------------------------------------------------------------------------------------


@production(weight=0.5, names="centred h")
def branch_on_shape(x: Float[Array, "*s n"], limit: Static[int, among(4, 8, 16)]) -> Float[Array, "*s n"]:
    if x.shape[-1] > limit:
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
    else:
        centred = x - jnp.median(x, axis=-1, keepdims=True)
    return centred


@production(weight=0.5, names="scaled h")
def scale_on_shape(x: Float[Array, "n *s"], limit: Static[int, among(4, 8, 16)]) -> Float[Array, "n *s"]:
    factor = 1.0 / x.shape[0] if x.shape[0] > limit else 0.5
    return x * factor


@production(weight=0.4, names="pooled summary")
def reduce_on_rank(x: Float[Array, "n *s"]) -> Float[Array, "*s"]:
    return jnp.mean(x, axis=0) if x.ndim > 1 else jnp.max(x)


@production(weight=2.0, names="normalized scaled", magnitude=lambda: 0.0)
def normalize_by_dtype(x: Float[Array, "*s n"]) -> Float[Array, "*s n"]:
    if x.dtype == jnp.float32:
        eps = 1e-6
    else:
        eps = 1e-3
    return x / (jnp.max(jnp.abs(x), axis=-1, keepdims=True) + eps)


@production(weight=1.3, names="gram square", magnitude=lambda x, n: 2 * max(x, 0.0) + n + 1)
def square_or_gram(x: Float[Array, "m n"]) -> Float[Array, "m m"]:
    if x.shape[0] == x.shape[1]:
        square = 0.5 * (x + x.T)
    else:
        square = x @ x.T
    return square


@production(weight=0.9, names="padded", relation=_next_even)
def pad_to_even(x: Real[Array, "n *s"]) -> Real[Array, "m *s", Like("x")]:
    if x.shape[0] % 2:
        padded = jnp.concatenate([x, x[-1:]])
    else:
        padded = x
    return padded


@production(weight=1.6, names="pooled last")
def mean_or_last(x: Float[Array, "t *s"], limit: Static[int, among(4, 8, 16)]) -> Float[Array, "*s"]:
    if x.shape[0] > limit:
        pooled = jnp.mean(x, axis=0)
    else:
        pooled = x[-1]
    return pooled


@production(weight=1.0, names="rows matrix")
def as_matrix(x: Anything[Array, "n"]) -> Anything[Array, "1 n", Like("x")]:
    if x.ndim == 1:
        rows = either(x[None, :], jnp.expand_dims(x, 0), x.reshape(1, -1))
    else:
        rows = x
    return rows


@production(weight=1.0, names="flat tokens", relation=product_is("k", "m", "n"))
def flatten_batch(x: Anything[Array, "m n d"]) -> Anything[Array, "k d", Like("x")]:
    if x.ndim > 2:
        flat = x.reshape(-1, x.shape[-1])
    else:
        flat = x
    return flat


@production(weight=1.6, names="activated h", magnitude=lambda x: max(x, 0.0))
def activation_by_name(
    x: Float[Array, "*s"], name: Static[str, among("relu", "tanh", "gelu", "silu")]
) -> Float[Array, "*s"]:
    activation = name
    if activation == "relu":
        h = jax.nn.relu(x)
    elif activation == "tanh":
        h = jnp.tanh(x)
    elif activation == "gelu":
        h = jax.nn.gelu(x)
    else:
        h = jax.nn.silu(x)
    return h


@production(weight=1.8, names="reduced loss", magnitude=lambda x, n: x + n)
def reduction_by_name(x: Float[Array, "*s n"], name: Static[str, among("mean", "sum", "max")]) -> Float[Array, "*s"]:
    reduction = name
    if reduction == "mean":
        reduced = jnp.mean(x, axis=-1)
    elif reduction == "sum":
        reduced = jnp.sum(x, axis=-1)
    else:
        reduced = jnp.max(x, axis=-1)
    return reduced


@production(weight=1.0, names="total reduced", magnitude=lambda x, n: x + n)
def sum_over_counted_axis(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a *b"]:
    dim = axis
    if dim < 0:
        dim += x.ndim
    return jnp.sum(x, axis=dim)


@production(weight=1.0, names="scaled logits", magnitude=lambda x: x)
def divide_by_root(x: Float[Array, "*s n"]) -> Float[Array, "*s n"]:
    temperature = x.shape[-1] ** 0.5 if x.ndim > 1 else 2.0
    return x / temperature


@production(weight=0.8, names="running cumulative", magnitude=lambda x, m, n: x + max(m, n))
def accumulate_longer(x: Float[Array, "m n"]) -> Float[Array, "m n"]:
    axis = 0 if x.shape[0] >= x.shape[1] else 1
    return jnp.cumsum(x, axis=axis)


@production(weight=1.6, names="logs log_values", magnitude=lambda x: max(x, 5.0))
def log_by_dtype(x: Float[Array, "*s", NonNegative]) -> Float[Array, "*s"]:
    eps = 1e-6 if x.dtype == jnp.float32 else 1e-3
    return jnp.log(x + eps)
