"""Derivatives, and functions with derivative rules of their own."""

# The functions inside templates are written into programs as they stand, so they carry no annotations.
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from grammar.productions.control import loosened
from grammar.rules.notation import (
    Array,
    Body,
    C,
    Float,
    Function,
    Helper,
    Productions,
    Smooth,
    Static,
    Tree,
    either,
)
from grammar.values.statics import among, between

production = Productions()


def _slope(fun: float, x: float) -> float:
    """A derivative may be larger than what it is the derivative of."""
    return max(fun, x) + 4


def _slope_of_two(fun: float, x: float, y: float) -> float:
    """The same of two variables."""
    return max(fun, x, y) + 4


# --- derivatives --------------------------------------------------------------------------------------------


@production(weight=1, names="grads slope", magnitude=lambda fun, x: 2 * max(fun, x) + 4)
def grad_of_square(fun: Body[Function, "*x -> *y", Smooth], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    return either(
        jax.grad(lambda v: jnp.mean(fun(v) ** 2))(x),
        jax.grad(lambda v: jnp.mean(jnp.square(fun(v))))(x),
        weights=(3, 1),
    )


@production(weight=0.8, names="loss grads", magnitude=lambda fun, x: 2 * max(fun, x) + 4)
def value_and_grad_of_square(
    fun: Body[Function, "*x -> *y", Smooth], x: Float[Array, "*x"]
) -> tuple[Float[Array, ""], Float[Array, "*x"]]:
    def loss_fn(v):
        return jnp.mean(fun(v) ** 2)

    return jax.value_and_grad(loss_fn)(x)


@production(weight=0.5, names="grads", magnitude=lambda fun, w, x: 2 * max(fun, w, x) + 4)
def grad_of_model(
    fun: Body[Function, "*w, *x -> *y", Smooth], w: Float[Array, "*w"], x: Float[Array, "*x"]
) -> Float[Array, "*w"]:
    def loss_fn(params, batch):
        return jnp.mean(fun(params, batch) ** 2)

    return jax.grad(loss_fn)(w, x)


@production(weight=0.6, names="grads slope", magnitude=_slope)
def grad(fun: Body[Function, "*x -> ", Smooth], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    return jax.grad(fun)(x)


@production(weight=0.4, names="grads", magnitude=_slope_of_two)
def grad_first(
    fun: Body[Function, "*x, *y -> ", Smooth], x: Float[Array, "*x"], y: Float[Array, "*y"]
) -> Float[Array, "*x"]:
    return either(jax.grad(fun)(x, y), jax.grad(fun, argnums=0)(x, y), weights=(3, 1))


@production(weight=0.3, names="grads", magnitude=_slope_of_two)
def grad_second(
    fun: Body[Function, "*x, *y -> ", Smooth], x: Float[Array, "*x"], y: Float[Array, "*y"]
) -> Float[Array, "*y"]:
    return jax.grad(fun, argnums=1)(x, y)


@production(weight=0.4, names="dx dy", magnitude=_slope_of_two)
def grad_both(
    fun: Body[Function, "*x, *y -> ", Smooth], x: Float[Array, "*x"], y: Float[Array, "*y"]
) -> tuple[Float[Array, "*x"], Float[Array, "*y"]]:
    return jax.grad(fun, argnums=(0, 1))(x, y)


@production(weight=0.4, relation=loosened)
def grad_tree(
    loss: Body[Callable[[C, Array], Array], "~C, *x -> ", Smooth], params: Tree[C, "~C"], x: Float[Array, "*x"]
) -> Tree[C, "~C"]:
    return jax.grad(loss)(params, x)


@production(weight=0.5, names="loss grads", magnitude=_slope)
def value_and_grad(
    fun: Body[Function, "*x -> ", Smooth], x: Float[Array, "*x"]
) -> tuple[Float[Array, ""], Float[Array, "*x"]]:
    return jax.value_and_grad(fun)(x)


@production(weight=0.5, magnitude=_slope)
def value_and_grad_aux(
    fun: Body[Callable[[Array], tuple[Array, Array]], "*x -> , *a", Smooth], x: Float[Array, "*x"]
) -> tuple[tuple[Float[Array, ""], Float[Array, "*a"]], Float[Array, "*x"]]:
    return jax.value_and_grad(fun, has_aux=True)(x)


@production(weight=0.3, names="grads aux", magnitude=_slope)
def grad_aux(
    fun: Body[Callable[[Array], tuple[Array, Array]], "*x -> , *a", Smooth], x: Float[Array, "*x"]
) -> tuple[Float[Array, "*x"], Float[Array, "*a"]]:
    return jax.grad(fun, has_aux=True)(x)


@production(weight=0.5, names="per_example_grads", magnitude=_slope_of_two)
def grad_per_example(
    fun: Body[Function, "*x, *y -> ", Smooth], x: Float[Array, "*x"], y: Float[Array, "n *y"]
) -> Float[Array, "n *x"]:
    return jax.vmap(jax.grad(fun), in_axes=(None, 0))(x, y)


@production(weight=0.3, names="slopes derivatives", magnitude=_slope)
def grad_pointwise(fun: Body[Function, " -> ", Smooth], x: Float[Array, "n"]) -> Float[Array, "n"]:
    return jax.vmap(jax.grad(fun))(x)


@production(weight=0.6, magnitude=lambda loss, x: max(loss, x) + 4)
def descend(
    loss: Body[Function, "*x -> ", Smooth],
    x: Float[Array, "*x"],
    times: Static[int, between(2, 4)],
    rate: Static[float, among(0.1, 0.01, 0.05)],
) -> Float[Array, "*x"]:
    for _ in range(times):
        x = x - rate * jax.grad(loss)(x)
    return x


@production(weight=0.6, names="primal tangent", magnitude=lambda fun, x, v: max(fun, x) + v + 4)
def jvp(
    fun: Body[Function, "*x -> *y", Smooth], x: Float[Array, "*x"], v: Float[Array, "*x"]
) -> tuple[Float[Array, "*y"], Float[Array, "*y"]]:
    return jax.jvp(fun, (x,), (v,))


@production(weight=0.6, names="cotangent pulled_back", magnitude=lambda fun, x: 2 * max(fun, x) + 4)
def vjp(fun: Body[Function, "*x -> *y", Smooth], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    y, vjp_fn = jax.vjp(fun, x)
    return vjp_fn(y)[0]


@production(weight=0.4, names="cotangent pulled_back", magnitude=lambda fun, x: 2 * max(fun, x) + 4)
def vjp_of_ones(fun: Body[Function, "*x -> *y", Smooth], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    y, vjp_fn = jax.vjp(fun, x)
    return vjp_fn(jnp.ones_like(y))[0]


@production(weight=0.3, names="y pulled_back", magnitude=lambda fun, x: max(fun, x) + 4)
def vjp_pair(
    fun: Body[Function, "*x -> *y", Smooth], x: Float[Array, "*x"]
) -> tuple[Float[Array, "*y"], Float[Array, "*x"]]:
    out, pullback = jax.vjp(fun, x)
    (grads,) = pullback(jnp.ones_like(out))
    return out, grads


@production(weight=0.4, names="jacobian jac", magnitude=_slope)
def jacfwd(fun: Body[Function, "n -> *y", Smooth], x: Float[Array, "n"]) -> Float[Array, "*y n"]:
    return jax.jacfwd(fun)(x)


@production(weight=0.4, names="jacobian jac", magnitude=_slope)
def jacrev(fun: Body[Function, "n -> *y", Smooth], x: Float[Array, "n"]) -> Float[Array, "*y n"]:
    return either(jax.jacrev(fun)(x), jax.jacobian(fun)(x), weights=(2, 1))


@production(weight=0.3, names="hess curvature", magnitude=lambda fun, x: max(fun, x) + 6)
def hessian(fun: Body[Function, "n -> ", Smooth], x: Float[Array, "n"]) -> Float[Array, "n n"]:
    return either(jax.hessian(fun)(x), jax.jacfwd(jax.jacrev(fun))(x), jax.jacfwd(jax.grad(fun))(x))


@production(weight=0.4, names="hvp", magnitude=lambda fun, x, v: max(fun, x) + v + 6)
def hessian_vector(
    fun: Body[Function, "*x -> ", Smooth], x: Float[Array, "*x"], v: Float[Array, "*x"]
) -> Float[Array, "*x"]:
    return jax.jvp(jax.grad(fun), (x,), (v,))[1]


@production(weight=0.3, names="primal tangent", magnitude=lambda fun, x, v: max(fun, x) + v + 4)
def linearize(
    fun: Body[Function, "*x -> *y", Smooth], x: Float[Array, "*x"], v: Float[Array, "*x"]
) -> Float[Array, "*y"]:
    y, f_jvp = jax.linearize(fun, x)
    return y + f_jvp(v)


@production(weight=0.2, names="adjoint", magnitude=lambda kernel, y, m: kernel + y + m)
def linear_transpose(kernel: Float[Array, "m n"], y: Float[Array, "m"]) -> Float[Array, "n"]:
    (adjoint,) = jax.linear_transpose(lambda v: kernel @ v, kernel[0])(y)
    return adjoint


@production(weight=0.6, magnitude=lambda target, x: max(target, x) + 1)
def stop_gradient_target(target: Body[Function, "*x -> *x"], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    return x - lax.stop_gradient(target(x))


# --- rules of one's own -------------------------------------------------------------------------------------


@production(weight=0.4)
def custom_jvp(fun: Body[Function, "*x -> *x", Helper], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    @jax.custom_jvp
    def primal_fn(v):
        return fun(v)

    @primal_fn.defjvp
    def tangent_rule(primals, tangents):
        (v,), (dv,) = primals, tangents
        return primal_fn(v), dv / (1.0 + v**2)

    return primal_fn(x)


@production(weight=0.4, names="y activated", magnitude=lambda x: x + 1)
def custom_jvp_softplus(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    @jax.custom_jvp
    def softplus(v):
        return jnp.logaddexp(v, 0.0)

    softplus.defjvps(lambda dv, _, v: jax.nn.sigmoid(v) * dv)
    return softplus(x)


@production(weight=0.6, differentiable=False)
def custom_vjp(fun: Body[Function, "*x -> *x", Helper], x: Float[Array, "*x"]) -> Float[Array, "*x"]:
    @jax.custom_vjp
    def clipped_grad(v):
        return fun(v)

    def forward_rule(v):
        return fun(v), None

    def backward_rule(_, g):
        return (jnp.clip(g, -1.0, 1.0),)

    clipped_grad.defvjp(forward_rule, backward_rule)
    return clipped_grad(x)


@production(weight=0.4, names="flipped h", magnitude=lambda x: x + 1, differentiable=False)
def gradient_reversal(x: Float[Array, "*s"], strength: Static[float, among(0.1, 1.0, 0.5)]) -> Float[Array, "*s"]:
    @jax.custom_vjp
    def reversal(v):
        return jnp.sin(v)

    reversal.defvjp(lambda v: (jnp.sin(v), v), lambda v, g: (-strength * g * jnp.cos(v),))
    return reversal(x)
