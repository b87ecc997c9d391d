"""Functions of functions: vectorising, calls of helpers, partial application, and maps over pytrees."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from grammar.productions.control import loosened
from grammar.rules.notation import Array, Body, C, Float, Function, Helper, Productions, Smooth, Static, Tree, either
from grammar.values.statics import among

production = Productions()


# --- vectorising --------------------------------------------------------------------------------------------


@production(weight=2)
def vmap(fun: Body[Function, "*x -> *y"], xs: Float[Array, "n *x"]) -> Float[Array, "n *y"]:
    return jax.vmap(fun)(xs)


@production(weight=1)
def vmap_pairs(
    fun: Body[Function, "*x, *y -> *z"], xs: Float[Array, "n *x"], ys: Float[Array, "n *y"]
) -> Float[Array, "n *z"]:
    return either(jax.vmap(fun)(xs, ys), jax.vmap(fun, in_axes=(0, 0))(xs, ys), weights=(3, 1))


@production(weight=1)
def vmap_in_axes(
    fun: Body[Function, "*x, *y -> *z"], xs: Float[Array, "n *x"], y: Float[Array, "*y"]
) -> Float[Array, "n *z"]:
    return jax.vmap(fun, in_axes=(0, None))(xs, y)


@production(weight=0.6)
def vmap_second(
    fun: Body[Function, "*x, *y -> *z"], params: Float[Array, "*x"], xs: Float[Array, "n *y"]
) -> Float[Array, "n *z"]:
    return jax.vmap(fun, in_axes=(None, 0))(params, xs)


@production(weight=0.5)
def vmap_columns(fun: Body[Function, "m *x -> *y"], xs: Float[Array, "m n *x"]) -> Float[Array, "n *y"]:
    return either(jax.vmap(fun, in_axes=1)(xs), jax.vmap(fun, in_axes=(1,))(xs), weights=(3, 1))


@production(weight=0.5)
def vmap_out_axes(fun: Body[Function, "*x -> m *y"], xs: Float[Array, "n *x"]) -> Float[Array, "m n *y"]:
    return jax.vmap(fun, in_axes=0, out_axes=1)(xs)


@production(weight=0.5)
def vmap_nested(fun: Body[Function, "*x -> *y"], xs: Float[Array, "m n *x"]) -> Float[Array, "m n *y"]:
    return jax.vmap(jax.vmap(fun))(xs)


@production(weight=0.5, names="pairwise table")
def vmap_outer(
    fun: Body[Function, "*x, *y -> *z"], xs: Float[Array, "m *x"], ys: Float[Array, "n *y"]
) -> Float[Array, "m n *z"]:
    return either(
        jax.vmap(jax.vmap(fun, in_axes=(None, 0)), in_axes=(0, None))(xs, ys),
        jax.vmap(lambda a: jax.vmap(lambda b: fun(a, b))(ys))(xs),
    )


@production(weight=0.5)
def lax_map(fun: Body[Function, "*x -> *y"], xs: Float[Array, "n *x"]) -> Float[Array, "n *y"]:
    return lax.map(fun, xs)


@production(weight=0.3)
def vectorize(fun: Body[Function, "n -> n"], xs: Float[Array, "*b n"]) -> Float[Array, "*b n"]:
    return jnp.vectorize(fun, signature="(n)->(n)")(xs)


# --- calls --------------------------------------------------------------------------------------------------


@production(weight=1)
def helper_of_one(fun: Body[Function, "*x -> *y", Helper], x: Float[Array, "*x"]) -> Float[Array, "*y"]:
    return fun(x)


@production(weight=1.5)
def helper(
    fun: Body[Function, "*x, *y -> *z", Helper], x: Float[Array, "*x"], y: Float[Array, "*y"]
) -> Float[Array, "*z"]:
    return fun(x, y)


@production(weight=0.7)
def helper_of_three(
    fun: Body[Function, "*x, *y, *z -> *w", Helper],
    x: Float[Array, "*x"],
    y: Float[Array, "*y"],
    z: Float[Array, "*z"],
) -> Float[Array, "*w"]:
    return fun(x, y, z)


@production(weight=0.5)
def helper_of_two_results(
    fun: Body[Callable[[Array, Array], tuple[Array, Array]], "*x, *y -> *z, *w", Helper],
    x: Float[Array, "*x"],
    y: Float[Array, "*y"],
) -> tuple[Float[Array, "*z"], Float[Array, "*w"]]:
    return fun(x, y)


@production(weight=0.5)
def helper_of_tree(
    fun: Body[Callable[[C, Array], Array], "~C, *x -> *y", Helper], params: Tree[C, "~C"], x: Float[Array, "*x"]
) -> Float[Array, "*y"]:
    return fun(params, x)


@production(weight=0.8)
def jit(fun: Body[Function, "*x -> *y"], x: Float[Array, "*x"]) -> Float[Array, "*y"]:
    return jax.jit(fun)(x)


@production(weight=0.5)
def jit_of_two(fun: Body[Function, "*x, *y -> *z"], x: Float[Array, "*x"], y: Float[Array, "*y"]) -> Float[Array, "*z"]:
    return jax.jit(fun)(x, y)


@production(weight=0.6)
def checkpoint(fun: Body[Function, "*x -> *y"], x: Float[Array, "*x"]) -> Float[Array, "*y"]:
    return either(jax.checkpoint(fun)(x), jax.remat(fun)(x))


@production(weight=0.5)
def partial(
    fun: Body[Function, "*w, *x -> *y"], weights: Float[Array, "*w"], xs: Float[Array, "n *x"]
) -> Float[Array, "n *y"]:
    return either(
        jax.vmap(functools.partial(fun, weights))(xs),
        lax.map(functools.partial(fun, weights), xs),
        weights=(3, 1),
    )


@production(weight=0.3)
def compose(
    first_stage: Body[Function, "*x -> *y", Helper],
    second_stage: Body[Function, "*y -> *z", Helper],
    x: Float[Array, "*x"],
) -> Float[Array, "*z"]:
    return second_stage(first_stage(x))


# --- pytrees ------------------------------------------------------------------------------------------------


@production(weight=0.8, relation=loosened)
def tree_scale(params: Tree[C, "~C"], factor: Static[float, among(0.9, 0.5, 0.99, 2.0)]) -> Tree[C, "~C"]:
    return either(
        jax.tree.map(lambda p: factor * p, params),
        jax.tree_util.tree_map(lambda p: factor * p, params),
        weights=(2, 1),
    )


@production(weight=0.5, relation=loosened)
def tree_map(params: Tree[C, "~C"]) -> Tree[C, "~C"]:
    return either(jax.tree.map(jnp.tanh, params), jax.tree_util.tree_map(jnp.tanh, params), weights=(2, 1))


@production(weight=0.6, relation=loosened)
def tree_gradient_step(
    loss: Body[Callable[[C], Array], "~C -> ", Smooth],
    params: Tree[C, "~C"],
    rate: Static[float, among(0.1, 0.01, 1e-3)],
) -> Tree[C, "~C"]:
    grads = jax.grad(loss)(params)
    return either(
        jax.tree.map(lambda p, g: p - rate * g, params, grads),
        jax.tree_util.tree_map(lambda p, g: p - rate * g, params, grads),
        weights=(2, 1),
    )


@production(weight=0.5, names="total norm", magnitude=lambda params: 2 * params + 20)
def tree_norm(params: Tree[object, "~C"]) -> Float[Array, ""]:
    return either(
        sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params)),
        sum(jnp.sum(leaf**2) for leaf in jax.tree_util.tree_leaves(params)),
        jax.tree.reduce(lambda total, leaf: total + jnp.sum(leaf**2), params, 0.0),
        weights=(2, 1, 0),
    )  # type: ignore[return-value]
