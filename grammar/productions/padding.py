"""Arrays made larger or moved about: pad, tile, repeat, roll, flip."""

import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.rules.notation import Anything, Array, Float, Float32, Like, Productions, Real, Static, either
from grammar.values.binding import Binding
from grammar.values.statics import among, bound, new_size, size

production = Productions()


def _padded(binding: Binding, choices: Choices) -> Binding | None:
    """Pairs "widths" by which t is larger than s."""
    s, t = binding.sizes.get("s"), binding.sizes.get("t")
    known = s if t is None else t if s is None else None
    if not known:
        return None
    pairs = [(choices.below(2), choices.below(3)) if choices.chance(0.6) else (0, 0) for _ in known]
    if not any(sum(pair) for pair in pairs):
        pairs[-1] = (1, 1)
    sign = -1 if s is None else 1
    other = tuple(n + sign * sum(pair) for n, pair in zip(known, pairs, strict=True))
    s, t = (other, known) if s is None else (known, other)
    return binding.having(s=s, t=t, widths=tuple(pairs)) if min(s) > 2 else None


def _tiled(binding: Binding, choices: Choices) -> Binding | None:
    """Numbers "reps" by which t is a multiple of s."""
    s, t = binding.sizes.get("s"), binding.sizes.get("t")
    if s and t is None:
        reps = tuple(choices.item((1, 2, 1, 3)) for _ in s)
        reps = reps if max(reps) > 1 else (2, *reps[1:])
        return binding.having(t=tuple(n * r for n, r in zip(s, reps, strict=True)), reps=reps)
    if t and s is None:
        reps = tuple(choices.item([r for r in (1, 2, 3) if n % r == 0 and n // r > 1] or [1]) for n in t)
        s = tuple(n // r for n, r in zip(t, reps, strict=True))
        return binding.having(s=s, reps=reps) if max(reps) > 1 else None
    return None


def _repeated(binding: Binding, choices: Choices) -> Binding | None:
    """m = n * times."""
    n, m = binding.sizes.get("n"), binding.sizes.get("m", 1)
    if n is not None and "m" in binding.sizes:
        times, rest = divmod(m, n)
        return binding.having(times=times) if not rest and times > 1 else None
    if n is not None:
        times = choices.between(2, 4)
        return binding.having(times=times, m=n * times)
    options = [r for r in (2, 3, 4) if m % r == 0 and m // r > 1]
    if not options:
        return None
    times = choices.item(options)
    return binding.having(times=times, n=m // times)


def _shift(binding: Binding, choices: Choices) -> Binding | None:
    """A "shift" that is not a whole turn."""
    n = binding.sizes.get("n")
    return None if n is None else binding.having(shift=choices.item((1, -1, choices.between(1, n - 1))))


@production(weight=1.0, names="padded", relation=_padded)
def pad(x: Real[Array, "*s"], widths: Static[tuple[tuple[int, int], ...], bound("widths")]) -> Real[Array, "*t"]:
    return either(
        jnp.pad(x, widths),
        jnp.pad(x, widths, mode="constant"),
        jnp.pad(x, widths, constant_values=0),
        weights=(4, 1, 1),
    )


@production(weight=0.5, names="padded", relation=_padded)
def pad_mode(
    x: Real[Array, "*s"],
    widths: Static[tuple[tuple[int, int], ...], bound("widths")],
    mode: Static[str, among("edge", "reflect", "wrap", "symmetric")],
) -> Real[Array, "*t", Like("x")]:
    return jnp.pad(x, widths, mode=mode)


@production(weight=0.3, names="padded", relation=_padded, magnitude=lambda x: max(x, 0.0))
def pad_ones(x: Float[Array, "*s"], widths: Static[tuple[tuple[int, int], ...], bound("widths")]) -> Float[Array, "*t"]:
    return jnp.pad(x, widths, constant_values=1.0)


@production(weight=0.2, names="padded")
def pad_all(x: Float[Array, "m n"], width: Static[int, among(1)]) -> Float[Array, "m+2 n+2"]:
    return either(jnp.pad(x, width), jnp.pad(x, width, mode="constant"), jnp.pad(x, ((width, width), (width, width))))


@production(weight=0.2, names="dilated")
def lax_pad_interior(x: Float32[Array, "m n"]) -> Float32[Array, "m+2 n+n"]:
    return lax.pad(x, 0.0, ((1, 1, 0), (0, 1, 1)))


@production(weight=0.15, names="padded")
def lax_pad(x: Float32[Array, "n *s"], after: Static[int, size("k")]) -> Float32[Array, "n+k *s"]:
    return lax.pad(x, 0.0, [(0, after, 0)] + [(0, 0, 0)] * (x.ndim - 1))


@production(weight=0.7, names="tiled", relation=_tiled)
def tile(x: Anything[Array, "*s"], reps: Static[tuple[int, ...], bound("reps")]) -> Anything[Array, "*t", Like("x")]:
    return jnp.tile(x, reps)


@production(weight=0.6, names="tiled")
def tile_rows(x: Anything[Array, "n"], m: Static[int, new_size("m", 2, 8)]) -> Anything[Array, "m n", Like("x")]:
    return either(jnp.tile(x, (m, 1)), jnp.tile(x[None], (m, 1)), jnp.repeat(x[None, :], m, axis=0))


@production(weight=1.2, names="repeated upsampled", relation=_repeated)
def repeat_axis(
    x: Anything[Array, "*a n *b"], times: Static[int, bound("times")], axis: Static[int, "n"]
) -> Anything[Array, "*a m *b", Like("x")]:
    return either(
        jnp.repeat(x, times, axis=axis),
        x.repeat(times, axis=axis),
        jnp.repeat(x, repeats=times, axis=axis),
        weights=(4, 3, 1),
    )


@production(weight=1.0, names="shifted rolled", relation=_shift)
def roll(
    x: Anything[Array, "*a n *b"], shift: Static[int, bound("shift")], axis: Static[int, "n"]
) -> Anything[Array, "*a n *b", Like("x")]:
    return either(
        jnp.roll(x, shift, axis=axis),
        jnp.roll(x, shift=shift, axis=axis),
        jnp.roll(x, shift, axis),
        weights=(4, 1, 1),
    )


@production(weight=0.5, names="flipped reversed_x")
def flip(x: Anything[Array, "*a n *b"], axis: Static[int, "n"]) -> Anything[Array, "*a n *b", Like("x")]:
    return either(jnp.flip(x, axis=axis), jnp.flip(x, axis), weights=(3, 1))


@production(weight=0.2, names="flipped")
def flip_matrix(x: Anything[Array, "m n *s"]) -> Anything[Array, "m n *s", Like("x")]:
    return either(jnp.fliplr(x), jnp.flip(x, 1), lax.rev(x, (1,)))


@production(weight=0.2, names="flipped")
def flip_rows(x: Anything[Array, "n *s"]) -> Anything[Array, "n *s", Like("x")]:
    return either(jnp.flip(x, 0), lax.rev(x, dimensions=(0,)), lax.rev(x, (0,)))


@production(weight=0.2, names="rotated")
def rot90(x: Anything[Array, "m n *s"]) -> Anything[Array, "n m *s", Like("x")]:
    return either(jnp.rot90(x), jnp.rot90(x, k=1), jnp.rot90(x, k=1, axes=(0, 1)))
