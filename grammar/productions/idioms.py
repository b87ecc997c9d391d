"""Things people write in several lines: losses, steps of optimisers and solvers, stencils."""

import jax
import jax.numpy as jnp
from jax import lax

from grammar.rules.notation import (
    Array,
    Body,
    Float,
    Float32,
    Function,
    Helper,
    Index,
    Int32,
    NonNegative,
    Probability,
    Productions,
    Simplex,
    Smooth,
    Static,
    either,
)
from grammar.values.statics import among, size

production = Productions()


# --- losses -------------------------------------------------------------------------------------------------


@production(weight=1.2, names="loss mse error", magnitude=lambda preds, y: 2 * max(preds, y) + 2)
def mean_squared_error(preds: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "", NonNegative]:
    return either(
        jnp.mean((preds - y) ** 2),
        jnp.mean(jnp.square(preds - y)),
        ((preds - y) ** 2).mean(),
        weights=(3, 2, 1),
    )


@production(weight=0.5, names="loss mae", magnitude=lambda preds, y: max(preds, y) + 1)
def mean_absolute_error(preds: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "", NonNegative]:
    return either(jnp.mean(jnp.abs(preds - y)), jnp.abs(preds - y).mean(), weights=(3, 1))


@production(weight=0.5, names="loss robust", magnitude=lambda preds, y: 2 * max(preds, y) + 2)
def huber_loss(
    preds: Float[Array, "*s"], y: Float[Array, "*s"], delta: Static[float, among(1.0, 0.5, 2.0)]
) -> Float[Array, "", NonNegative]:
    residual = jnp.abs(preds - y)
    return jnp.mean(jnp.where(residual < delta, 0.5 * residual**2, delta * (residual - 0.5 * delta)))


@production(weight=1, names="loss nll", magnitude=lambda logits, n: logits + n + 1)
def cross_entropy_of_labels(logits: Float32[Array, "b n"], labels: Int32[Array, "b", Index("n")]) -> Float32[Array, ""]:
    log_probs = jax.nn.log_softmax(logits)
    return either(
        -jnp.mean(jnp.take_along_axis(log_probs, labels[:, None], axis=-1)),
        -jnp.mean(log_probs[jnp.arange(labels.shape[0]), labels]),
    )


@production(weight=0.8, names="losses xent", magnitude=lambda logits, n: logits + n + 1)
def cross_entropy_one_hot(
    logits: Float32[Array, "*b n"], labels: Int32[Array, "*b", Index("n")], classes: Static[int, size("n")]
) -> Float32[Array, "*b"]:
    targets = either(jax.nn.one_hot(labels, classes), jax.nn.one_hot(labels, logits.shape[-1]))
    return -jnp.sum(targets * jax.nn.log_softmax(logits, axis=-1), axis=-1)


@production(weight=0.5, names="kl divergence", magnitude=lambda p, n: 5.0)
def kl_divergence(p: Float32[Array, "*b n", Simplex], q: Float32[Array, "*b n", Simplex]) -> Float32[Array, "*b"]:
    return jnp.sum(p * (jnp.log(p + 1e-8) - jnp.log(q + 1e-8)), axis=-1)


@production(weight=0.5, names="entropy", magnitude=lambda p, n: 5.0, faithful=False)
def entropy(p: Float32[Array, "*b n", Simplex]) -> Float32[Array, "*b"]:
    return -jnp.sum(p * jnp.log(p + 1e-8), axis=-1)


@production(weight=0.5, names="similarity cosine", differentiable=False)
def cosine_similarity(x: Float32[Array, "*b d"], y: Float32[Array, "*b d"]) -> Float32[Array, "*b"]:
    norms = jnp.linalg.norm(x, axis=-1) * jnp.linalg.norm(y, axis=-1)
    return jnp.sum(x * y, axis=-1) / (norms + 1e-6)


@production(weight=0.4, names="accuracy score")
def accuracy(logits: Float32[Array, "b n"], labels: Int32[Array, "b", Index("n")]) -> Float32[Array, "", Probability]:
    return either(
        jnp.mean(jnp.argmax(logits, axis=-1) == labels),
        (jnp.argmax(logits, -1) == labels).mean(),
        jnp.mean((logits.argmax(axis=-1) == labels).astype(jnp.float32)),
    )


@production(weight=0.4, names="sq_dists distances", magnitude=lambda x, y, d: 2 * max(x, y) + d + 2)
def pairwise_sq_dists(x: Float[Array, "m d"], y: Float[Array, "n d"]) -> Float[Array, "m n", NonNegative]:
    return jnp.sum((x[:, None, :] - y[None, :, :]) ** 2, axis=-1)


# --- optimisers ---------------------------------------------------------------------------------------------


@production(weight=0.6, names="updated params", magnitude=lambda params, grads: max(params, grads) + 1)
def sgd_step(
    params: Float[Array, "*s"], grads: Float[Array, "*s"], lr: Static[float, among(0.1, 0.01, 1e-3)]
) -> Float[Array, "*s"]:
    return params - lr * grads


@production(weight=0.6, names="average ema target", magnitude=lambda average, x: max(average, x) + 0.1)
def polyak_update(
    average: Float[Array, "*s"], x: Float[Array, "*s"], decay: Static[float, among(0.9, 0.99, 0.999, 0.5)]
) -> Float[Array, "*s"]:
    return either(decay * average + (1.0 - decay) * x, average + (1.0 - decay) * (x - average))


@production(
    weight=0.5,
    names="velocity params",
    magnitude=lambda params, velocity, grads: max(params, velocity, grads) + 2,
)
def momentum_step(
    params: Float[Array, "*s"],
    velocity: Float[Array, "*s"],
    grads: Float[Array, "*s"],
    lr: Static[float, among(0.1, 0.01, 1e-3)],
) -> tuple[Float[Array, "*s"], Float[Array, "*s"]]:
    step = 0.9 * velocity - lr * grads
    return step, params + step


@production(weight=0.5, names="params m v", magnitude=lambda params, m, v, grads: max(params, m + 2, v, 2 * grads) + 7)
def adam_step(
    params: Float32[Array, "*s"],
    m: Float32[Array, "*s"],
    v: Float32[Array, "*s", NonNegative],
    grads: Float32[Array, "*s"],
    lr: Static[float, among(1e-3, 0.01, 3e-4)],
) -> tuple[Float32[Array, "*s"], Float32[Array, "*s"], Float32[Array, "*s", NonNegative]]:
    m_new = 0.9 * m + 0.1 * grads
    v_new = 0.999 * v + 0.001 * grads**2
    return params - lr * m_new / (jnp.sqrt(v_new) + 1e-3), m_new, v_new


@production(weight=0.5, names="clipped grads")
def clip_by_norm(grads: Float32[Array, "*s"], limit: Static[float, among(1.0, 0.5, 5.0)]) -> Float32[Array, "*s"]:
    norm = jnp.sqrt(jnp.sum(grads**2) + 1e-6)
    return either(grads * jnp.minimum(1.0, limit / norm), grads / jnp.maximum(norm / limit, 1.0))


@production(weight=0.5, names="loss grads", magnitude=lambda w, x, y, n, d: 2 * max(w + x + d, y) + x + n + 2)
def least_squares_gradient(
    w: Float32[Array, "d"], x: Float32[Array, "n d"], y: Float32[Array, "n"]
) -> tuple[Float32[Array, ""], Float32[Array, "d"]]:
    return jax.value_and_grad(lambda w_: jnp.mean((x @ w_ - y) ** 2))(w)


@production(weight=0.4, names="new_params stepped", magnitude=lambda loss, params: max(loss, params) + 5)
def training_step(
    loss: Body[Function, "*w, *x -> ", Smooth],
    params: Float[Array, "*w"],
    x: Float[Array, "*x"],
    lr: Static[float, among(0.1, 0.01)],
) -> tuple[Float[Array, ""], Float[Array, "*w"]]:
    value, grads = jax.value_and_grad(loss)(params, x)
    return value, params - lr * grads


# --- differential equations and stencils --------------------------------------------------------------------


def _stepped(field: float, x: float) -> float:
    """That of a step along a field."""
    return max(field, x) + 1


@production(weight=0.5, names="stepped state", magnitude=_stepped)
def euler_step(
    field: Body[Function, "*x -> *x", Helper],
    x: Float[Array, "*x"],
    dt: Static[float, among(0.1, 0.01, 0.05)],
) -> Float[Array, "*x"]:
    return x + dt * field(x)


@production(weight=0.4, names="path state", magnitude=lambda field, x: max(field, x) + 2)
def euler_loop(
    field: Body[Function, "*x -> *x", Helper],
    x: Float[Array, "*x"],
    steps: Static[int, among(3, 5, 10)],
    dt: Static[float, among(0.1, 0.01)],
) -> Float[Array, "*x"]:
    return lax.fori_loop(0, steps, lambda _, state: state + dt * jnp.tanh(field(state)), x)


@production(weight=0.4, names="stepped state", magnitude=_stepped)
def heun_step(
    field: Body[Function, "*x -> *x", Helper], x: Float[Array, "*x"], dt: Static[float, among(0.1, 0.01)]
) -> Float[Array, "*x"]:
    k1 = jnp.tanh(field(x))
    k2 = jnp.tanh(field(x + dt * k1))
    return x + 0.5 * dt * (k1 + k2)


@production(weight=0.4, names="stepped state", magnitude=_stepped)
def runge_kutta_step(
    field: Body[Function, "*x -> *x", Helper], x: Float[Array, "*x"], dt: Static[float, among(0.1, 0.01)]
) -> Float[Array, "*x"]:
    k1 = jnp.sin(field(x))
    k2 = jnp.sin(field(x + 0.5 * dt * k1))
    k3 = jnp.sin(field(x + 0.5 * dt * k2))
    k4 = jnp.sin(field(x + dt * k3))
    return x + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


@production(weight=0.3, names="trajectory path", magnitude=lambda x: max(x, 1.0) + 4)
def damped_oscillator(
    x: Float32[Array, "2"], omega: Static[float, among(1.0, 2.0, 0.5)], dt: Static[float, among(0.01, 0.05)]
) -> Float32[Array, "2"]:
    rates = jnp.array([x[1], -(omega**2) * x[0] - 0.1 * x[1]])
    return x + dt * rates


@production(weight=0.5, names="laplacian lap", magnitude=lambda u: u + 3)
def laplacian_roll(u: Float[Array, "m n"]) -> Float[Array, "m n"]:
    return either(
        jnp.roll(u, 1, axis=0) + jnp.roll(u, -1, axis=0) + jnp.roll(u, 1, axis=1) + jnp.roll(u, -1, axis=1) - 4.0 * u,
        jnp.roll(u, 1, 0) + jnp.roll(u, -1, 0) + jnp.roll(u, 1, 1) + jnp.roll(u, -1, 1) - 4 * u,
    )


@production(weight=0.5, names="second_derivative u_xx", magnitude=lambda u: u + 2)
def second_difference(u: Float[Array, "*b n"]) -> Float[Array, "*b n"]:
    return jnp.roll(u, -1, axis=-1) - 2.0 * u + jnp.roll(u, 1, axis=-1)


@production(weight=0.4, names="curvature u_xx", magnitude=lambda u, h: u + 16)
def interior_difference(u: Float[Array, "n+2"], h: Static[float, among(0.1, 0.05, 0.25)]) -> Float[Array, "n"]:
    return either((u[2:] - 2.0 * u[1:-1] + u[:-2]) / h**2, (u[:-2] - 2 * u[1:-1] + u[2:]) / (h * h))


@production(weight=0.4, names="slope du_dx", magnitude=lambda u, h: u + 6)
def central_difference(u: Float[Array, "n+2"], h: Static[float, among(0.1, 0.05, 0.25)]) -> Float[Array, "n"]:
    return (u[2:] - u[:-2]) / (2.0 * h)


@production(weight=0.4, names="u field", magnitude=lambda u: u + 1)
def heat_step(u: Float[Array, "n+2"], nu: Static[float, among(0.1, 0.25, 0.4)]) -> Float[Array, "n+2"]:
    return u.at[1:-1].add(nu * (u[2:] - 2.0 * u[1:-1] + u[:-2]))


@production(weight=0.3, names="relaxed u", magnitude=lambda u, f: max(u, f) + 1)
def jacobi_sweep(u: Float[Array, "m+2 n+2"], f: Float[Array, "m+2 n+2"]) -> Float[Array, "m+2 n+2"]:
    neighbours = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
    return u.at[1:-1, 1:-1].set(0.25 * (neighbours + 0.01 * f[1:-1, 1:-1]))


@production(weight=0.4, names="smoothed averaged")
def rolling_mean(x: Float[Array, "n+2"]) -> Float[Array, "n"]:
    return either((x[:-2] + x[1:-1] + x[2:]) / 3.0, jnp.convolve(x, jnp.full(3, 1 / 3, x.dtype), mode="valid"))


@production(weight=0.3, names="advantages targets", magnitude=lambda rewards, values: max(rewards, values) + 2)
def temporal_difference(
    rewards: Float[Array, "t"], values: Float[Array, "t+1"], discount: Static[float, among(0.99, 0.9, 0.95)]
) -> Float[Array, "t"]:
    return rewards + discount * values[1:] - values[:-1]
