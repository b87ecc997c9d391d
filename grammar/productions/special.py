"""Special functions and distributions: jax.scipy.special and jax.scipy.stats."""

import math

import jax
import jax.numpy as jnp
from jax import lax

from grammar.productions.arithmetic import log_sum
from grammar.rules.families import binary, elementwise, pattern
from grammar.rules.notation import (
    Array,
    Float,
    Float32,
    Int32,
    NonNegative,
    Positive,
    Probability,
    Productions,
    Static,
    Unit,
    either,
)
from grammar.values.statics import among

production = Productions()

_FLOATS = pattern(Float32[Array, "*s"])
_ANY_FLOATS = pattern(Float[Array, "*s"])
_ANY_UNIT = pattern(Float[Array, "*s", Unit])
_ANY_PROBABILITY = pattern(Float[Array, "*s", Probability])
_UNIT = pattern(Float32[Array, "*s", Unit])
_POSITIVE = pattern(Float32[Array, "*s", Positive])
_NONNEGATIVE = pattern(Float32[Array, "*s", NonNegative])
_PROBABILITY = pattern(Float32[Array, "*s", Probability])
_TOO_LARGE = 1e6


def _log_gamma(x: float) -> float:
    """|log gamma| on [2^-x, 2^x] is at most 2^x log(2^x), and log(2^x) near zero."""
    return x + math.log2(max(x, 1.0)) + 0.5


def _gamma(x: float) -> float:
    return 2**x * max(x, 1.0) if x < 6 else _TOO_LARGE


def _exponential(x: float) -> float:
    return 1.4427 * 2**x if x < 10 else _TOO_LARGE


# --- gamma, beta, zeta ------------------------------------------------------------------------------------

elementwise(
    production,
    jax.scipy.special.gammaln,
    weight=0.6,
    names="log_gamma",
    operand=_POSITIVE,
    result=_FLOATS,
    magnitude=_log_gamma,
)
elementwise(production, lax.lgamma, weight=0.1, operand=_POSITIVE, result=_FLOATS, magnitude=_log_gamma, prefix="lax_")
elementwise(
    production, jax.scipy.special.digamma, weight=0.4, operand=_POSITIVE, result=_FLOATS, magnitude=lambda x: x + 1
)
elementwise(
    production, lax.digamma, weight=0.05, operand=_POSITIVE, result=_FLOATS, magnitude=lambda x: x + 1, prefix="lax_"
)
elementwise(production, jax.scipy.special.gamma, weight=0.1, operand=_POSITIVE, result=_FLOATS, magnitude=_gamma)
elementwise(
    production,
    jax.scipy.special.factorial,
    weight=0.05,
    operand=_NONNEGATIVE,
    result=_FLOATS,
    magnitude=lambda x: _gamma(log_sum(x, 0)),
)


@production(weight=0.3, names="log_beta", magnitude=lambda a, b: _log_gamma(log_sum(a, b)) + 1.6)
def betaln(a: Float32[Array, "*#s", Positive], b: Float32[Array, "*#s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.special.betaln(a, b)


@production(weight=0.1, magnitude=lambda a, b: _gamma(log_sum(a, b)))
def beta(a: Float32[Array, "*s", Positive], b: Float32[Array, "*s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.special.beta(a, b)


@production(weight=0.1, magnitude=lambda a, d: _log_gamma(log_sum(a, d)) + d)
def multigammaln(a: Float32[Array, "*s", Positive], d: Static[int, among(2, 3)]) -> Float32[Array, "*s"]:
    return jax.scipy.special.multigammaln(a + d, d)


@production(weight=0.15, names="trigamma", magnitude=lambda x, n: (n + 1) * x + 2 * n)
def polygamma(x: Float32[Array, "*s", Positive], n: Static[int, among(1, 2)]) -> Float32[Array, "*s"]:
    return jax.scipy.special.polygamma(n, x)


@production(weight=0.1, differentiable=False, magnitude=lambda x, q: q * 2 ** min(log_sum(x, 0.6), 8) + x + 2)
def zeta(x: Float32[Array, "*s", Positive], q: Float32[Array, "*s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.special.zeta(x + 1.5, q)


@production(weight=0.15, names="cdf", magnitude=lambda a, x: 0.0)
def gammainc(a: Float32[Array, "*s", Positive], x: Float32[Array, "*s", Positive]) -> Float32[Array, "*s", Probability]:
    return either(jax.scipy.special.gammainc(a, x), lax.igamma(a, x), weights=(3, 1))


@production(weight=0.1, names="survival", magnitude=lambda a, x: 0.0)
def gammaincc(
    a: Float32[Array, "*s", Positive], x: Float32[Array, "*s", Positive]
) -> Float32[Array, "*s", Probability]:
    return either(jax.scipy.special.gammaincc(a, x), lax.igammac(a, x), weights=(3, 1))


@production(weight=0.15, names="cdf", differentiable=False, magnitude=lambda a, b, x: 0.0)
def betainc(
    a: Float32[Array, "*s", Positive], b: Float32[Array, "*s", Positive], x: Float32[Array, "*s", Probability]
) -> Float32[Array, "*s", Probability]:
    return jax.scipy.special.betainc(a, b, x)


# --- error functions and the normal distribution ----------------------------------------------------------

elementwise(production, jax.scipy.special.erf, operand=_ANY_FLOATS, weight=0.4, result=_ANY_UNIT)
elementwise(production, lax.erf, operand=_FLOATS, weight=0.2, result=_UNIT, prefix="lax_")
elementwise(
    production,
    jax.scipy.special.erfc,
    operand=_FLOATS,
    weight=0.3,
    names="tail",
    result=_NONNEGATIVE,
    magnitude=lambda x: 1.0,
)
elementwise(
    production, lax.erfc, operand=_FLOATS, weight=0.1, result=_NONNEGATIVE, magnitude=lambda x: 1.0, prefix="lax_"
)
elementwise(production, jax.scipy.special.ndtr, operand=_FLOATS, weight=0.2, names="cdf", result=_PROBABILITY)
elementwise(
    production,
    jax.scipy.special.log_ndtr,
    operand=_FLOATS,
    weight=0.15,
    names="log_cdf",
    magnitude=lambda x: log_sum(2 * max(x, 1.0), 2),
)
elementwise(
    production, jax.scipy.special.expit, operand=_ANY_FLOATS, weight=0.5, names="probs gate", result=_ANY_PROBABILITY
)
elementwise(production, jax.scipy.special.dawsn, operand=_FLOATS, weight=0.05, result=_UNIT)


@production(weight=0.15, names="z", magnitude=lambda x: 1.5)
def erfinv(x: Float32[Array, "*s", Unit], limit: Static[float, among(0.99, 0.95, 0.9)]) -> Float32[Array, "*s"]:
    return either(jax.scipy.special.erfinv(limit * x), lax.erf_inv(limit * x), weights=(3, 1))


@production(weight=0.2, names="quantiles z", magnitude=lambda p: 1.5)
def ndtri(p: Float32[Array, "*s", Probability]) -> Float32[Array, "*s"]:
    return jax.scipy.special.ndtri(jnp.clip(p, 0.01, 0.99))


@production(weight=0.3, names="logits", magnitude=lambda p: 2.5)
def logit(p: Float32[Array, "*s", Probability], eps: Static[float, among(0.01, 0.02, 0.05)]) -> Float32[Array, "*s"]:
    return either(
        jax.scipy.special.logit(jnp.clip(p, eps, 1.0 - eps)),
        jax.scipy.special.logit(jnp.clip(p, eps, 1 - eps)),
    )


# --- entropies --------------------------------------------------------------------------------------------


@production(weight=0.4, magnitude=lambda x, y: x + math.log2(max(y, 1.0)))
def xlogy(x: Float32[Array, "*#s"], y: Float32[Array, "*#s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.special.xlogy(x, y)


@production(weight=0.25, magnitude=lambda x, y: x + math.log2(log_sum(y, 1)))
def xlog1py(x: Float32[Array, "*#s"], y: Float32[Array, "*#s", NonNegative]) -> Float32[Array, "*s"]:
    return jax.scipy.special.xlog1py(x, y)


elementwise(
    production,
    jax.scipy.special.entr,
    weight=0.3,
    names="entropy",
    operand=_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x: x + math.log2(max(x, 1.0)),
)
binary(
    production,
    jax.scipy.special.rel_entr,
    weight=0.1,
    names="divergence",
    left=_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x, y: x + math.log2(max(x + y, 1.0)),
)
binary(
    production,
    jax.scipy.special.kl_div,
    weight=0.2,
    names="kl divergence",
    left=_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x, y: log_sum(x + math.log2(max(x + y, 1.0)), log_sum(x, y)),
)

# --- Bessel functions and integrals -----------------------------------------------------------------------

elementwise(production, jax.scipy.special.i0e, operand=_FLOATS, weight=0.15, result=_PROBABILITY)
elementwise(production, jax.scipy.special.i1e, operand=_FLOATS, weight=0.1, result=_UNIT)
elementwise(production, jax.scipy.special.i0, jax.scipy.special.i1, operand=_FLOATS, weight=0.1, magnitude=_exponential)
elementwise(production, lax.bessel_i0e, operand=_FLOATS, weight=0.05, result=_PROBABILITY, prefix="lax_")
elementwise(production, lax.bessel_i1e, operand=_FLOATS, weight=0.05, result=_UNIT, prefix="lax_")
elementwise(
    production,
    jax.scipy.special.exp1,
    weight=0.05,
    operand=_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x: math.log2(max(x, 1.0)),
)
elementwise(
    production,
    jax.scipy.special.spence,
    weight=0.05,
    operand=_POSITIVE,
    result=_FLOATS,
    magnitude=lambda x: 2 * math.log2(max(x, 2.0)) + 1,
)

# --- distributions ----------------------------------------------------------------------------------------


@production(
    weight=0.4,
    names="log_prob",
    magnitude=lambda x, loc, scale: log_sum(2 * (log_sum(x, loc) + scale), scale),
)
def norm_logpdf(
    x: Float32[Array, "*#s"], loc: Float32[Array, "*#s"], scale: Float32[Array, "*#s", Positive]
) -> Float32[Array, "*s"]:
    return either(
        jax.scipy.stats.norm.logpdf(x, loc, scale),
        jax.scipy.stats.norm.logpdf(x, loc=loc, scale=scale),
        weights=(2, 1),
    )


@production(weight=0.4, names="log_prob", magnitude=lambda x: log_sum(2 * x, 1))
def standard_normal_log_prob(x: Float32[Array, "*s"]) -> Float32[Array, "*s"]:
    return either(
        jax.scipy.stats.norm.logpdf(x),
        -0.5 * x**2 - 0.5 * jnp.log(2 * jnp.pi),
        -0.5 * (x**2 + jnp.log(2 * jnp.pi)),
    )


@production(
    weight=0.5,
    names="log_prob",
    magnitude=lambda x, loc, scale: log_sum(2 * (log_sum(x, loc) + scale), scale),
)
def gaussian_log_prob(
    x: Float32[Array, "*s"], loc: Float32[Array, "*s"], scale: Float32[Array, "*s", Positive]
) -> Float32[Array, "*s"]:
    z = (x - loc) / scale
    return -0.5 * z**2 - jnp.log(scale) - 0.5 * jnp.log(2 * jnp.pi)


@production(
    weight=0.5,
    names="kl",
    magnitude=lambda mean, log_var: log_sum(log_sum(2 * mean, 1.4427 * 2 ** min(log_var, 10)), log_sum(log_var, 0)),
)
def kl_to_standard_normal(mean: Float32[Array, "*s"], log_var: Float32[Array, "*s"]) -> Float32[Array, "*s"]:
    return either(
        -0.5 * (1.0 + log_var - mean**2 - jnp.exp(log_var)),
        0.5 * (jnp.exp(log_var) + jnp.square(mean) - 1.0 - log_var),
    )


@production(weight=0.3, names="cdf", magnitude=lambda x: 0.0)
def norm_cdf(x: Float32[Array, "*s"]) -> Float32[Array, "*s", Probability]:
    return jax.scipy.stats.norm.cdf(x)


@production(weight=0.2, names="density", magnitude=lambda x: 0.0)
def norm_pdf(x: Float32[Array, "*s"]) -> Float32[Array, "*s", Probability]:
    return jax.scipy.stats.norm.pdf(x)


@production(weight=0.2, names="log_cdf", magnitude=lambda x: log_sum(2 * max(x, 1.0), 2))
def norm_logcdf(x: Float32[Array, "*s"]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.norm.logcdf(x)


@production(weight=0.1, names="quantiles", magnitude=lambda p: 1.5)
def norm_ppf(p: Float32[Array, "*s", Probability]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.norm.ppf(jnp.clip(p, 0.01, 0.99))


@production(weight=0.15, names="log_prob", magnitude=lambda x: log_sum(x, 1))
def laplace_logpdf(x: Float32[Array, "*s"]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.laplace.logpdf(x)


@production(weight=0.1, names="log_prob", magnitude=lambda x: log_sum(x, 1))
def logistic_logpdf(x: Float32[Array, "*s"]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.logistic.logpdf(x)


@production(weight=0.1, names="log_prob", magnitude=lambda x: log_sum(x + 1, 1))
def cauchy_logpdf(x: Float32[Array, "*s"]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.cauchy.logpdf(x)


@production(weight=0.1, names="log_prob", magnitude=lambda x, scale: log_sum(x + scale, scale))
def expon_logpdf(x: Float32[Array, "*s", NonNegative], scale: Float32[Array, "*s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.expon.logpdf(x, scale=scale)


@production(weight=0.15, names="log_prob", magnitude=lambda x, a: log_sum(_log_gamma(a), log_sum(x, a + x)) + 1)
def gamma_logpdf(x: Float32[Array, "*s", Positive], a: Float32[Array, "*s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.gamma.logpdf(x, a)


@production(weight=0.1, names="log_prob", magnitude=lambda a, b, x: _log_gamma(log_sum(a, b)) + 4)
def beta_logpdf(
    a: Float32[Array, "*s", Positive], b: Float32[Array, "*s", Positive], x: Float32[Array, "*s", Probability]
) -> Float32[Array, "*s"]:
    return jax.scipy.stats.beta.logpdf(jnp.clip(x, 0.01, 0.99), a, b)


@production(
    weight=0.15,
    names="log_prob",
    magnitude=lambda x, df: log_sum(_log_gamma(log_sum(df, 0)), log_sum(x, df) + x) + 2,
)
def t_logpdf(x: Float32[Array, "*s"], df: Float32[Array, "*s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.t.logpdf(x, df)


@production(
    weight=0.15,
    names="log_prob",
    magnitude=lambda k, rate: log_sum(_log_gamma(k + 2), log_sum(k + rate, rate)) + 1,
)
def poisson_logpmf(k: Int32[Array, "*s", NonNegative], rate: Float32[Array, "*s", Positive]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.poisson.logpmf(k, rate)


@production(weight=0.15, names="log_prob", magnitude=lambda p: 3.0, differentiable=False)
def bernoulli_logpmf(k: Int32[Array, "*s", NonNegative], p: Float32[Array, "*s", Probability]) -> Float32[Array, "*s"]:
    return jax.scipy.stats.bernoulli.logpmf(k % 2, jnp.clip(p, 0.01, 0.99))


@production(weight=0.1, names="ranks", differentiable=False, magnitude=lambda x, n: n + 0.1)
def rankdata(x: Float32[Array, "n"]) -> Float32[Array, "n"]:
    return jax.scipy.stats.rankdata(x)
