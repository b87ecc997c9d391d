"""Basic indexing: slices, single positions, new axes."""

import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.rules.notation import Anything, Array, Float, Like, Productions, Static, either
from grammar.values.binding import Binding
from grammar.values.statics import bound, size

production = Productions()


def window_of(binding: Binding, choices: Choices, whole: str, part: str, start: str, stop: str) -> Binding | None:
    """[start, stop) takes `part` of `whole`."""
    n, k = binding.sizes.get(whole), binding.sizes.get(part)
    if n is not None and k is None:
        k = choices.between(2, max(2, n - 1))
    if k is None:
        return None
    if n is None:
        n = k + choices.between(1, 4)
    if n <= k:
        return None
    first = choices.below(n - k + 1)
    return binding.having(**{whole: n, part: k, start: first, stop: first + k})


def slice_bounds(binding: Binding, choices: Choices) -> Binding | None:
    """[start, stop) takes k of n."""
    return window_of(binding, choices, "n", "k", "start", "stop")


def patch_bounds(binding: Binding, choices: Choices) -> Binding | None:
    """[top, bottom) takes p of m and [left, right) takes q of n."""
    rows = window_of(binding, choices, "m", "p", "top", "bottom")
    return rows and window_of(rows, choices, "n", "q", "left", "right")


def position(binding: Binding, choices: Choices) -> Binding | None:
    """Some "at" within n."""
    n = binding.sizes.get("n")
    return None if n is None else binding.having(at=choices.item((0, -1, choices.below(n))))


@production(weight=1.2, names="tail rest")
def drop_first(x: Anything[Array, "n+1 *s"]) -> Anything[Array, "n *s", Like("x")]:
    return x[1:]


@production(weight=1.2, names="head previous")
def drop_last(x: Anything[Array, "n+1 *s"]) -> Anything[Array, "n *s", Like("x")]:
    return x[:-1]


@production(weight=0.4, names="interior inner")
def interior(x: Anything[Array, "n+2 *s"]) -> Anything[Array, "n *s", Like("x")]:
    return x[1:-1]


@production(weight=0.7, names="tail")
def drop_first_of_last(x: Anything[Array, "*s n+1"]) -> Anything[Array, "*s n", Like("x")]:
    return x[..., 1:]


@production(weight=0.7, names="head")
def drop_last_of_last(x: Anything[Array, "*s n+1"]) -> Anything[Array, "*s n", Like("x")]:
    return x[..., :-1]


@production(weight=0.6, names="targets tail")
def drop_first_column(x: Anything[Array, "m n+1 *s"]) -> Anything[Array, "m n *s", Like("x")]:
    return x[:, 1:]


@production(weight=0.3, names="inner core")
def interior_2d(x: Anything[Array, "*b m+2 n+2"]) -> Anything[Array, "*b m n", Like("x")]:
    return x[..., 1:-1, 1:-1]


@production(weight=1.0, names="head prefix")
def take_first(x: Anything[Array, "k+r *s"], k: Static[int, size("k")]) -> Anything[Array, "k *s", Like("x")]:
    return x[:k]


@production(weight=0.7, names="tail suffix")
def take_last(x: Anything[Array, "r+k *s"], k: Static[int, size("k")]) -> Anything[Array, "k *s", Like("x")]:
    return x[-k:]


@production(weight=0.7, names="rest tail")
def skip_first(x: Anything[Array, "r+k *s"], r: Static[int, size("r")]) -> Anything[Array, "k *s", Like("x")]:
    return x[r:]


@production(weight=0.9, names="part head")
def take_first_of_last(x: Anything[Array, "*s k+r"], k: Static[int, size("k")]) -> Anything[Array, "*s k", Like("x")]:
    return x[..., :k]


@production(weight=0.6, names="part cols")
def take_columns(x: Anything[Array, "m k+r *s"], k: Static[int, size("k")]) -> Anything[Array, "m k *s", Like("x")]:
    return x[:, :k]


@production(weight=0.7, names="window part", relation=slice_bounds)
def window(
    x: Anything[Array, "n *s"], start: Static[int, bound("start")], stop: Static[int, bound("stop")]
) -> Anything[Array, "k *s", Like("x")]:
    return either(x[start:stop], lax.slice_in_dim(x, start, stop), weights=(12, 1))


@production(weight=0.4, names="part", relation=slice_bounds)
def window_last(
    x: Anything[Array, "*s n"], start: Static[int, bound("start")], stop: Static[int, bound("stop")]
) -> Anything[Array, "*s k", Like("x")]:
    return either(x[..., start:stop], lax.slice_in_dim(x, start, stop, axis=x.ndim - 1), weights=(12, 1))


@production(weight=0.3, names="patch crop", relation=patch_bounds)
def crop(
    x: Anything[Array, "m n"],
    top: Static[int, bound("top")],
    bottom: Static[int, bound("bottom")],
    left: Static[int, bound("left")],
    right: Static[int, bound("right")],
) -> Anything[Array, "p q", Like("x")]:
    return either(x[top:bottom, left:right], lax.slice(x, (top, left), (bottom, right)), weights=(4, 1))


@production(weight=0.4, names="even coarse")
def every_other(x: Anything[Array, "n+n *s"]) -> Anything[Array, "n *s", Like("x")]:
    return x[::2]


@production(weight=0.4, names="odd")
def every_other_of_last(x: Anything[Array, "*s n+n"]) -> Anything[Array, "*s n", Like("x")]:
    return either(x[..., ::2], x[..., 0::2])


@production(weight=0.5, names="even odd")
def even_and_odd(
    x: Anything[Array, "*s n+n"],
) -> tuple[Anything[Array, "*s n", Like("x")], Anything[Array, "*s n", Like("x")]]:
    return x[..., ::2], x[..., 1::2]


@production(weight=0.5, names="first_half second_half")
def halves(
    x: Anything[Array, "*s n+n"],
) -> tuple[Anything[Array, "*s n", Like("x")], Anything[Array, "*s n", Like("x")]]:
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half:]


@production(weight=0.15, names="coarse")
def strided(x: Anything[Array, "m+m n+n"]) -> Anything[Array, "m n", Like("x")]:
    return either(x[::2, ::2], lax.slice(x, (0, 0), x.shape, (2, 2)), weights=(4, 1))


@production(weight=0.5, names="backward reverse")
def reverse(x: Anything[Array, "n *s"]) -> Anything[Array, "n *s", Like("x")]:
    return x[::-1]


@production(weight=0.3, names="backward")
def reverse_last(x: Anything[Array, "*s n"]) -> Anything[Array, "*s n", Like("x")]:
    return x[..., ::-1]


@production(weight=1.5, names="row item", relation=position)
def item(x: Anything[Array, "n *s"], at: Static[int, bound("at")]) -> Anything[Array, "*s", Like("x")]:
    return either(x[at], lax.index_in_dim(x, at, keepdims=False), weights=(20, 1))


@production(weight=1.2, names="channel last", relation=position)
def item_of_last(x: Anything[Array, "*s n"], at: Static[int, bound("at")]) -> Anything[Array, "*s", Like("x")]:
    return x[..., at]


@production(weight=0.9, names="col first", relation=position)
def column(x: Anything[Array, "m n *s"], at: Static[int, bound("at")]) -> Anything[Array, "m *s", Like("x")]:
    return x[:, at]


@production(weight=0.6)
def new_middle(x: Anything[Array, "n *s"]) -> Anything[Array, "1 n *s", Like("x")]:
    return either(x[None, :], x[jnp.newaxis, :], x[None, ...], weights=(4, 1, 1))


@production(weight=0.6, names="diffs pairwise", magnitude=lambda x: x + 1)
def pairwise(x: Float[Array, "n *s"]) -> Float[Array, "n n *s"]:
    return either(
        x[:, None] - x[None, :],
        x[:, None] - x[None],
        x[:, jnp.newaxis] - x[jnp.newaxis, :],
        weights=(4, 2, 1),
    )
