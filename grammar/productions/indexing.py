"""Gathers, dynamic slices, scatters and what turns values into indices."""

# ruff: noqa: RUF005 - tuples are joined the way people write it

import jax
import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.productions.slicing import position, slice_bounds
from grammar.rules.notation import (
    Anything,
    Array,
    Bool,
    Float,
    Float32,
    Index,
    Int,
    Int32,
    Like,
    NonNegative,
    Num,
    Productions,
    Real,
    Static,
    either,
)
from grammar.values.binding import Binding
from grammar.values.statics import bound, new_size, size

production = Productions()

# --- relations --------------------------------------------------------------------------------------


def _triangle(binding: Binding, choices: Choices) -> Binding | None:
    """k elements in a triangle of n rows."""
    n = binding.sizes.get("n")
    return None if n is None else binding.agreeing(k=n * (n + 1) // 2)


def _sum_and_part(x: float, y: float) -> float:
    return max(x, y) + 1


# --- gathers --------------------------------------------------------------------------------------


@production(weight=2.0, names="gathered selected embedded")
def gather(x: Anything[Array, "n *s"], indices: Int[Array, "*i", Index("n")]) -> Anything[Array, "*i *s", Like("x")]:
    return either(x[indices], jnp.take(x, indices, axis=0), x.at[indices].get(), weights=(6, 2, 0.5))


@production(weight=1.0, names="gathered picked")
def take(
    x: Anything[Array, "*a n *b"], indices: Int[Array, "*i", Index("n")], axis: Static[int, "n"]
) -> Anything[Array, "*a *i *b", Like("x")]:
    return either(jnp.take(x, indices, axis=axis), x.take(indices, axis=axis), weights=(3, 1))


@production(weight=0.2, names="gathered")
def take_clipped(x: Anything[Array, "n *s"], indices: Int[Array, "*i"]) -> Anything[Array, "*i *s", Like("x")]:
    return either(jnp.take(x, indices, axis=0, mode="clip"), x.at[jnp.maximum(indices, 0)].get(mode="clip"))


@production(weight=0.4, names="cols")
def gather_columns(
    x: Anything[Array, "m n *s"], indices: Int[Array, "k", Index("n")]
) -> Anything[Array, "m k *s", Like("x")]:
    return x[:, indices]


@production(weight=1.0, names="picked gathered")
def take_along_axis(
    x: Anything[Array, "*a n *b"], indices: Int[Array, "*a k *b", Index("n")], axis: Static[int, "n"]
) -> Anything[Array, "*a k *b", Like("x")]:
    return either(jnp.take_along_axis(x, indices, axis=axis), jnp.take_along_axis(x, indices, axis), weights=(5, 1))


@production(weight=0.8, names="picked target_values")
def take_labels(
    logits: Float[Array, "*b n c"], labels: Int[Array, "*b n", Index("c")]
) -> Float[Array, "*b n", Like("logits")]:
    return either(
        jnp.take_along_axis(logits, labels[..., None], axis=-1)[..., 0],
        jnp.take_along_axis(logits, jnp.expand_dims(labels, axis=-1), axis=-1).squeeze(-1),
    )


@production(weight=0.7, names="picked chosen")
def pick_by_row(
    x: Anything[Array, "n c *s"], labels: Int[Array, "n", Index("c")]
) -> Anything[Array, "n *s", Like("x")]:
    return x[jnp.arange(x.shape[0]), labels]


@production(weight=0.4, names="points entries")
def gather_pairs(
    x: Anything[Array, "m n *s"], rows: Int32[Array, "*i", Index("m")], cols: Int32[Array, "*i", Index("n")]
) -> Anything[Array, "*i *s", Like("x")]:
    return x[rows, cols]


@production(weight=0.2, names="block_part")
def gather_grid(
    x: Anything[Array, "m n"], rows: Int32[Array, "p", Index("m")], cols: Int32[Array, "q", Index("n")]
) -> Anything[Array, "p q", Like("x")]:
    return either(x[rows[:, None], cols], x[jnp.ix_(rows, cols)], x[rows][:, cols])


@production(weight=0.15, names="rows")
def lax_gather(x: Float[Array, "m n"], indices: Int32[Array, "k", Index("m")]) -> Float[Array, "k n", Like("x")]:
    dims = lax.GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,))
    return lax.gather(x, indices[:, None], dims, slice_sizes=(1, x.shape[1]))


@production(weight=0.3, names="packed", relation=_triangle)
def lower_entries(x: Num[Array, "n n"]) -> Num[Array, "k", Like("x")]:
    return either(x[jnp.tril_indices(x.shape[0])], x[jnp.tril_indices(len(x))])


@production(weight=0.2, names="chosen")
def choose(indices: Int32[Array, "*s", Index("2")], x: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "*s"]:
    return either(jnp.choose(indices, [x, y], mode="clip"), jnp.where(indices == 0, x, y))


@production(weight=0.2, names="chosen")
def select_masks(
    mask: Bool[Array, "*s"], other: Bool[Array, "*s"], x: Float[Array, "*s"], y: Float[Array, "*s"]
) -> Float[Array, "*s"]:
    return jnp.select([mask, other], [x, y], default=0.0)


@production(weight=0.7, names="masked")
def mask_rows(x: Float[Array, "*b n d"], mask: Bool[Array, "*b n"]) -> Float[Array, "*b n d"]:
    return either(
        jnp.where(mask[..., None], x, 0.0),
        jnp.where(mask[..., None], x, 0),
        x * mask[..., None],
        weights=(3, 1, 1),
    )


@production(weight=0.3, names="masked_mean", magnitude=lambda x: x)
def masked_mean(x: Float32[Array, "n *s"], mask: Bool[Array, "n *s"]) -> Float32[Array, ""]:
    return either(
        jnp.sum(x * mask) / jnp.maximum(mask.sum(), 1),
        jnp.where(mask, x, 0).sum() / jnp.maximum(jnp.sum(mask), 1),
    )


# --- dynamic slices -----------------------------------------------------------------------------------


@production(weight=0.9, names="window chunk")
def dynamic_slice_in_dim(
    x: Anything[Array, "*a k+r *b"],
    start: Int[Array, "", Index("r")],
    k: Static[int, size("k")],
    axis: Static[int, "k"],
) -> Anything[Array, "*a k *b", Like("x")]:
    return either(lax.dynamic_slice_in_dim(x, start, k, axis=axis), lax.dynamic_slice_in_dim(x, start, k, axis))


@production(weight=0.4, names="patch window")
def dynamic_slice(
    x: Anything[Array, "p+m q+n"],
    i: Int[Array, "", Index("m")],
    j: Int[Array, "", Index("n")],
    p: Static[int, size("p")],
    q: Static[int, size("q")],
) -> Anything[Array, "p q", Like("x")]:
    return either(lax.dynamic_slice(x, (i, j), (p, q)), lax.dynamic_slice(x, (i, j), slice_sizes=(p, q)))


@production(weight=0.5, names="row current")
def dynamic_index(
    x: Anything[Array, "*a n *b"], i: Int[Array, "", Index("n")], axis: Static[int, "n"]
) -> Anything[Array, "*a *b", Like("x")]:
    return lax.dynamic_index_in_dim(x, i, axis=axis, keepdims=False)


@production(weight=0.5, names="updated cache")
def dynamic_update_slice(
    x: Num[Array, "p+m q+n"],
    update: Num[Array, "p q"],
    i: Int[Array, "", Index("m")],
    j: Int[Array, "", Index("n")],
) -> Num[Array, "p+m q+n"]:
    return lax.dynamic_update_slice(x, update, (i, j))


@production(weight=0.6, names="updated cache")
def dynamic_update_slice_in_dim(
    x: Num[Array, "*a k+r *b"],
    update: Num[Array, "*a k *b"],
    start: Int[Array, "", Index("r")],
    axis: Static[int, "k"],
) -> Num[Array, "*a k+r *b"]:
    return lax.dynamic_update_slice_in_dim(x, update, start, axis=axis)


@production(weight=0.7, names="updated cache")
def dynamic_update_index(
    x: Num[Array, "*a n *b"],
    update: Num[Array, "*a *b"],
    i: Int[Array, "", Index("n")],
    axis: Static[int, "n"],
) -> Num[Array, "*a n *b"]:
    return lax.dynamic_update_index_in_dim(x, update, i, axis=axis)


# --- scatters -------------------------------------------------------------------------------------


@production(weight=1.2, names="updated")
def at_set(x: Num[Array, "n *s"], indices: Int[Array, "k", Index("n")], y: Num[Array, "k *s"]) -> Num[Array, "n *s"]:
    return either(x.at[indices].set(y), x.at[indices].set(y, mode="drop"), weights=(6, 1))


@production(weight=1.2, names="accumulated updated", magnitude=lambda x, y, k: _sum_and_part(x, y + k))
def at_add(x: Num[Array, "n *s"], indices: Int[Array, "k", Index("n")], y: Num[Array, "k *s"]) -> Num[Array, "n *s"]:
    return either(x.at[indices].add(y), x.at[indices, ...].add(y), weights=(6, 1))


@production(weight=0.3, names="updated", differentiable=False)
def at_max(x: Real[Array, "n *s"], indices: Int[Array, "k", Index("n")], y: Real[Array, "k *s"]) -> Real[Array, "n *s"]:
    return x.at[indices].max(y)


@production(weight=0.15, names="updated", differentiable=False)
def at_min(x: Real[Array, "n *s"], indices: Int[Array, "k", Index("n")], y: Real[Array, "k *s"]) -> Real[Array, "n *s"]:
    return x.at[indices].min(y)


@production(weight=0.3, names="scaled", differentiable=False, magnitude=lambda x, y, k: max(x, 0) + max(y, 0) * 2**k)
def at_multiply(
    x: Float[Array, "n *s"], indices: Int[Array, "k", Index("n")], y: Float[Array, "k *s"]
) -> Float[Array, "n *s"]:
    return either(x.at[indices].multiply(y), x.at[indices].mul(y))


@production(weight=0.9, names="updated", relation=position)
def at_row_set(x: Num[Array, "n *s"], at: Static[int, bound("at")], y: Num[Array, "*s"]) -> Num[Array, "n *s"]:
    return x.at[at].set(y)


@production(weight=0.6, names="updated", relation=position, magnitude=_sum_and_part)
def at_row_add(x: Num[Array, "n *s"], y: Num[Array, "*s"], at: Static[int, bound("at")]) -> Num[Array, "n *s"]:
    return x.at[at].add(y)


@production(weight=0.5, names="updated", relation=position)
def at_column_set(x: Num[Array, "m n"], at: Static[int, bound("at")], y: Num[Array, "m"]) -> Num[Array, "m n"]:
    return either(x.at[:, at].set(y), x.at[..., at].set(y), weights=(3, 1))


@production(weight=0.5, names="cleared", relation=position, faithful=False)
def at_clear(x: Float[Array, "n *s"], at: Static[int, bound("at")]) -> Float[Array, "n *s"]:
    return either(x.at[at].set(0.0), x.at[at].set(0))


@production(weight=0.4, names="updated")
def at_slice_set(x: Num[Array, "k+r *s"], y: Num[Array, "k *s"], k: Static[int, size("k")]) -> Num[Array, "k+r *s"]:
    return x.at[:k].set(y)


@production(weight=0.3, names="updated", relation=slice_bounds, magnitude=_sum_and_part)
def at_window_add(
    x: Num[Array, "n *s"],
    y: Num[Array, "k *s"],
    start: Static[int, bound("start")],
    stop: Static[int, bound("stop")],
) -> Num[Array, "n *s"]:
    return x.at[start:stop].add(y)


@production(weight=0.3, names="updated", magnitude=lambda x, y: _sum_and_part(x, y))
def at_interior_add(x: Float[Array, "m+2 n+2"], y: Float[Array, "m n"]) -> Float[Array, "m+2 n+2"]:
    return x.at[1:-1, 1:-1].add(y)


@production(weight=0.3, names="shifted regularised", magnitude=_sum_and_part)
def at_diagonal_add(x: Num[Array, "n n"], y: Num[Array, "n"]) -> Num[Array, "n n"]:
    return either(x.at[jnp.diag_indices(x.shape[0])].add(y), x.at[jnp.diag_indices(len(x))].add(y))


@production(weight=0.6, names="pooled scattered", magnitude=lambda x, k: x + k)
def scatter_into_zeros(
    indices: Int[Array, "k", Index("n")], x: Float32[Array, "k *s"], n: Static[int, size("n")]
) -> Float32[Array, "n *s"]:
    return either(jnp.zeros((n, *x.shape[1:])).at[indices].add(x), jnp.zeros((n,) + x.shape[1:]).at[indices].add(x))


@production(weight=0.15, names="accumulated", magnitude=lambda x, y, k: _sum_and_part(x, y + k))
def lax_scatter_add(
    x: Float[Array, "m n"], indices: Int32[Array, "k", Index("m")], y: Float[Array, "k n"]
) -> Float[Array, "m n"]:
    dims = lax.ScatterDimensionNumbers((1,), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,))
    return lax.scatter_add(x, indices[:, None], y, dims)


# --- segments and counts ----------------------------------------------------------------------------


@production(weight=0.8, names="pooled per_segment", magnitude=lambda x, n: x + n)
def segment_sum(
    segment_ids: Int[Array, "n", Index("k")], x: Float[Array, "n *s"], k: Static[int, size("k")]
) -> Float[Array, "k *s"]:
    return either(jax.ops.segment_sum(x, segment_ids, num_segments=k), jax.ops.segment_sum(x, segment_ids, k))


@production(weight=0.2, names="pooled", magnitude=lambda n: n)
def segment_count(
    segment_ids: Int[Array, "n", Index("k")], k: Static[int, size("k")]
) -> Float32[Array, "k", NonNegative]:
    return jax.ops.segment_sum(jnp.ones(segment_ids.shape), segment_ids, num_segments=k)


@production(weight=0.3, names="counts hist", magnitude=lambda n: n)
def bincount(x: Int[Array, "n", Index("k")], k: Static[int, size("k")]) -> Int32[Array, "k", NonNegative]:
    return jnp.bincount(x, length=k)


@production(weight=0.2, names="mass hist", magnitude=lambda weights, n: weights + n)
def bincount_weighted(
    x: Int[Array, "n", Index("k")], weights: Float[Array, "n"], k: Static[int, size("k")]
) -> Float[Array, "k"]:
    return jnp.bincount(x, weights=weights, length=k)


@production(weight=0.2, names="counts", magnitude=lambda n: n, faithful=False)
def histogram(x: Float32[Array, "n"], k: Static[int, new_size("k", 2, 10)]) -> Float32[Array, "k", NonNegative]:
    return either(jnp.histogram(x, bins=k)[0], jnp.histogram(x, k)[0], weights=(3, 1))


@production(weight=0.1, names="histogram bins")
def histogram_in_range(
    x: Float32[Array, "n"], k: Static[int, new_size("k", 2, 10)]
) -> Float32[Array, "k", NonNegative]:
    return jnp.histogram(x, bins=k, range=(-4.0, 4.0))[0]


# --- values to indices --------------------------------------------------------------------------------


@production(weight=0.6, names="bins positions", magnitude=lambda n: n + 1)
def searchsorted(x: Float[Array, "n"], y: Float[Array, "*s"]) -> Int32[Array, "*s", Index("n+1")]:
    return either(jnp.searchsorted(jnp.sort(x), y), jnp.searchsorted(jnp.sort(x), y, side="left"), weights=(4, 1))


@production(weight=0.2, names="bins", magnitude=lambda n: n + 1)
def searchsorted_right(x: Float[Array, "n"], y: Float[Array, "*s"]) -> Int32[Array, "*s", Index("n+1")]:
    return either(jnp.searchsorted(jnp.sort(x), y, side="right"), jnp.digitize(y, jnp.sort(x)))


@production(weight=0.3, names="bins", magnitude=lambda: 3.0)
def digitize_grid(x: Float32[Array, "*s"]) -> Int32[Array, "*s", Index("6")]:
    return either(
        jnp.digitize(x, jnp.linspace(-1.0, 1.0, 5)),
        jnp.digitize(x, jnp.array([-1.0, -0.5, 0.0, 0.5, 1.0])),
        weights=(1, 1),
    )


@production(weight=0.4, names="row col", magnitude=lambda m, n: max(m, n))
def unravel_index(
    x: Float[Array, "m n"],
) -> tuple[Int32[Array, "", Index("m")], Int32[Array, "", Index("n")]]:
    return either(  # pyright: ignore[reportReturnType]
        jnp.unravel_index(jnp.argmax(x), x.shape),
        jnp.unravel_index(jnp.argmax(x), jnp.shape(x)),
        weights=(4, 1),
    )


@production(weight=0.3, names="hits positions", magnitude=lambda n: n)
def nonzero(mask: Bool[Array, "n"], k: Static[int, new_size("k", 2, 8)]) -> Int32[Array, "k", Index("n")]:
    return either(
        jnp.nonzero(mask, size=k, fill_value=0)[0],
        jnp.flatnonzero(mask, size=k, fill_value=0),
        jnp.argwhere(mask, size=k, fill_value=0)[:, 0],
        jnp.where(mask, size=k, fill_value=0)[0],
    )


@production(weight=0.2, names="pairs hits", magnitude=lambda m, n: max(m, n))
def argwhere(mask: Bool[Array, "m n"], k: Static[int, new_size("k", 2, 8)]) -> Int32[Array, "k 2", NonNegative]:
    return either(jnp.argwhere(mask, size=k, fill_value=0), jnp.argwhere(mask, size=k), weights=(1, 1))
