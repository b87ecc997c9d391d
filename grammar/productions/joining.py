"""Arrays put together and taken apart: concatenate, stack, split."""

import jax.numpy as jnp
from jax import lax

from grammar.rules.notation import Anything, Array, Float, Like, Num, Productions, Static, either
from grammar.values.statics import size

production = Productions()


@production(weight=2.5, names="joined combined", magnitude=lambda x, y: max(x, y), additive=True)
def concatenate(x: Num[Array, "*a m *b"], y: Num[Array, "*a n *b"], axis: Static[int, "m"]) -> Num[Array, "*a m+n *b"]:
    return either(
        jnp.concatenate([x, y], axis=axis),
        jnp.concatenate((x, y), axis=axis),
        jnp.concat([x, y], axis=axis),
        weights=(5, 4, 0.3),
    )


@production(weight=0.8, names="joined combined", additive=True)
def concatenate_first(x: Num[Array, "m *b"], y: Num[Array, "n *b"]) -> Num[Array, "m+n *b"]:
    return either(jnp.concatenate([x, y]), jnp.concatenate((x, y)), lax.concatenate([x, y], 0), weights=(3, 2, 0.3))


@production(weight=0.4, names="joined combined", additive=True)
def concatenate_three(x: Num[Array, "*a k"], y: Num[Array, "*a m"], z: Num[Array, "*a n"]) -> Num[Array, "*a k+m+n"]:
    return either(jnp.concatenate([x, y, z], axis=-1), jnp.concatenate((x, y, z), axis=-1))


@production(weight=0.4, names="joined", additive=True)
def append(x: Num[Array, "m"], y: Num[Array, "n"]) -> Num[Array, "m+n"]:
    return either(jnp.hstack([x, y]), jnp.append(x, y), jnp.r_[x, y], weights=(3, 2, 0.3))


@production(weight=0.3, names="joined wide", additive=True)
def hstack(x: Num[Array, "k m"], y: Num[Array, "k n"]) -> Num[Array, "k m+n"]:
    return either(jnp.hstack([x, y]), jnp.hstack((x, y)), jnp.append(x, y, axis=1), weights=(2, 2, 1))


@production(weight=0.3, names="joined tall", additive=True)
def vstack(x: Num[Array, "m k"], y: Num[Array, "n k"]) -> Num[Array, "m+n k"]:
    return either(jnp.vstack([x, y]), jnp.vstack((x, y)))


@production(weight=1.2, names="stacked pair", additive=True)
def stack(x: Num[Array, "*s"], y: Num[Array, "*s"]) -> Num[Array, "2 *s"]:
    return either(jnp.stack([x, y]), jnp.stack([x, y], axis=0), jnp.stack((x, y)), weights=(3, 2, 1))


@production(weight=0.8, names="stacked pair", additive=True)
def stack_last(x: Num[Array, "*s"], y: Num[Array, "*s"]) -> Num[Array, "*s 2"]:
    return either(jnp.stack([x, y], axis=-1), jnp.stack((x, y), axis=-1))


@production(weight=0.3, names="stacked points", additive=True)
def stack_three(x: Num[Array, "n *s"], y: Num[Array, "n *s"], z: Num[Array, "n *s"]) -> Num[Array, "n 3 *s"]:
    return jnp.stack([x, y, z], axis=1)


@production(weight=0.2, names="columns", additive=True)
def column_stack(x: Num[Array, "n"], y: Num[Array, "n"]) -> Num[Array, "n 2"]:
    return either(jnp.column_stack([x, y]), jnp.column_stack((x, y)), jnp.c_[x, y], weights=(2, 2, 0.5))


@production(weight=1.2, names="vec pair", additive=True)
def array_of_scalars(x: Num[Array, ""], y: Num[Array, ""]) -> Num[Array, "2"]:
    return either(jnp.array([x, y]), jnp.asarray([x, y]), jnp.stack([x, y]), jnp.hstack([x, y]), weights=(5, 1, 2, 0.3))


@production(weight=0.4, names="vec rotation", additive=True)
def array_of_rows(a: Float[Array, ""], b: Float[Array, ""], c: Float[Array, ""]) -> Float[Array, "2 2"]:
    return either(jnp.array([[a, b], [-b, c]]), jnp.asarray([[a, b], [-b, c]]), weights=(4, 1))


@production(weight=0.15, names="blocks", additive=True)
def block(
    a: Float[Array, "m n"], b: Float[Array, "m k"], c: Float[Array, "p n"], d: Float[Array, "p k"]
) -> Float[Array, "m+p n+k"]:
    return jnp.block([[a, b], [c, d]])


@production(weight=1.5, names="left right")
def split_even(
    x: Anything[Array, "*a m+m *b"], axis: Static[int, "m"]
) -> tuple[Anything[Array, "*a m *b", Like("x")], Anything[Array, "*a m *b", Like("x")]]:
    return either(jnp.split(x, 2, axis=axis), jnp.array_split(x, 2, axis=axis), weights=(8, 1))  # pyright: ignore[reportReturnType]


@production(weight=0.6, names="q k v")
def split_qkv(
    x: Anything[Array, "*a m+m+m"],
) -> tuple[Anything[Array, "*a m", Like("x")], Anything[Array, "*a m", Like("x")], Anything[Array, "*a m", Like("x")]]:
    return jnp.split(x, 3, axis=-1)  # pyright: ignore[reportReturnType]


@production(weight=0.5, names="head rest")
def split_at(
    x: Anything[Array, "*a m+n *b"], at: Static[int, size("m")], axis: Static[int, "m"]
) -> tuple[Anything[Array, "*a m *b", Like("x")], Anything[Array, "*a n *b", Like("x")]]:
    return jnp.split(x, [at], axis=axis)  # pyright: ignore[reportReturnType]


@production(weight=0.5, names="u v")
def unstack(
    x: Anything[Array, "2 *s"],
) -> tuple[Anything[Array, "*s", Like("x")], Anything[Array, "*s", Like("x")]]:
    return either(jnp.unstack(x), jnp.unstack(x, axis=0))  # pyright: ignore[reportReturnType]


@production(weight=0.5, names="x y z")
def unstack_last(
    x: Anything[Array, "*s 3"],
) -> tuple[Anything[Array, "*s", Like("x")], Anything[Array, "*s", Like("x")], Anything[Array, "*s", Like("x")]]:
    return jnp.unstack(x, axis=-1)  # pyright: ignore[reportReturnType]
