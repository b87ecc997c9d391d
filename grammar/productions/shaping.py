"""Shapes: reshaping, permuting, dimensions of extent 1, broadcasting, triangles and diagonals."""

# ruff: noqa: RUF005 - tuples are joined the way people write it

from itertools import permutations
from math import prod

import jax
import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.rules.notation import Anything, Array, Float, Float32, Like, Num, Productions, Real, Static, either
from grammar.rules.production import Relation
from grammar.values.binding import Binding
from grammar.values.statics import among, axis, bound, new_size, shape

production = Productions()

# --- relations ------------------------------------------------------------------------------------


def _factors(total: int, choices: Choices, parts: int) -> tuple[int, ...] | None:
    """A product of at least two factors above 1, or None for primes."""
    found: list[int] = []
    for _ in range(parts - 1):
        options = [d for d in range(2, min(total, 65)) if total % d == 0]
        if not options:
            break
        found.append(choices.item(options))
        total //= found[-1]
    return (*found, total) if found else None


def _regroup(binding: Binding, choices: Choices) -> Binding | None:
    """Two different shapes s and t of as many elements."""
    s, t = binding.sizes.get("s"), binding.sizes.get("t")
    if s is not None and t is not None:
        return binding if s != t and prod(s) == prod(t) else None
    known, missing = (s, "t") if s is not None else (t, "s")
    found = None if known is None or len(known) > 5 else _other_shape(known, choices)
    return None if found is None else binding.having(**{missing: found})


def _other_shape(of: tuple[int, ...], choices: Choices) -> tuple[int, ...] | None:
    at = choices.below(len(of)) if of else 0
    if len(of) > 1 and choices.chance(0.5):
        at = min(at, len(of) - 2)
        return (*of[:at], of[at] * of[at + 1], *of[at + 2 :])
    split = _factors(of[at], choices, 2) if of else None
    return None if split is None else (*of[:at], *split, *of[at + 1 :])


def product_is(whole: str, *parts: str) -> Relation:
    """A relation: dimension `whole` is the product of the dimensions (or of the one star) `parts`."""

    def relation(binding: Binding, choices: Choices) -> Binding | None:
        sizes = binding.sizes
        if all(part in sizes for part in parts):
            total = prod(_elements(sizes[part]) for part in parts)
            return binding.agreeing(**{whole: total}) if total > 1 else None
        return _share_out(binding, whole, parts, choices) if whole in sizes else None

    return relation


def _elements(size: int | tuple[int, ...]) -> int:
    return prod(size) if isinstance(size, tuple) else size


def _share_out(binding: Binding, whole: str, parts: tuple[str, ...], choices: Choices) -> Binding | None:
    """Binds what is missing of a product."""
    sizes = binding.sizes
    left, rest = divmod(sizes[whole], prod(_elements(sizes[part]) for part in parts if part in sizes))
    if rest:
        return None
    missing = [part for part in parts if part not in sizes]
    if missing == ["s"]:
        found = _factors(left, choices, choices.between(2, 3))
        return None if found is None else binding.having(s=found)
    split = _factors(left, choices, len(missing)) if len(missing) > 1 else (left,)
    if split is None or len(split) != len(missing) or min(split) < 2:
        return None
    return binding.having(**dict(zip(missing, split, strict=True)))


def _permuted(binding: Binding, choices: Choices) -> Binding | None:
    """A permutation "perm" with t[i] = s[perm[i]]."""
    s, t = binding.sizes.get("s"), binding.sizes.get("t")
    known = s if s is not None else t
    if known is None or not 2 <= len(known) <= 5:
        return None
    options = [p for p in permutations(range(len(known))) if p != tuple(range(len(known)))]
    if s is not None and t is not None:
        options = [p for p in options if len(s) == len(t) and all(s[i] == n for i, n in zip(p, t, strict=True))]
        if not options:
            return None
    perm = choices.item(options)
    if s is not None:
        return binding.having(t=tuple(s[i] for i in perm), perm=perm)
    return binding.having(s=tuple(n for _, n in sorted(zip(perm, known, strict=True))), perm=perm)


def _spread(binding: Binding, choices: Choices) -> Binding | None:
    """A shape t that has the dimensions of s at the axes "at" and new ones between them."""
    s, t = binding.sizes.get("s"), binding.sizes.get("t")
    if t is not None and s is None:
        at = tuple(i for i in range(len(t)) if choices.chance(0.5))
        s = tuple(t[i] for i in at)
    elif s is not None and t is None:
        new = choices.below(len(s) + 1)
        at = tuple(i for i in range(len(s) + 1) if i != new)
        t = (*s[:new], choices.between(2, 6), *s[new:])
    else:
        return None
    return binding.having(s=s, t=t, at=at) if 0 < len(at) < len(t) <= 4 else None


def _no_ones(binding: Binding, choices: Choices) -> Binding | None:
    return binding if 1 not in binding.sizes.get("s", (1,)) else None


# --- reshape ---------------------------------------------------------------------------------------


@production(weight=2.5, relation=_regroup)
def reshape(x: Anything[Array, "*s"], to: Static[tuple[int, ...], shape("*t")]) -> Anything[Array, "*t", Like("x")]:
    return either(x.reshape(to), jnp.reshape(x, to), lax.reshape(x, to), weights=(6, 4, 0.3))


@production(weight=1.5, names="flat vec", relation=product_is("k", "s"))
def flatten(x: Anything[Array, "*s"]) -> Anything[Array, "k", Like("x")]:
    return either(x.reshape(-1), x.ravel(), x.flatten(), jnp.ravel(x), jnp.reshape(x, -1), weights=(4, 2, 3, 2, 1))


@production(weight=1.2, names="flat rows", relation=product_is("k", "s"))
def flatten_but_first(x: Anything[Array, "n *s"]) -> Anything[Array, "n k", Like("x")]:
    return either(
        x.reshape(x.shape[0], -1),
        jnp.reshape(x, (x.shape[0], -1)),
        x.reshape((len(x), -1)),
        weights=(5, 2, 1),
    )


@production(weight=1.0, names="flat rows", relation=product_is("k", "s"))
def flatten_but_last(x: Anything[Array, "*s n"]) -> Anything[Array, "k n", Like("x")]:
    return either(x.reshape(-1, x.shape[-1]), jnp.reshape(x, (-1, x.shape[-1])), weights=(3, 1))


@production(weight=0.7, names="merged", relation=product_is("k", "m", "n"))
def merge_first(x: Anything[Array, "m n *b"]) -> Anything[Array, "k *b", Like("x")]:
    return either(
        x.reshape(-1, *x.shape[2:]),
        x.reshape((-1,) + x.shape[2:]),
        lax.collapse(x, 0, 2),
        weights=(2, 3, 0.3),
    )


@production(weight=0.8, names="merged", relation=product_is("k", "m", "n"))
def merge_last(x: Anything[Array, "*a m n"]) -> Anything[Array, "*a k", Like("x")]:
    return either(x.reshape(*x.shape[:-2], -1), x.reshape(x.shape[:-2] + (-1,)), weights=(2, 1))


@production(weight=1.0, names="heads grouped", relation=product_is("k", "h", "d"))
def split_last(
    x: Anything[Array, "*a k"], h: Static[int, bound("h")], d: Static[int, bound("d")]
) -> Anything[Array, "*a h d", Like("x")]:
    return either(x.reshape(*x.shape[:-1], h, d), x.reshape(x.shape[:-1] + (h, d)), x.reshape(*x.shape[:-1], h, -1))


@production(weight=0.5, names="groups chunks", relation=product_is("k", "h", "d"))
def split_first(x: Anything[Array, "k *a"], h: Static[int, bound("h")]) -> Anything[Array, "h d *a", Like("x")]:
    return either(x.reshape(h, -1, *x.shape[1:]), x.reshape((h, -1) + x.shape[1:]))


# --- transpose -------------------------------------------------------------------------------------


@production(weight=2.5)
def transpose(x: Anything[Array, "m n"]) -> Anything[Array, "n m", Like("x")]:
    return either(x.T, jnp.transpose(x), x.transpose(), weights=(8, 2, 2))


@production(weight=0.8)
def transpose_last(x: Anything[Array, "*b m n"]) -> Anything[Array, "*b n m", Like("x")]:
    return either(
        jnp.swapaxes(x, -1, -2),
        x.swapaxes(-1, -2),
        x.mT,
        jnp.matrix_transpose(x),
        jnp.moveaxis(x, -1, -2),
        weights=(4, 3, 2, 1, 1),
    )


@production(weight=1.0, relation=_permuted)
def permute(x: Anything[Array, "*s"], perm: Static[tuple[int, ...], bound("perm")]) -> Anything[Array, "*t", Like("x")]:
    return either(
        jnp.transpose(x, perm),
        x.transpose(perm),
        jnp.transpose(x, axes=perm),
        lax.transpose(x, perm),
        jnp.permute_dims(x, perm),
        weights=(5, 3, 1, 0.5, 0.3),
    )


@production(weight=0.7)
def transpose_first_two(x: Anything[Array, "m n k"]) -> Anything[Array, "n m k", Like("x")]:
    return either(x.transpose(1, 0, 2), jnp.swapaxes(x, 0, 1), x.swapaxes(0, 1), jnp.transpose(x, (1, 0, 2)))


@production(weight=0.6, names="heads")
def transpose_heads(x: Anything[Array, "b t h d"]) -> Anything[Array, "b h t d", Like("x")]:
    return either(x.transpose(0, 2, 1, 3), jnp.transpose(x, (0, 2, 1, 3)), jnp.swapaxes(x, 1, 2))


@production(weight=0.7)
def last_to_first(x: Anything[Array, "m *s n"]) -> Anything[Array, "n m *s", Like("x")]:
    return either(jnp.moveaxis(x, -1, 0), jnp.moveaxis(x, source=-1, destination=0), weights=(4, 1))


@production(weight=0.7)
def first_to_last(x: Anything[Array, "n m *s"]) -> Anything[Array, "m *s n", Like("x")]:
    return jnp.moveaxis(x, 0, -1)


@production(weight=0.4)
def axis_to_last(x: Anything[Array, "*a n m *b"], axis: Static[int, "n"]) -> Anything[Array, "*a m *b n", Like("x")]:
    return jnp.moveaxis(x, axis, -1)


@production(weight=0.5)
def swapaxes(
    x: Anything[Array, "*a m *c n *b"], first: Static[int, axis("m")], second: Static[int, axis("n")]
) -> Anything[Array, "*a n *c m *b", Like("x")]:
    return either(jnp.swapaxes(x, first, second), x.swapaxes(first, second))


# --- dimensions of extent 1, broadcasting ------------------------------------------------------------


@production(weight=0.8)
def expand_first(x: Anything[Array, "*s"]) -> Anything[Array, "1 *s", Like("x")]:
    return either(jnp.expand_dims(x, axis=0), jnp.expand_dims(x, 0), x[None], x[jnp.newaxis], weights=(3, 2, 3, 1))


@production(weight=0.8)
def expand_last(x: Anything[Array, "n *s"]) -> Anything[Array, "n *s 1", Like("x")]:
    return either(
        jnp.expand_dims(x, axis=-1),
        jnp.expand_dims(x, -1),
        x[..., None],
        x[..., jnp.newaxis],
        weights=(3, 2, 3, 1),
    )


@production(weight=0.6)
def expand_second(x: Anything[Array, "n *s"]) -> Anything[Array, "n 1 *s", Like("x")]:
    return either(
        jnp.expand_dims(x, axis=1),
        jnp.expand_dims(x, 1),
        x[:, None],
        x[:, jnp.newaxis],
        lax.expand_dims(x, (1,)),
        weights=(3, 2, 4, 1, 0.2),
    )


@production(weight=0.5)
def squeeze_last(x: Anything[Array, "*s 1"]) -> Anything[Array, "*s", Like("x")]:
    return either(jnp.squeeze(x, axis=-1), x.squeeze(-1), x.squeeze(axis=-1), x[..., 0], jnp.squeeze(x, -1))


@production(weight=0.4)
def squeeze_first(x: Anything[Array, "1 *s"]) -> Anything[Array, "*s", Like("x")]:
    return either(
        jnp.squeeze(x, axis=0),
        x.squeeze(0),
        x.squeeze(axis=0),
        x[0],
        lax.squeeze(x, (0,)),
        weights=(3, 2, 2, 2, 0.3),
    )


@production(weight=0.4, relation=_no_ones)
def squeeze(x: Anything[Array, "*s 1"]) -> Anything[Array, "*s", Like("x")]:
    return either(jnp.squeeze(x), x.squeeze())


@production(weight=1.2, names="expanded batch")
def broadcast_to(
    x: Anything[Array, "*s"], to: Static[tuple[int, ...], shape("n *s")]
) -> Anything[Array, "n *s", Like("x")]:
    return jnp.broadcast_to(x, to)


@production(weight=0.3, names="expanded batch")
def broadcast_front(
    x: Anything[Array, "*s"], n: Static[int, new_size("n", 2, 8)]
) -> Anything[Array, "n *s", Like("x")]:
    return either(
        lax.broadcast(x, (n,)),
        jnp.broadcast_to(x, (n, *x.shape)),
        jnp.broadcast_to(x, (n,) + x.shape),
        jnp.stack([x] * n),
        weights=(1, 3, 3, 0.5),
    )


@production(weight=0.3, names="expanded")
def broadcast_last(
    x: Anything[Array, "*s n"], to: Static[tuple[int, ...], shape("*s n m")]
) -> Anything[Array, "*s n m", Like("x")]:
    return jnp.broadcast_to(x[..., None], to)


@production(weight=0.4, names="expanded", relation=_spread)
def broadcast_in_dim(
    x: Anything[Array, "*s"],
    to: Static[tuple[int, ...], shape("*t")],
    at: Static[tuple[int, ...], bound("at")],
) -> Anything[Array, "*t", Like("x")]:
    return either(lax.broadcast_in_dim(x, to, at), lax.broadcast_in_dim(x, shape=to, broadcast_dimensions=at))


@production(weight=0.2, names="x y")
def broadcast_arrays(x: Float[Array, "m n"], y: Float[Array, "n"]) -> tuple[Float[Array, "m n"], Float[Array, "m n"]]:
    return jnp.broadcast_arrays(x, y)  # pyright: ignore[reportReturnType]


@production(weight=0.4, names="xx yy")
def meshgrid(
    x: Real[Array, "m"], y: Real[Array, "n"]
) -> tuple[Real[Array, "m n", Like("x")], Real[Array, "m n", Like("y")]]:
    return jnp.meshgrid(x, y, indexing="ij")  # pyright: ignore[reportReturnType]


@production(weight=0.4, names="xx yy")
def meshgrid_xy(
    x: Real[Array, "m"], y: Real[Array, "n"]
) -> tuple[Real[Array, "n m", Like("x")], Real[Array, "n m", Like("y")]]:
    return either(jnp.meshgrid(x, y), jnp.meshgrid(x, y, indexing="xy"), weights=(4, 1))  # pyright: ignore[reportReturnType]


@production(weight=0.2)
def atleast_2d(x: Float[Array, "n"]) -> Float[Array, "1 n", Like("x")]:
    return either(jnp.atleast_2d(x), x.reshape(1, -1))


@production(weight=0.2)
def atleast_1d(x: Num[Array, ""]) -> Num[Array, "1", Like("x")]:
    return either(jnp.atleast_1d(x), x[None], jnp.array([x]), x.reshape(1), weights=(2, 1, 2, 1))


# --- triangles and diagonals ---------------------------------------------------------------------------


@production(weight=0.6, names="lower masked")
def tril(x: Real[Array, "*b m n"]) -> Real[Array, "*b m n"]:
    return either(jnp.tril(x), jnp.tril(x, k=0), weights=(5, 1))


@production(weight=0.4, names="upper masked")
def triu(x: Real[Array, "*b m n"], k: Static[int, among(0, 1)]) -> Real[Array, "*b m n"]:
    return jnp.triu(x, k=k)


@production(weight=0.8, names="diagonal")
def diag_of(x: Num[Array, "n n"]) -> Num[Array, "n", Like("x")]:
    return either(jnp.diag(x), jnp.diagonal(x), x.diagonal(), weights=(3, 2, 1))


@production(weight=0.5, names="diagonals")
def diagonal_batched(x: Num[Array, "*b n n"]) -> Num[Array, "*b n", Like("x")]:
    return either(jnp.diagonal(x, axis1=-2, axis2=-1), x.diagonal(axis1=-2, axis2=-1), weights=(3, 1))


@production(weight=0.8, names="matrix scaling")
def diag(x: Num[Array, "n"]) -> Num[Array, "n n"]:
    return either(jnp.diag(x), jnp.diagflat(x), weights=(8, 1))


@production(weight=0.2, names="band")
def diag_offset(x: Num[Array, "n"], k: Static[int, among(1, -1)]) -> Num[Array, "n+1 n+1"]:
    return jnp.diag(x, k=k)


@production(weight=0.5, names="resized upsampled")
def resize_images(
    images: Float32[Array, "b h w c"], size: Static[tuple[int, ...], shape("b m n c")]
) -> Float32[Array, "b m n c"]:
    return either(
        jax.image.resize(images, size, method="bilinear"),
        jax.image.resize(images, size, "linear"),
        jax.image.resize(images, size, method="linear"),
        weights=(3, 1, 1),
    )
