"""Loops and branches."""

# The functions inside templates are written into programs as they stand, so they carry no annotations.
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false

from collections.abc import Callable

import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.rules.notation import (
    Array,
    Body,
    Bool,
    C,
    Float,
    Function,
    Index,
    Int32,
    Like,
    Positive,
    Productions,
    Static,
    Tree,
    Unit,
    either,
)
from grammar.values import types
from grammar.values.binding import Binding
from grammar.values.statics import among, between, new_size, size

production = Productions()


def loosened(binding: Binding, choices: Choices) -> Binding | None:
    """What a loop or an update leaves of a pytree's type: dtypes and shapes, not what held of its values."""
    tree = binding.trees["~C"]
    high = max((leaf.magnitude for _, leaf in types.leaves(tree)), default=2.0)
    low = min((types.cap(leaf.dtype) for _, leaf in types.leaves(tree)), default=30.0)
    return binding.with_tree("~C", types.like(tree, refinement=types.ANY, magnitude=min(high + 6, low)))


# --- loops --------------------------------------------------------------------------------------------------


@production(weight=1, relation=loosened)
def scan(
    body: Body[Callable[[C, Array], tuple[C, Array]], "~C, *x -> ~C, *y"], init: Tree[C, "~C"], xs: Float[Array, "t *x"]
) -> tuple[Tree[C, "~C"], Float[Array, "t *y"]]:
    return lax.scan(body, init, xs)


@production(weight=0.8)
def scan_array(
    body: Body[Callable[[Array, Array], tuple[Array, Array]], "*c, *x -> *c, *y"],
    init: Float[Array, "*c"],
    xs: Float[Array, "t *x"],
) -> tuple[Float[Array, "*c"], Float[Array, "t *y"]]:
    return lax.scan(body, init, xs)


@production(weight=0.5)
def scan_reverse(
    body: Body[Callable[[Array, Array], tuple[Array, Array]], "*c, *x -> *c, *y"],
    init: Float[Array, "*c"],
    xs: Float[Array, "t *x"],
) -> tuple[Float[Array, "*c"], Float[Array, "t *y"]]:
    return lax.scan(body, init, xs, reverse=True)


@production(weight=0.5, names="final state")
def scan_length(
    step: Body[Function, "*c -> *c"], init: Float[Array, "*c"], length: Static[int, between(2, 10)]
) -> Float[Array, "*c"]:
    final, _ = lax.scan(lambda carry, _: (step(carry), None), init, None, length=length)
    return final


@production(weight=0.6, names="trajectory path history")
def scan_trajectory(
    step: Body[Function, "*c -> *c"], init: Float[Array, "*c"], length: Static[int, new_size("t", 2, 12)]
) -> Float[Array, "t *c"]:
    def advance(carry, _):
        following = step(carry)
        return following, following

    _, history = either(
        lax.scan(advance, init, None, length=length),
        lax.scan(advance, init, xs=None, length=length),
        weights=(3, 1),
    )
    return history


@production(weight=0.4)
def scan_pair(
    body: Body[Callable[[Array, Array, Array], tuple[Array, Array]], "*c, *x, *y -> *c, *z"],
    init: Float[Array, "*c"],
    xs: Float[Array, "t *x"],
    ys: Float[Array, "t *y"],
) -> tuple[Float[Array, "*c"], Float[Array, "t *z"]]:
    return lax.scan(lambda carry, inputs: body(carry, inputs[0], inputs[1]), init, (xs, ys))


@production(weight=0.3, names="prefix running totals", magnitude=lambda x, n: x + n)
def associative_sum(x: Float[Array, "n *s"]) -> Float[Array, "n *s"]:
    return either(lax.associative_scan(jnp.add, x), lax.associative_scan(lambda a, b: a + b, x))


@production(weight=0.3, names="running envelope")
def associative_extreme(x: Float[Array, "n *s"]) -> Float[Array, "n *s", Like("x")]:
    return either(lax.associative_scan(jnp.maximum, x), lax.associative_scan(jnp.maximum, x, axis=0), weights=(3, 1))


@production(weight=0.2, names="least floor_ahead")
def associative_extreme_reversed(x: Float[Array, "n *s"]) -> Float[Array, "n *s", Like("x")]:
    return lax.associative_scan(jnp.minimum, x, reverse=True)


@production(weight=0.2, names="suffix running", magnitude=lambda x: x)
def associative_product(x: Float[Array, "n *s", Unit]) -> Float[Array, "n *s", Unit]:
    return lax.associative_scan(jnp.multiply, x, reverse=True)


@production(weight=0.4, names="states h", magnitude=lambda decay, x, n: x + n)
def linear_recurrence(decay: Float[Array, "n *s", Unit], x: Float[Array, "n *s"]) -> Float[Array, "n *s"]:
    def combine(left, right):
        return left[0] * right[0], right[0] * left[1] + right[1]

    _, states = lax.associative_scan(combine, (decay, x))
    return states


@production(weight=0.6)
def fori_loop(
    body: Body[Function, "*x, Int -> *x"], x: Float[Array, "*x"], steps: Static[int, between(3, 10)]
) -> Float[Array, "*x"]:
    return lax.fori_loop(1, steps, lambda i, carry: body(carry, i), x)


@production(weight=0.6)
def fori_loop_plain(
    step: Body[Function, "*x -> *x"], x: Float[Array, "*x"], steps: Static[int, between(2, 10)]
) -> Float[Array, "*x"]:
    return either(
        lax.fori_loop(0, steps, lambda _, carry: step(carry), x),
        lax.fori_loop(0, steps, body_fun=lambda _, carry: step(carry), init_val=x),
        weights=(4, 1),
    )


@production(weight=0.4, relation=loosened)
def fori_loop_tree(
    step: Body[Callable[[C], C], "~C -> ~C"], init: Tree[C, "~C"], steps: Static[int, between(2, 8)]
) -> Tree[C, "~C"]:
    return lax.fori_loop(0, steps, lambda _, carry: step(carry), init)


@production(weight=0.4, names="gathered table")
def fori_loop_fill(
    fun: Body[Function, "*x -> *x"], xs: Float[Array, "n *x"], count: Static[int, size("n")]
) -> Float[Array, "n *x"]:
    return lax.fori_loop(0, count, lambda i, out: out.at[i].set(fun(xs[i])), jnp.zeros_like(xs))


@production(weight=0.6, differentiable=False)
def while_loop(
    step: Body[Function, "*x -> *x"], x: Float[Array, "*x"], steps: Static[int, between(2, 8)]
) -> Float[Array, "*x"]:
    _, final = lax.while_loop(lambda state: state[0] < steps, lambda state: (state[0] + 1, step(state[1])), (0, x))
    return final


@production(weight=0.6, names="converged fixed_point", differentiable=False)
def while_residual(
    step: Body[Function, "*x -> *x"],
    x: Float[Array, "*x"],
    steps: Static[int, among(10, 20, 50, 5)],
    tol: Static[float, among(1e-3, 1e-2, 1e-4)],
) -> Float[Array, "*x"]:
    def cond_fun(state):
        i, _, residual = state
        return (i < steps) & (residual > tol)

    def body_fun(state):
        i, current, _ = state
        updated = step(current)
        return i + 1, updated, jnp.max(jnp.abs(updated - current))

    start = (0, x, jnp.full((), jnp.inf, x.dtype))
    _, solution, _ = lax.while_loop(cond_fun, body_fun, start)
    return solution


@production(weight=0.3, names="root roots", magnitude=lambda x: x, differentiable=False)
def newton_sqrt(x: Float[Array, "*s", Positive], steps: Static[int, among(10, 20, 30)]) -> Float[Array, "*s", Positive]:
    def keep_going(state):
        i, guess = state
        return (i < steps) & (jnp.max(jnp.abs(guess * guess - x)) > 1e-4)

    def improve(state):
        i, guess = state
        return i + 1, 0.5 * (guess + x / guess)

    return lax.while_loop(keep_going, improve, (0, 0.5 * (x + 1.0)))[1]


# --- branches -----------------------------------------------------------------------------------------------


@production(weight=0.6)
def cond(
    pred: Bool[Array, ""],
    on_true: Body[Function, "*x -> *y"],
    on_false: Body[Function, "*x -> *y"],
    x: Float[Array, "*x"],
) -> Float[Array, "*y"]:
    return lax.cond(pred, on_true, on_false, x)


@production(weight=0.8)
def cond_on_value(
    on_true: Body[Function, "*x -> *x"],
    on_false: Body[Function, "*x -> *x"],
    x: Float[Array, "*x"],
    threshold: Static[float, among(0.0, 1.0, 0.5)],
) -> Float[Array, "*x"]:
    return either(
        lax.cond(jnp.sum(x) > threshold, on_true, on_false, x),
        lax.cond(jnp.mean(x) > threshold, on_true, on_false, x),
        lax.cond(jnp.max(x) > threshold, on_true, on_false, x),
    )


@production(weight=0.4)
def cond_of_two(
    pred: Bool[Array, ""],
    on_true: Body[Function, "*x, *y -> *x"],
    on_false: Body[Function, "*x, *y -> *x"],
    x: Float[Array, "*x"],
    y: Float[Array, "*y"],
) -> Float[Array, "*x"]:
    return lax.cond(pred, on_true, on_false, x, y)


@production(weight=0.5)
def switch(
    index: Int32[Array, "", Index("3")],
    branch: Body[Function, "*x -> *x"],
    second_branch: Body[Function, "*x -> *x"],
    last_branch: Body[Function, "*x -> *x"],
    x: Float[Array, "*x"],
) -> Float[Array, "*x"]:
    return either(
        lax.switch(index, [branch, second_branch, last_branch], x),
        lax.switch(index, (branch, second_branch, last_branch), x),
    )
