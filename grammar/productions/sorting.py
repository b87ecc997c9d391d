"""Sorting, ranking and selection by order."""

import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.rules.notation import Array, Float, Float32, Index, Int, Int32, Like, Productions, Real, Static, either
from grammar.values.binding import Binding
from grammar.values.statics import axis, bound, new_size

production = Productions()


def _few(binding: Binding, choices: Choices) -> Binding | None:
    """Binds k, a few of n."""
    sizes = binding.sizes
    if "k" not in sizes:
        return binding.having(k=choices.between(2, min(sizes["n"], 8))) if "n" in sizes else None
    return binding if sizes["k"] <= sizes.get("n", sizes["k"]) else None


def _middle(binding: Binding, choices: Choices) -> Binding | None:
    """Binds kth, a rank below n."""
    sizes = binding.sizes
    return binding.having(kth=choices.between(1, sizes["n"] - 1)) if "n" in sizes else None


@production(weight=0.8, names="ordered sorted_values")
def sort(x: Real[Array, "*a n *b"], axis: Static[int, "n"]) -> Real[Array, "*a n *b", Like("x")]:
    return either(jnp.sort(x, axis=axis), jnp.sort(x, axis), weights=(4, 1))


@production(weight=0.3, names="ordered ranked")
def sort_last(x: Real[Array, "*s n"]) -> Real[Array, "*s n", Like("x")]:
    return jnp.sort(x)


@production(weight=0.3, names="ranked descending")
def sort_descending(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b", Like("x")]:
    return either(
        jnp.sort(x, axis=axis, descending=True),
        -jnp.sort(-x, axis=axis),
        jnp.flip(jnp.sort(x, axis=axis), axis=axis),
    )


@production(weight=0.9, names="order ranking", magnitude=lambda n: n)
def argsort(x: Real[Array, "*a n *b"], axis: Static[int, "n"]) -> Int32[Array, "*a n *b", Index("n")]:
    return either(
        jnp.argsort(x, axis=axis),
        x.argsort(axis=axis),
        jnp.argsort(x, axis=axis, stable=True),
        weights=(5, 3, 1),
    )


@production(weight=0.3, names="order ranking", magnitude=lambda n: n)
def argsort_descending(x: Float[Array, "n"]) -> Int32[Array, "n", Index("n")]:
    return either(jnp.argsort(-x), jnp.argsort(x)[::-1], jnp.argsort(x, descending=True))


@production(weight=0.3, names="ranks", magnitude=lambda n: n)
def ranks(x: Float[Array, "*s n"]) -> Int32[Array, "*s n", Index("n")]:
    """The place of every element in the sorted order."""
    order = jnp.argsort(x, axis=-1)
    return jnp.argsort(order, axis=-1)


@production(weight=0.4, names="ordered")
def sort_rows_by(x: Real[Array, "n *s"], score: Float[Array, "n"]) -> Real[Array, "n *s", Like("x")]:
    return either(x[jnp.argsort(score)], jnp.take(x, jnp.argsort(score), axis=0), weights=(3, 1))


@production(weight=0.2, names="ordered")
def sort_by_order(x: Real[Array, "*s n"], y: Float[Array, "*s n"]) -> Real[Array, "*s n", Like("x")]:
    return jnp.take_along_axis(x, jnp.argsort(y, axis=-1), axis=-1)


@production(weight=0.3, names="ordered")
def lax_sort(
    x: Real[Array, "*a n *b"], at: Static[int, axis("n", negative=False)]
) -> Real[Array, "*a n *b", Like("x")]:
    return either(lax.sort(x, dimension=at), lax.sort(x, at), lax.sort(x, dimension=at, is_stable=False))


@production(weight=0.25, names="sorted_keys sorted_values")
def sort_key_val(
    keys: Float[Array, "*s n"], values: Int[Array, "*s n"]
) -> tuple[Float[Array, "*s n", Like("keys")], Int[Array, "*s n", Like("values")]]:
    return either(lax.sort_key_val(keys, values), lax.sort_key_val(keys, values, dimension=-1))


@production(weight=0.25, names="sorted_keys sorted_values")
def sort_pair(
    keys: Real[Array, "*s n"], values: Real[Array, "*s n"]
) -> tuple[Real[Array, "*s n", Like("keys")], Real[Array, "*s n", Like("values")]]:
    return lax.sort((keys, values), num_keys=1)  # pyright: ignore[reportReturnType]


@production(weight=0.15, names="major minor")
def sort_two_keys(
    first: Real[Array, "n"], second: Real[Array, "n"]
) -> tuple[Real[Array, "n", Like("first")], Real[Array, "n", Like("second")]]:
    return lax.sort((first, second), dimension=0, num_keys=2)  # pyright: ignore[reportReturnType]


@production(weight=0.2, names="order", magnitude=lambda n: n)
def lexsort(x: Real[Array, "n"], y: Real[Array, "n"]) -> Int32[Array, "n", Index("n")]:
    return jnp.lexsort((x, y))


@production(weight=1.0, names="top_values top_indices", relation=_few)
def top_k(
    x: Float[Array, "*s n"], k: Static[int, bound("k")]
) -> tuple[Float[Array, "*s k", Like("x")], Int32[Array, "*s k", Index("n")]]:
    return either(lax.top_k(x, k), lax.top_k(x, k=k))


@production(weight=0.4, names="best candidates", relation=_few)
def top_values(x: Real[Array, "*s n"], k: Static[int, bound("k")]) -> Real[Array, "*s k", Like("x")]:
    return either(lax.top_k(x, k)[0], jnp.sort(x)[..., ::-1][..., :k], weights=(4, 1))


@production(weight=0.4, names="neighbors candidates", relation=_few, magnitude=lambda n: n)
def top_indices(x: Float[Array, "*s n"], k: Static[int, bound("k")]) -> Int32[Array, "*s k", Index("n")]:
    return lax.top_k(x, k)[1]


@production(weight=0.4, names="neighbors nearest", relation=_few, magnitude=lambda n: n)
def smallest_indices(x: Float[Array, "*s n"], k: Static[int, bound("k")]) -> Int32[Array, "*s k", Index("n")]:
    return either(jnp.argsort(x, axis=-1)[..., :k], lax.top_k(-x, k)[1])


@production(weight=0.25, names="top_values top_indices", relation=_few)
def approx_max_k(
    x: Float32[Array, "*s n"], k: Static[int, bound("k")]
) -> tuple[Float32[Array, "*s k", Like("x")], Int32[Array, "*s k", Index("n")]]:
    return either(lax.approx_max_k(x, k), lax.approx_max_k(x, k, recall_target=0.9))


@production(weight=0.1, names="low_values low_indices", relation=_few)
def approx_min_k(
    x: Float32[Array, "*s n"], k: Static[int, bound("k")]
) -> tuple[Float32[Array, "*s k", Like("x")], Int32[Array, "*s k", Index("n")]]:
    return lax.approx_min_k(x, k)


@production(weight=0.25, names="kept", relation=_few, differentiable=False, faithful=False)
def keep_top(x: Float[Array, "*s n"], k: Static[int, bound("k")]) -> Float[Array, "*s n"]:
    """Zero but for the k largest."""
    smallest = lax.top_k(x, k)[0][..., -1:]
    return jnp.where(x >= smallest, x, 0.0)


@production(weight=0.2, names="parted", relation=_middle)
def partition(
    x: Float[Array, "*a n *b"], kth: Static[int, bound("kth")], axis: Static[int, "n"]
) -> Float[Array, "*a n *b", Like("x")]:
    return jnp.partition(x, kth, axis=axis)


@production(weight=0.15, names="order", relation=_middle, magnitude=lambda n: n)
def argpartition(x: Float[Array, "*s n"], kth: Static[int, bound("kth")]) -> Int32[Array, "*s n", Index("n")]:
    return either(jnp.argpartition(x, kth), jnp.argpartition(x, kth, axis=-1))


@production(weight=0.3, names="distinct uniques")
def unique(x: Real[Array, "n *s"], k: Static[int, new_size("k", 2, 8)]) -> Real[Array, "k", Like("x")]:
    return either(jnp.unique(x, size=k), jnp.unique(x.ravel(), size=k))


@production(weight=0.15, names="distinct counts")
def unique_counts(
    x: Int32[Array, "n"], k: Static[int, new_size("k", 2, 8)]
) -> tuple[Int32[Array, "k"], Int32[Array, "k"]]:
    return jnp.unique(x, return_counts=True, size=k, fill_value=-1)


@production(weight=0.15, names="distinct inverse")
def unique_inverse(x: Int[Array, "n"]) -> tuple[Int[Array, "n", Like("x")], Int32[Array, "n", Index("n")]]:
    return jnp.unique(x, return_inverse=True, size=x.shape[0])


@production(weight=0.2, names="smallest", relation=_middle)
def kth_smallest(x: Float[Array, "*s n"], kth: Static[int, bound("kth")]) -> Float[Array, "*s", Like("x")]:
    return either(jnp.sort(x, axis=-1)[..., kth], jnp.partition(x, kth)[..., kth])
