"""Random numbers: keys, samplers, and what programs do with noise."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.nn.initializers import Initializer

from grammar.choices import Choices
from grammar.rules.families import label_of, pattern
from grammar.rules.notation import (
    SPD,
    Array,
    ArrayPattern,
    Bool,
    Float,
    Float32,
    Function,
    Index,
    Int32,
    Key,
    Like,
    NonNegative,
    Num,
    Positive,
    Probability,
    Productions,
    Simplex,
    Static,
    TuplePattern,
    UInt32,
    Unit,
    either,
)
from grammar.values.binding import Binding
from grammar.values.statics import among, axis, between, new_size, shape

production = Productions()

_KEY = pattern(Key[Array, ""])
_KERNEL = pattern(Float32[Array, "m n"])

# --- keys ---------------------------------------------------------------------------------------------------


@production(weight=1, names="key rng")
def key_of_seed(seed: Int32[Array, ""]) -> Key[Array, ""]:
    return jax.random.key(seed)


@production(weight=0.2, names="key rng")
def key(seed: Static[int, among(0, 1, 42, 7, 123)]) -> Key[Array, ""]:
    return jax.random.key(seed)


@production(weight=0.8, names="subkey step_key")
def fold_in(key: Key[Array, ""], data: Int32[Array, ""]) -> Key[Array, ""]:
    return jax.random.fold_in(key, data)


@production(weight=0.3, names="subkey layer_key")
def fold_in_constant(key: Key[Array, ""], data: Static[int, between(0, 9)]) -> Key[Array, ""]:
    return jax.random.fold_in(key, data)


@production(weight=0.1, names="key_copy")
def clone_key(key: Key[Array, ""]) -> Key[Array, ""]:
    return jax.random.clone(key)


@production(weight=0.1, names="words key_data")
def key_data(key: Key[Array, ""]) -> UInt32[Array, "2"]:
    return jax.random.key_data(key)


@production(
    weight=2.5,
    names="key subkey",
    signature={"key": _KEY, "return": TuplePattern((_KEY, _KEY))},
)
def split(key: Array) -> Array:
    return jax.random.split(key)


@production(
    weight=1,
    names="key_a key_b key_c",
    signature={"key": _KEY, "return": TuplePattern((_KEY, _KEY, _KEY))},
)
def split_three(key: Array) -> Array:
    return either(jax.random.split(key, 3), jax.random.split(key, num=3), weights=(3, 1))


# --- distributions without parameters -----------------------------------------------------------------------


def sampler(
    *functions: Function, weight: float, result: ArrayPattern, names: str = "samples", bound: float = 4.5
) -> None:
    """One production `function(key, shape)` for each function; `bound` is the magnitude of what it draws."""
    for function in functions:
        production(
            name=f"random_{label_of(function)}",
            weight=weight,
            names=names,
            magnitude=lambda: bound,
            signature={"key": _KEY, "size": shape("*s"), "return": result},
        )(_sampler(function))


def _sampler(function: Function) -> Function:
    def template(key: Array, size: tuple[int, ...]) -> Array:
        return either(function(key, size), function(key, shape=size), weights=(4, 1))

    return template


_REAL = pattern(Float32[Array, "*s"])
_NONNEGATIVE = pattern(Float32[Array, "*s", NonNegative])
_COUNTS = pattern(Int32[Array, "*s", NonNegative])
_SHARES = pattern(Float32[Array, "*s", Probability])

sampler(jax.random.normal, weight=3, result=_REAL, names="noise eps samples z", bound=2.7)
sampler(jax.random.uniform, weight=2, result=_SHARES, names="u samples draws", bound=0)
sampler(jax.random.gumbel, weight=0.4, result=_REAL, names="gumbels noise")
sampler(jax.random.exponential, weight=0.4, result=_NONNEGATIVE, names="waits samples")
sampler(jax.random.laplace, jax.random.logistic, weight=0.3, result=_REAL, names="noise samples")
sampler(jax.random.cauchy, weight=0.2, result=_REAL, bound=25)
sampler(jax.random.maxwell, weight=0.15, result=_NONNEGATIVE, names="speeds")
sampler(jax.random.bits, weight=0.2, result=pattern(UInt32[Array, "*s"]), names="bits words")
sampler(jax.random.rademacher, weight=0.3, result=pattern(Int32[Array, "*s"]), names="signs", bound=0)


@production(weight=0.6, names="noise eps", magnitude=lambda: 2.7)
def normal_typed(key: Key[Array, ""], size: Static[tuple[int, ...], shape("*s")]) -> Float32[Array, "*s"]:
    return either(
        jax.random.normal(key, size, dtype=jnp.float32),
        jax.random.normal(key, shape=size, dtype=jnp.float32),
        jax.random.normal(key, size, jnp.float32),
    )


@production(weight=1, names="u points samples", magnitude=lambda low, high: 3.4)
def uniform_between(
    key: Key[Array, ""],
    size: Static[tuple[int, ...], shape("*s")],
    low: Static[float, among(-1.0, -2.0, -0.5, -3.0)],
    high: Static[float, among(1.0, 2.0, 0.5, 10.0)],
) -> Float32[Array, "*s"]:
    return either(
        jax.random.uniform(key, size, minval=low, maxval=high),
        jax.random.uniform(key, shape=size, minval=low, maxval=high),
    )


@production(weight=0.5, names="u scales", magnitude=lambda: 4.0)
def uniform_positive(
    key: Key[Array, ""],
    size: Static[tuple[int, ...], shape("*s")],
    low: Static[float, among(0.1, 0.5, 1.0)],
    high: Static[float, among(1.5, 2.0, 3.0)],
) -> Float32[Array, "*s", Positive]:
    return either(
        jax.random.uniform(key, size, minval=low, maxval=high),
        jax.random.uniform(key, size, jnp.float32, low, high),
        weights=(4, 1),
    )


@production(weight=0.6, names="init weights", magnitude=lambda: 1.0)
def truncated_normal(key: Key[Array, ""], size: Static[tuple[int, ...], shape("*s")]) -> Float32[Array, "*s"]:
    return either(
        jax.random.truncated_normal(key, -2.0, 2.0, size),
        jax.random.truncated_normal(key, lower=-2.0, upper=2.0, shape=size),
    )


@production(weight=1, names="indices idx labels", magnitude=lambda high: 1.0)
def randint(
    key: Key[Array, ""], size: Static[tuple[int, ...], shape("*s")], high: Static[int, new_size("k", 2, 20)]
) -> Int32[Array, "*s", Index("k")]:
    return either(
        jax.random.randint(key, size, 0, high),
        jax.random.randint(key, size, minval=0, maxval=high),
        jax.random.randint(key, shape=size, minval=0, maxval=high),
    )


@production(weight=1, names="mask keep coins")
def bernoulli(
    key: Key[Array, ""],
    p: Static[float, among(0.5, 0.1, 0.9, 0.2, 0.8)],
    size: Static[tuple[int, ...], shape("*s")],
) -> Bool[Array, "*s"]:
    return either(jax.random.bernoulli(key, p, size), jax.random.bernoulli(key, p, shape=size), weights=(2, 1))


# --- distributions with parameters --------------------------------------------------------------------------


@production(weight=0.5, names="spikes coins accepted")
def bernoulli_each(key: Key[Array, ""], probs: Float32[Array, "*s", Probability]) -> Bool[Array, "*s"]:
    return jax.random.bernoulli(key, probs)


@production(weight=0.8, names="actions tokens choices", magnitude=lambda n: n)
def categorical(key: Key[Array, ""], logits: Float[Array, "*b n"]) -> Int32[Array, "*b", Index("n")]:
    return either(jax.random.categorical(key, logits), jax.random.categorical(key, logits, axis=-1), weights=(3, 1))


@production(weight=0.5, names="shuffled permuted")
def permutation(key: Key[Array, ""], x: Num[Array, "n *s"]) -> Num[Array, "n *s", Like("x")]:
    return jax.random.permutation(key, x)


@production(weight=0.3, names="shuffled")
def permutation_axis(
    key: Key[Array, ""], x: Num[Array, "*a n *b"], axis: Static[int, axis("n")]
) -> Num[Array, "*a n *b", Like("x")]:
    return jax.random.permutation(key, x, axis=axis, independent=True)


@production(weight=0.5, names="order perm", magnitude=lambda n: n)
def permutation_of_range(key: Key[Array, ""], n: Static[int, new_size("n", 2, 32)]) -> Int32[Array, "n", Index("n")]:
    return jax.random.permutation(key, n)


@production(weight=0.6, names="batch sample picked")
def choice(
    key: Key[Array, ""], x: Num[Array, "n *r"], count: Static[int, new_size("k", 2, 8)]
) -> Num[Array, "k *r", Like("x")]:
    return either(
        jax.random.choice(key, x, (count,)),
        jax.random.choice(key, x, shape=(count,)),
        jax.random.choice(key, x, shape=(count,), axis=0),
    )


def _enough(binding: Binding, choices: Choices) -> Binding | None:
    """As many to choose from as are chosen."""
    k = binding.sizes.get("k", 2)
    n = binding.sizes.get("n", 2 * k)
    return binding.having(n=n) if n >= k else None


@production(weight=0.3, names="subset picked", relation=_enough)
def choice_without_replacement(
    key: Key[Array, ""], x: Num[Array, "n *r"], count: Static[int, new_size("k", 2, "n")]
) -> Num[Array, "k *r", Like("x")]:
    return jax.random.choice(key, x, shape=(count,), replace=False)


@production(weight=0.3, names="resampled ancestors")
def choice_weighted(
    key: Key[Array, ""], x: Float32[Array, "n"], probs: Float32[Array, "n", Simplex]
) -> Float32[Array, "n", Like("x")]:
    return jax.random.choice(key, x, x.shape, p=probs)


@production(weight=0.3, names="rates samples", magnitude=lambda shapes: shapes + 5, differentiable=False)
def sample_gamma(key: Key[Array, ""], shapes: Float32[Array, "*s", Positive]) -> Float32[Array, "*s", NonNegative]:
    return either(jax.random.gamma(key, shapes), jax.random.gamma(key, shapes, shapes.shape), weights=(3, 1))


@production(weight=0.3, names="fractions", differentiable=False)
def sample_beta(
    key: Key[Array, ""], a: Float32[Array, "*s", Positive], b: Float32[Array, "*s", Positive]
) -> Float32[Array, "*s", Probability]:
    return jax.random.beta(key, a + 0.5, b + 0.5)


@production(weight=0.3, names="counts events", differentiable=False)
def poisson(key: Key[Array, ""], rates: Float32[Array, "*s", NonNegative]) -> Int32[Array, "*s", NonNegative]:
    return jax.random.poisson(key, jnp.minimum(rates, 50.0))


@production(weight=0.3, names="mixture weights", differentiable=False)
def dirichlet(key: Key[Array, ""], alpha: Float32[Array, "*b n", Positive]) -> Float32[Array, "*b n", Simplex]:
    return jax.random.dirichlet(key, alpha + 0.5)


@production(
    weight=0.3,
    names="draw sample",
    magnitude=lambda mean, cov, n: max(mean, cov + n + 3) + 1,
    differentiable=False,
)
def multivariate_normal(
    key: Key[Array, ""], mean: Float32[Array, "n"], cov: Float32[Array, "n n", SPD]
) -> Float32[Array, "n"]:
    return jax.random.multivariate_normal(key, mean, cov)


@production(weight=0.15, names="rotation basis", differentiable=False)
def orthogonal(key: Key[Array, ""], n: Static[int, new_size("n", 2, 8)]) -> Float32[Array, "n n", Unit]:
    return jax.random.orthogonal(key, n)


@production(weight=0.15, names="points", differentiable=False)
def ball(
    key: Key[Array, ""], d: Static[int, new_size("d", 2, 4)], count: Static[int, new_size("n", 2, 16)]
) -> Float32[Array, "n d", Unit]:
    return jax.random.ball(key, d, shape=(count,))


def _parametric(
    function: Function, values: tuple[float, ...], bound: float, result: ArrayPattern = _NONNEGATIVE
) -> None:
    """A sampler `function(key, parameter, shape=size)` with a constant for its parameter."""

    @production(
        name=f"random_{label_of(function)}",
        weight=0.2,
        names="samples draws",
        magnitude=lambda: bound,
        signature={"key": _KEY, "parameter": among(*values), "size": shape("*s"), "return": result},
        differentiable=False,
    )
    def _(key: Array, parameter: float, size: tuple[int, ...]) -> Array:
        return function(key, parameter, shape=size)


_parametric(jax.random.gamma, (1.0, 2.0, 0.5, 3.0), 6)
_parametric(jax.random.t, (3.0, 5.0, 10.0), 20, _REAL)
_parametric(jax.random.chisquare, (1.0, 2.0, 5.0), 7)
_parametric(jax.random.pareto, (3.0, 2.0, 5.0), 16)
_parametric(jax.random.lognormal, (0.5, 1.0, 0.25), 9)
_parametric(jax.random.rayleigh, (1.0, 2.0, 0.5), 5)
_parametric(jax.random.wald, (1.0, 2.0, 0.5), 12)
_parametric(jax.random.loggamma, (1.0, 2.0, 3.0), 6, _REAL)
_parametric(jax.random.generalized_normal, (1.0, 2.0, 3.0), 6, _REAL)
_parametric(jax.random.poisson, (1.0, 4.0, 10.0), 6, _COUNTS)
_parametric(jax.random.geometric, (0.5, 0.2, 0.1), 8, _COUNTS)


def _two_parameters(function: Function, pairs: tuple[float, float], bound: float, result: ArrayPattern) -> None:
    """A sampler `function(key, first, second, size)` with constants for its parameters."""
    first, second = pairs

    @production(
        name=f"random_{label_of(function)}",
        weight=0.15,
        names="samples draws",
        magnitude=lambda: bound,
        signature={"key": _KEY, "size": shape("*s"), "return": result},
        differentiable=False,
    )
    def _(key: Array, size: tuple[int, ...]) -> Array:
        return function(key, first, second, shape=size)


_two_parameters(jax.random.beta, (2.0, 5.0), 0, _SHARES)
_two_parameters(jax.random.weibull_min, (1.0, 1.5), 6, _NONNEGATIVE)
_two_parameters(jax.random.double_sided_maxwell, (0.0, 1.0), 5, _REAL)
_two_parameters(jax.random.f, (5.0, 10.0), 16, _NONNEGATIVE)
_two_parameters(jax.random.binomial, (10.0, 0.3), 4, _NONNEGATIVE)


# --- initial weights of layers ------------------------------------------------------------------------------


def _initializer(function: Callable[[], Initializer]) -> None:
    """Weights of a layer by one of JAX's initializers, whose variance follows from the sizes of the layer."""

    @production(
        name=f"init_{label_of(function)}",
        weight=0.15,
        names="kernel w weights",
        magnitude=lambda: 2.0,
        signature={"key": _KEY, "size": shape("m n"), "return": _KERNEL},
        differentiable=False,
    )
    def _(key: Array, size: tuple[int, ...]) -> Array:
        return either(function()(key, size), function()(key, size, jnp.float32), weights=(2, 1))


_initializer(jax.nn.initializers.lecun_uniform)
_initializer(jax.nn.initializers.glorot_normal)
_initializer(jax.nn.initializers.he_normal)
_initializer(jax.nn.initializers.he_uniform)
_initializer(jax.nn.initializers.truncated_normal)


@production(weight=0.3, names="kernel w weights", magnitude=lambda size: 2.0)
def init_normal(key: Key[Array, ""], size: Static[tuple[int, ...], shape("m n")]) -> Float32[Array, "m n"]:
    return jax.nn.initializers.normal(0.02)(key, size)


@production(weight=0.2, names="kernel w weights", magnitude=lambda size: 2.0)
def init_lecun_normal(key: Key[Array, ""], size: Static[tuple[int, ...], shape("m n")]) -> Float32[Array, "m n"]:
    return jax.nn.initializers.lecun_normal()(key, size)


@production(weight=0.15, names="kernel w weights", magnitude=lambda size: 2.0)
def init_xavier_uniform(key: Key[Array, ""], size: Static[tuple[int, ...], shape("m n")]) -> Float32[Array, "m n"]:
    return jax.nn.initializers.xavier_uniform()(key, size)


@production(weight=0.1, names="kernel w weights", magnitude=lambda size: 2.0)
def init_variance_scaling(key: Key[Array, ""], size: Static[tuple[int, ...], shape("m n")]) -> Float32[Array, "m n"]:
    return jax.nn.initializers.variance_scaling(1.0, "fan_in", "uniform")(key, size)


@production(weight=0.1, names="kernel w weights", magnitude=lambda size: 2.0)
def init_orthogonal(key: Key[Array, ""], size: Static[tuple[int, ...], shape("m n")]) -> Float32[Array, "m n"]:
    return jax.nn.initializers.orthogonal()(key, size)
