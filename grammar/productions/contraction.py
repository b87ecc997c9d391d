"""Sums of products: matrix products, einsum, dot_general, convolutions, and windows."""

from math import log2

import jax
import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.rules.families import pattern
from grammar.rules.notation import (
    Array,
    ArrayPattern,
    Float,
    Float32,
    Function,
    Inexact,
    Like,
    Num,
    Productions,
    SignOf,
    Static,
    Unit,
    either,
)
from grammar.rules.production import ProductOf, Relation
from grammar.values.binding import Binding
from grammar.values.statics import among, bound, size

production = Productions()

# --- matrix products ----------------------------------------------------------------------------------------


@production(weight=6, names="h out projected", magnitude=lambda x, y, k: x + y + k)
def matmul(x: Num[Array, "*b m k"], y: Num[Array, "k n"]) -> Num[Array, "*b m n"]:
    return either(x @ y, jnp.matmul(x, y), jnp.dot(x, y), weights=(8, 3, 4))


@production(weight=2, names="blocks scores products", magnitude=lambda x, y, k: x + y + k)
def matmul_batched(x: Num[Array, "b *c m k"], y: Num[Array, "b *c k n"]) -> Num[Array, "b *c m n"]:
    return either(x @ y, jnp.matmul(x, y), weights=(2, 1))


@production(weight=3, magnitude=lambda matrix, v, k: matrix + v + k)
def matvec(matrix: Num[Array, "m k"], v: Num[Array, "k"]) -> Num[Array, "m"]:
    return either(matrix @ v, jnp.dot(matrix, v), matrix.dot(v), jnp.matmul(matrix, v), weights=(5, 4, 2, 1))


@production(weight=1.5, magnitude=lambda x, kernel, k: x + kernel + k)
def vecmat(x: Num[Array, "k"], kernel: Num[Array, "k n"]) -> Num[Array, "n"]:
    return either(x @ kernel, jnp.dot(x, kernel), kernel.T @ x, weights=(4, 2, 1))


@production(weight=4, names="product overlap total", magnitude=lambda x, y, k: x + y + k)
def dot(x: Float[Array, "k"], y: Float[Array, "k"]) -> Float[Array, ""]:
    return either(jnp.dot(x, y), x @ y, x.dot(y), jnp.sum(x * y), jnp.inner(x, y), weights=(5, 3, 2, 3, 0.5))


@production(weight=2, names="overlap product", magnitude=lambda x, y, s: x + y + s)
def vdot(x: Num[Array, "*s"], y: Num[Array, "*s"]) -> Num[Array, ""]:
    return jnp.vdot(x, y)


@production(weight=1.5, names="similarity scores gram", magnitude=lambda x, y, k: x + y + k)
def matmul_transposed(x: Num[Array, "m k"], y: Num[Array, "n k"]) -> Num[Array, "m n"]:
    return either(x @ y.T, jnp.dot(x, y.T), jnp.matmul(x, y.T), jnp.inner(x, y), weights=(6, 3, 2, 0.5))


@production(weight=1, names="cross_moment projected", magnitude=lambda x, y, n: x + y + n)
def transposed_matmul(x: Num[Array, "n k"], y: Num[Array, "n m"]) -> Num[Array, "k m"]:
    return either(x.T @ y, jnp.dot(x.T, y), jnp.einsum("nk,nm->km", x, y), weights=(4, 2, 1))


@production(weight=0.7, names="gram similarity", magnitude=lambda x, k: 2 * x + k)
def gram(x: Float[Array, "*b n k"]) -> Float[Array, "*b n n"]:
    return either(x @ jnp.swapaxes(x, -1, -2), x @ x.mT, jnp.einsum("...ik,...jk->...ij", x, x))


@production(weight=0.5, names="energy form value", magnitude=lambda v, matrix, n: 2 * v + matrix + 2 * n)
def quadratic_form(v: Float[Array, "n"], matrix: Float[Array, "n n"]) -> Float[Array, ""]:
    return either(v @ matrix @ v, jnp.dot(v, jnp.dot(matrix, v)), jnp.einsum("i,ij,j->", v, matrix, v))


@production(weight=0.7, names="table products outer", magnitude=lambda x, y: x + y)
def outer(x: Num[Array, "m"], y: Num[Array, "n"]) -> Num[Array, "m n"]:
    return either(jnp.outer(x, y), x[:, None] * y[None, :], x[:, None] * y, jnp.einsum("i,j->ij", x, y))


@production(weight=0.4, magnitude=lambda x, y, k: x + y + k)
def inner(x: Float[Array, "*a k"], y: Float[Array, "*b k"]) -> Float[Array, "*a *b"]:
    return jnp.inner(x, y)


@production(weight=0.4, names="products overlap", magnitude=lambda x, y, k: x + y + k)
def vecdot(x: Float[Array, "*s k"], y: Float[Array, "*s k"]) -> Float[Array, "*s"]:
    return either(jnp.vecdot(x, y), jnp.sum(x * y, axis=-1), jnp.einsum("...i,...i->...", x, y), weights=(1, 4, 2))


@production(weight=0.8, names="normal torque cross", magnitude=lambda x, y: x + y + 1)
def cross(x: Float[Array, "*b 3"], y: Float[Array, "*b 3"]) -> Float[Array, "*b 3"]:
    return either(jnp.cross(x, y), jnp.linalg.cross(x, y), weights=(12, 1))


@production(weight=0.5, names="product out", magnitude=lambda x, y, z, k, j: x + y + z + k + j)
def multi_dot(x: Float[Array, "m k"], y: Float[Array, "k j"], z: Float[Array, "j n"]) -> Float[Array, "m n"]:
    return either(jnp.linalg.multi_dot([x, y, z]), x @ y @ z, weights=(1, 2))


@production(weight=0.8, names="h out", magnitude=lambda x, kernel, k: x + kernel + k)
def matmul_precise(x: Float[Array, "*b m k"], kernel: Float[Array, "k n"]) -> Float[Array, "*b m n"]:
    return either(
        jnp.matmul(x, kernel, precision=lax.Precision.HIGHEST),
        jnp.dot(x, kernel, precision=lax.Precision.HIGHEST),
        jnp.matmul(x, kernel, precision="highest"),
    )


@production(weight=0.4, names="product scores", magnitude=lambda x, kernel, k: x + kernel + k)
def matmul_under_precision(
    x: Float[Array, "*b m k"],
    kernel: Float[Array, "k n"],
    precision: Static[str, among("highest", "float32", "bfloat16", "tensorfloat32")],
) -> Float[Array, "*b m n"]:
    with jax.default_matmul_precision(precision):
        product = x @ kernel
    return product  # noqa: RET504 - a template returns at its end


@production(weight=0.4, names="accumulated h", magnitude=lambda x, kernel, k: x + kernel + k)
def matmul_accumulated(x: Float[Array, "*b m k"], kernel: Float[Array, "k n"]) -> Float32[Array, "*b m n"]:
    return either(
        jnp.matmul(x, kernel, preferred_element_type=jnp.float32),
        jnp.dot(x, kernel, preferred_element_type=jnp.float32),
    )


def _multiples(*pairs: tuple[str, str, str]) -> Relation:
    """The relation result = left * right for each triple of dimensions, from factors or from the result."""

    def relation(binding: Binding, choices: Choices) -> Binding | None:
        found: Binding | None = binding
        for names in pairs:
            found = found and _product(found, choices, *names)
        return found

    return relation


def _product(binding: Binding, choices: Choices, result: str, left: str, right: str) -> Binding | None:
    """A dimension is the product of two others."""
    sizes = binding.sizes
    if left in sizes and right in sizes:
        return binding.agreeing(**{result: sizes[left] * sizes[right]})
    size = sizes[result]
    factors = [n for n in range(2, size // 2 + 1) if size % n == 0]
    factors = [n for n in factors if sizes.get(left, n) == n and n * sizes.get(right, 0) in (0, size)]
    if not factors:
        return None
    factor = choices.item(factors)
    return binding.having(**{left: factor, right: size // factor})


@production(weight=0.3, relation=_multiples(("p", "m", "k"), ("q", "n", "l")), magnitude=lambda x, y: x + y)
def kron(x: Num[Array, "m n"], y: Num[Array, "k l"]) -> Num[Array, "p q"]:
    return jnp.kron(x, y)


@production(weight=0.2, relation=_multiples(("p", "m", "k")), magnitude=lambda x, y: x + y)
def kron_vectors(x: Num[Array, "m"], y: Num[Array, "k"]) -> Num[Array, "p"]:
    return either(jnp.kron(x, y), jnp.outer(x, y).ravel())


# --- einsum -------------------------------------------------------------------------------------------------


def einsum(*equations: str, weight: float = 1.0, names: str = "") -> None:
    """One production for each equation of one, two or three operands; letters are the dimensions."""
    for equation in equations:
        left, _, right = equation.partition("->")
        operands = dict(zip("xyz", left.split(","), strict=False))
        summed = sorted(set(left) - set(right) - set(",."))
        production(
            name="einsum_" + equation.replace(",", "_").replace("->", "_").replace("...", "o"),
            weight=weight,
            names=names,
            magnitude=ProductOf((*operands, *summed)),
            signature={**{name: _pattern(text) for name, text in operands.items()}, "return": _pattern(right)},
        )(_einsum(equation, len(operands)))


def _pattern(subscripts: str) -> ArrayPattern:
    return pattern(Float[Array, " ".join(subscripts.replace("...", "+")).replace("+", "*s")])


def _einsum(equation: str, operands: int) -> Function:
    def one(x: Array) -> Array:
        return jnp.einsum(equation, x)

    def two(x: Array, y: Array) -> Array:
        return jnp.einsum(equation, x, y)

    def three(x: Array, y: Array, z: Array) -> Array:
        return jnp.einsum(equation, x, y, z)

    return (one, two, three)[operands - 1]


einsum("ij,jk->ik", "ij,j->i", "i,i->", "ij,ij->", weight=0.5)
einsum("bij,bjk->bik", "bij,bj->bi", "bi,bj->bij", "bi,ij->bj", "bti,ij->btj", weight=0.5)
einsum("...ij,...jk->...ik", "...i,ij->...j", "...i,...i->...", "...i,...j->...ij", weight=0.5)
einsum("bqhd,bkhd->bhqk", "bthd,bshd->bhts", "bhqd,bhkd->bhqk", weight=0.4, names="scores logits")
einsum("bhqk,bkhd->bqhd", "bhts,bshd->bthd", weight=0.4, names="context attended")
einsum("btd,dhk->bthk", "nd,de->ne", weight=0.4, names="heads projected")
einsum("bi,ijk,bj->bk", "ij,jk,kl->il", "i,ij,j->", weight=0.3)
einsum("ii->", "bii->b", weight=0.25, names="trace total")
einsum("ij->ji", "bij->bj", "...ij->...ji", "ii->i", weight=0.2)


@production(weight=0.6, names="h out", magnitude=lambda x, y, d: x + y + d)
def einsum_precise(x: Float[Array, "b t d"], y: Float[Array, "d m"]) -> Float[Array, "b t m"]:
    return jnp.einsum("btd,dm->btm", x, y, precision=lax.Precision.HIGHEST)


@production(weight=0.3, names="h logits", magnitude=lambda x, y, d: x + y + d)
def einsum_accumulated(x: Float[Array, "b d"], y: Float[Array, "d m"]) -> Float32[Array, "b m"]:
    return jnp.einsum("bd,dm->bm", x, y, preferred_element_type=jnp.float32)


# --- tensordot and lax --------------------------------------------------------------------------------------


@production(weight=0.5, magnitude=lambda x, y, k: x + y + k)
def tensordot(x: Float[Array, "*a k"], y: Float[Array, "k *b"]) -> Float[Array, "*a *b"]:
    return either(jnp.tensordot(x, y, axes=1), jnp.tensordot(x, y, axes=([-1], [0])))


@production(weight=0.3, magnitude=lambda x, y, k, j: x + y + k + j)
def tensordot_two(x: Float[Array, "*a k j"], y: Float[Array, "k j *b"]) -> Float[Array, "*a *b"]:
    return either(jnp.tensordot(x, y, axes=2), jnp.tensordot(x, y))


@production(weight=0.3, magnitude=lambda x, y, k: x + y + k)
def tensordot_first(x: Float[Array, "k *a"], y: Float[Array, "k *b"]) -> Float[Array, "*a *b"]:
    return jnp.tensordot(x, y, axes=((0,), (0,)))


@production(weight=0.6, magnitude=lambda x, y, k: x + y + k)
def dot_general(x: Float[Array, "m k"], y: Float[Array, "k n"]) -> Float[Array, "m n"]:
    return either(
        lax.dot_general(x, y, (((1,), (0,)), ((), ()))),
        lax.dot_general(x, y, dimension_numbers=(((1,), (0,)), ((), ()))),
        lax.dot(x, y),
    )


@production(weight=0.5, magnitude=lambda x, y, k: x + y + k)
def dot_general_batch(x: Float[Array, "b m k"], y: Float[Array, "b k n"]) -> Float[Array, "b m n"]:
    return either(
        lax.dot_general(x, y, (((2,), (1,)), ((0,), (0,)))),
        lax.dot_general(x, y, dimension_numbers=(((2,), (1,)), ((0,), (0,)))),
        lax.batch_matmul(x, y),
        weights=(2, 2, 1),
    )


@production(weight=0.4, names="scores out", magnitude=lambda x, y, d: x + y + d)
def dot_general_heads(x: Float[Array, "b m h d"], y: Float[Array, "b n h d"]) -> Float[Array, "b h m n"]:
    return lax.dot_general(x, y, (((3,), (3,)), ((0, 2), (0, 2))), precision=lax.Precision.HIGHEST)


@production(weight=0.4, magnitude=lambda x, y, k: x + y + k)
def dot_general_accumulated(x: Float[Array, "m k"], y: Float[Array, "n k"]) -> Float32[Array, "m n"]:
    numbers = (((1,), (1,)), ((), ()))
    return lax.dot_general(x, y, numbers, preferred_element_type=jnp.float32)


@production(weight=0.3, magnitude=lambda x, y, k, j: x + y + k + j)
def dot_general_two(x: Float[Array, "k m j"], y: Float[Array, "j k n"]) -> Float[Array, "m n"]:
    return lax.dot_general(x, y, dimension_numbers=(((0, 2), (1, 0)), ((), ())))


# --- convolutions -------------------------------------------------------------------------------------------

_NINE = log2(9)


@production(weight=0.8, names="features h maps", magnitude=lambda x, kernel, c: x + kernel + c + _NINE)
def conv_2d(x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c o"]) -> Float[Array, "b h w o"]:
    return either(
        lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")),
        lax.conv_general_dilated(
            x, kernel, window_strides=(1, 1), padding="SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        ),
    )


@production(weight=0.6, names="features h maps", magnitude=lambda x, kernel, c: x + kernel + c + _NINE)
def conv_2d_strided(x: Float[Array, "b h+h w+w c"], kernel: Float[Array, "3 3 c o"]) -> Float[Array, "b h w o"]:
    return lax.conv_general_dilated(x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


@production(weight=0.4, names="features h maps", magnitude=lambda x, kernel, c: x + kernel + c + _NINE)
def conv_2d_valid(x: Float[Array, "b h+2 w+2 c"], kernel: Float[Array, "3 3 c o"]) -> Float[Array, "b h w o"]:
    return lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


@production(weight=0.4, names="features h", magnitude=lambda x, kernel, c: x + kernel + c + _NINE)
def conv_nchw(x: Float[Array, "b c h w"], kernel: Float[Array, "o c 3 3"]) -> Float[Array, "b o h w"]:
    return either(
        lax.conv(x, kernel, (1, 1), "SAME"),
        lax.conv_general_dilated(x, kernel, (1, 1), ((1, 1), (1, 1))),
    )


@production(weight=0.4, names="features h", magnitude=lambda x, kernel: x + kernel + _NINE)
def conv_depthwise(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 1 c"], channels: Static[int, size("c")]
) -> Float[Array, "b h w c"]:
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers, feature_group_count=channels)


def _windows(binding: Binding, choices: Choices) -> Binding | None:
    """Length of a 1D convolution from stride, dilation and padding, or an input length that gives it."""
    if "stride" not in binding.sizes:
        stride, dilation = choices.item(((1, 1), (2, 1), (1, 2), (3, 1)))
        padding = choices.item(((0, 0), (1, 1), (2, 0), (2, 2)))
        binding = binding.having(stride=stride, dilation=dilation, padding=padding)
    sizes = binding.sizes
    stride, reach = sizes["stride"], sizes["dilation"] * 2 - sum(sizes["padding"])
    t = sizes["t"] if "t" in sizes else (sizes["out"] - 1) * stride + reach + 1
    out = (t - reach - 1) // stride + 1
    return binding.agreeing(t=t, out=out) if t > 1 and out > 1 else None


@production(weight=0.6, names="features h", relation=_windows, magnitude=lambda x, kernel, c: x + kernel + c + log2(3))
def conv_1d(
    x: Float[Array, "b t c"],
    kernel: Float[Array, "3 c o"],
    stride: Static[int, bound("stride")],
    padding: Static[tuple[int, int], bound("padding")],
    dilation: Static[int, bound("dilation")],
) -> Float[Array, "b out o"]:
    return lax.conv_general_dilated(
        x,
        kernel,
        window_strides=(stride,),
        padding=(padding,),
        rhs_dilation=(dilation,),
        dimension_numbers=("NWC", "WIO", "NWC"),
    )


@production(weight=0.4, names="upsampled h", magnitude=lambda x, kernel, c: x + kernel + c + _NINE)
def conv_transpose(x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c o"]) -> Float[Array, "b h+h w+w o"]:
    return lax.conv_transpose(x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


@production(weight=0.2, names="patches")
def conv_patches(x: Float[Array, "b c h+h w+w"]) -> Float[Array, "b c+c+c+c h w"]:
    return lax.conv_general_dilated_patches(x, (2, 2), (2, 2), "VALID")


@production(weight=0.3, names="smoothed filtered", magnitude=lambda x, kernel: x + kernel + 1.6)
def convolve_same(x: Float[Array, "n+1"], kernel: Float[Array, "3"]) -> Float[Array, "n+1"]:
    return either(jnp.convolve(x, kernel, mode="same"), jnp.convolve(x, kernel, "same"))


@production(weight=0.2, names="filtered", magnitude=lambda x, kernel: x + kernel + 2)
def correlate(x: Float[Array, "n+2"], kernel: Float[Array, "3"]) -> Float[Array, "n"]:
    return jnp.correlate(x, kernel, mode="valid")


@production(weight=0.3, names="filtered", magnitude=lambda x, kernel, n: x + kernel + n)
def convolve(x: Float[Array, "n"], kernel: Float[Array, "m+1"]) -> Float[Array, "n+m"]:
    return either(jnp.convolve(x, kernel), jnp.convolve(x, kernel, mode="full"))


# --- windows ------------------------------------------------------------------------------------------------


@production(weight=0.5, names="pooled h")
def max_pool(x: Float[Array, "b h+h w+w c"]) -> Float[Array, "b h w c", Like("x")]:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


@production(weight=0.5, names="pooled h")
def average_pool(x: Float[Array, "b h+h w+w c"]) -> Float[Array, "b h w c", SignOf("x")]:
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4.0


@production(weight=0.3, names="pooled windows", magnitude=lambda x, width: x + log2(width))
def window_sum(x: Float[Array, "b n c"], width: Static[int, among(2, 3, 5)]) -> Float[Array, "b n c"]:
    return lax.reduce_window(x, 0.0, lax.add, (1, width, 1), (1, 1, 1), padding="SAME")


@production(weight=0.3, names="envelope pooled")
def window_max(x: Float[Array, "n+2"]) -> Float[Array, "n", Like("x")]:
    return either(
        lax.reduce_window(x, -jnp.inf, lax.max, (3,), (1,), "VALID"),
        lax.reduce_window(x, -jnp.inf, lax.max, window_dimensions=(3,), window_strides=(1,), padding="VALID"),
    )


@production(weight=0.2, names="blended out", magnitude=lambda weights, x, k: x + k)
def mix_heads(weights: Inexact[Array, "h k", Unit], x: Inexact[Array, "k d"]) -> Inexact[Array, "h d"]:
    return either(weights @ x, jnp.einsum("hk,kd->hd", weights, x))
