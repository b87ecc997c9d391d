"""What programs do with random numbers: dropout, reparametrised samples, random weights and walks."""

import jax
import jax.numpy as jnp

from grammar.rules.notation import Array, Float, Float32, Index, Int32, Key, Productions, Simplex, Static, either
from grammar.values.statics import among, new_size, shape

production = Productions()

# --- what programs do with noise ----------------------------------------------------------------------------


@production(weight=1, names="dropped h", magnitude=lambda x: x + 1)
def dropout(
    key: Key[Array, ""], x: Float[Array, "*s"], keep_prob: Static[float, among(0.9, 0.8, 0.5)]
) -> Float[Array, "*s"]:
    keep = jax.random.bernoulli(key, keep_prob, x.shape)
    return either(jnp.where(keep, x / keep_prob, 0.0), jnp.where(keep, x / keep_prob, jnp.zeros_like(x)))


@production(weight=0.8, names="noisy perturbed x_noisy", magnitude=lambda x: max(x, 2.0) + 1)
def add_noise(
    key: Key[Array, ""], x: Float[Array, "*s"], sigma: Static[float, among(0.1, 0.01, 0.5, 1.0)]
) -> Float[Array, "*s"]:
    return either(
        x + sigma * jax.random.normal(key, x.shape, x.dtype),
        x + sigma * jax.random.normal(key, x.shape, dtype=x.dtype),
    )


@production(
    weight=0.6,
    names="z sample latent",
    magnitude=lambda mean, log_std: max(mean, 3 + 1.4427 * 2**log_std) + 1,
)
def reparametrise(
    key: Key[Array, ""], mean: Float32[Array, "*s"], log_std: Float32[Array, "*s"]
) -> Float32[Array, "*s"]:
    eps = jax.random.normal(key, mean.shape)
    return mean + jnp.exp(log_std) * eps


@production(weight=0.4, names="relaxed probs")
def gumbel_softmax(
    key: Key[Array, ""], logits: Float32[Array, "*b n"], tau: Static[float, among(0.5, 1.0, 0.1)]
) -> Float32[Array, "*b n", Simplex]:
    gumbels = jax.random.gumbel(key, logits.shape)
    return jax.nn.softmax((logits + gumbels) / tau, axis=-1)


@production(weight=0.4, names="path walk", magnitude=lambda t: t + 3)
def random_walk(key: Key[Array, ""], steps: Static[int, new_size("t", 4, 32)]) -> Float32[Array, "t"]:
    return jnp.cumsum(jax.random.normal(key, (steps,)))


@production(weight=0.6, names="noise init samples", magnitude=lambda: 2.7)
def normal_of_seed(seed: Int32[Array, ""], size: Static[tuple[int, ...], shape("*s")]) -> Float32[Array, "*s"]:
    key = jax.random.PRNGKey(seed)
    return jax.random.normal(key, size)


@production(weight=0.6, names="h projected features", magnitude=lambda x, d: x + d + 3)
def random_projection(
    x: Float32[Array, "*b d"], seed: Static[int, among(0, 1, 42)], width: Static[int, new_size("k", 2, 16)]
) -> Float32[Array, "*b k"]:
    w = either(
        jax.random.normal(jax.random.PRNGKey(seed), (x.shape[-1], width)),
        jax.random.normal(jax.random.PRNGKey(seed), shape=(x.shape[-1], width)),
    )
    return x @ w


@production(weight=0.5, names="out dense", magnitude=lambda x, d: x + d + 3)
def random_dense(
    key: Key[Array, ""], x: Float32[Array, "*b d"], width: Static[int, new_size("k", 2, 16)]
) -> Float32[Array, "*b k"]:
    w_key, b_key = jax.random.split(key)
    w = jax.random.normal(w_key, (x.shape[-1], width)) / jnp.sqrt(x.shape[-1])
    b = 0.01 * jax.random.normal(b_key, (width,))
    return x @ w + b


@production(weight=0.4, names="draws batch", magnitude=lambda mean: max(mean, 2.0) + 1)
def sample_per_key(
    key: Key[Array, ""], mean: Float32[Array, "*s"], count: Static[int, new_size("n", 2, 8)]
) -> Float32[Array, "n *s"]:
    keys = jax.random.split(key, count)
    return jax.vmap(lambda k: mean + jax.random.normal(k, mean.shape))(keys)


@production(weight=0.3, names="tokens sampled", magnitude=lambda n: n)
def sample_with_temperature(
    key: Key[Array, ""], logits: Float[Array, "*b n"], temperature: Static[float, among(0.7, 0.9, 1.2)]
) -> Int32[Array, "*b", Index("n")]:
    return jax.random.categorical(key, logits / temperature, axis=-1)


@production(weight=0.3, names="actions chosen", magnitude=lambda n: n)
def epsilon_greedy(
    key: Key[Array, ""], q_values: Float[Array, "b n"], epsilon: Static[float, among(0.1, 0.05, 0.2)]
) -> Int32[Array, "b", Index("n")]:
    explore_key, action_key = jax.random.split(key)
    greedy = jnp.argmax(q_values, axis=-1)
    uniform = jax.random.randint(action_key, greedy.shape, 0, q_values.shape[-1])
    return jnp.where(jax.random.uniform(explore_key, greedy.shape) < epsilon, uniform, greedy)


@production(weight=0.3, names="position proposal", magnitude=lambda x: max(x, 3.0) + 2)
def langevin_step(
    key: Key[Array, ""], x: Float32[Array, "*s"], step_size: Static[float, among(0.1, 0.01, 0.05)]
) -> Float32[Array, "*s"]:
    noise = jax.random.normal(key, x.shape)
    return x - step_size * x + jnp.sqrt(2.0 * step_size) * noise
