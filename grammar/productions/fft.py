"""Fourier and cosine transforms."""

import jax
import jax.numpy as jnp
from jax import lax

from grammar.rules.families import elementwise, pattern
from grammar.rules.notation import (
    Array,
    Complex,
    Float32,
    Like,
    NonNegative,
    Num,
    Productions,
    Static,
    either,
)
from grammar.values.statics import among, axis, size

production = Productions()


def _grows(x: float, n: float) -> float:
    """That of a sum over n elements, real and imaginary."""
    return x + n + 0.5


_COMPLEX_ROWS = pattern(Complex[Array, "*b n"])
_REAL_ROWS = pattern(Float32[Array, "*b n"])
_COMPLEX_PLANES = pattern(Complex[Array, "*b m n"])

elementwise(
    production, jnp.fft.fft, weight=0.6, operand=_REAL_ROWS, result=_COMPLEX_ROWS, magnitude=_grows, names="spectrum"
)
elementwise(
    production,
    jnp.fft.fft,
    weight=0.3,
    operand=_COMPLEX_ROWS,
    magnitude=_grows,
    names="spectrum modes",
    prefix="complex_",
)
elementwise(production, jnp.fft.ifft, weight=0.6, operand=_COMPLEX_ROWS, names="signal field")
elementwise(
    production,
    jnp.fft.fft2,
    jnp.fft.fftn,
    weight=0.3,
    operand=pattern(Float32[Array, "m n"]),
    result=pattern(Complex[Array, "m n"]),
    magnitude=lambda x, m, n: x + m + n + 0.5,
    names="spectrum modes",
)
elementwise(production, jnp.fft.ifft2, weight=0.3, operand=_COMPLEX_PLANES, names="field image")
elementwise(production, jnp.fft.ifftn, weight=0.2, operand=pattern(Complex[Array, "d m n"]), names="field")


@production(weight=0.7, names="spectrum modes", magnitude=lambda x, k: x + k + 1.5)
def rfft(x: Float32[Array, "*b k+k"]) -> Complex[Array, "*b k+1"]:
    return either(jnp.fft.rfft(x), jnp.fft.rfft(x, axis=-1), weights=(3, 1))


@production(weight=0.7, names="signal field", magnitude=lambda spectrum: spectrum + 1)
def irfft(spectrum: Complex[Array, "*b k+1"], n: Static[int, size("k+k")]) -> Float32[Array, "*b k+k"]:
    return either(jnp.fft.irfft(spectrum, n=n), jnp.fft.irfft(spectrum, n), jnp.fft.irfft(spectrum))


@production(weight=0.6, names="spectrum modes", magnitude=lambda x, m, k: x + m + k + 1.5)
def rfft2(x: Float32[Array, "*b m k+k"]) -> Complex[Array, "*b m k+1"]:
    return either(jnp.fft.rfft2(x), jnp.fft.rfftn(x, axes=(-2, -1)))


@production(weight=0.5, names="field image", magnitude=lambda spectrum: spectrum + 1)
def irfft2(spectrum: Complex[Array, "m k+1"]) -> Float32[Array, "m k+k"]:
    return either(jnp.fft.irfft2(spectrum), jnp.fft.irfftn(spectrum))


@production(weight=0.4, names="spectrum", magnitude=lambda x, d, m, k: x + d + m + k + 1.5)
def rfftn(x: Float32[Array, "d m k+k"]) -> Complex[Array, "d m k+1"]:
    return jnp.fft.rfftn(x)


@production(weight=0.4, names="field volume", magnitude=lambda spectrum: spectrum + 1)
def irfftn(
    spectrum: Complex[Array, "d m k+1"],
    last: Static[int, size("k+k")],
    depth: Static[int, size("d")],
    m: Static[int, size("m")],
) -> Float32[Array, "d m k+k"]:
    return jnp.fft.irfftn(spectrum, s=(depth, m, last), axes=(0, 1, 2))


@production(weight=0.3, names="spectrum coeffs", magnitude=_grows)
def fft_axis(
    x: Float32[Array, "*a n *b"],
    axis: Static[int, axis("n")],
    norm: Static[str, among("ortho", "forward", "backward")],
) -> Complex[Array, "*a n *b"]:
    return jnp.fft.fft(x, axis=axis, norm=norm)


@production(weight=0.3, names="spectrum", magnitude=_grows)
def lax_fft(x: Complex[Array, "*b n"], n: Static[int, size("n")]) -> Complex[Array, "*b n"]:
    return either(lax.fft(x, "fft", (n,)), lax.fft(x, lax.FftType.FFT, (n,)), lax.fft(x, "FFT", fft_lengths=(n,)))


@production(weight=0.2, names="spectrum", magnitude=lambda x, k: x + k + 1.5)
def lax_rfft(x: Float32[Array, "*b k+k"], n: Static[int, size("k+k")]) -> Complex[Array, "*b k+1"]:
    return lax.fft(x, lax.FftType.RFFT, (n,))


@production(weight=0.4, names="centred shifted")
def fftshift(x: Num[Array, "n *s"]) -> Num[Array, "n *s", Like("x")]:
    return jnp.fft.fftshift(x)


@production(weight=0.2, names="shifted")
def fftshift_axis(x: Num[Array, "*a n *b"], axis: Static[int, axis("n")]) -> Num[Array, "*a n *b", Like("x")]:
    return jnp.fft.fftshift(x, axes=axis)


@production(weight=0.3, names="shifted")
def ifftshift(x: Num[Array, "n *s"]) -> Num[Array, "n *s", Like("x")]:
    return jnp.fft.ifftshift(x)


@production(weight=0.3, names="coeffs", magnitude=lambda x, n: x + n + 1)
def dct(x: Float32[Array, "*b n"]) -> Float32[Array, "*b n"]:
    return either(jax.scipy.fft.dct(x, norm="ortho"), jax.scipy.fft.dct(x, type=2, norm="ortho"))


@production(weight=0.2, names="signal", magnitude=lambda coeffs, n: coeffs + n)
def idct(coeffs: Float32[Array, "*b n"]) -> Float32[Array, "*b n"]:
    return jax.scipy.fft.idct(coeffs, norm="ortho")


@production(weight=0.2, names="coeffs", magnitude=lambda x, m, n: x + m + n + 2)
def dctn(x: Float32[Array, "m n"]) -> Float32[Array, "m n"]:
    return jax.scipy.fft.dctn(x, norm="ortho")


@production(weight=0.2, names="image field", magnitude=lambda coeffs, m, n: coeffs + m + n)
def idctn(coeffs: Float32[Array, "m n"]) -> Float32[Array, "m n"]:
    return jax.scipy.fft.idctn(coeffs, norm="ortho")


# --- what people do with them -------------------------------------------------------------------------------


@production(weight=0.4, names="power spectrum", magnitude=lambda x, k: 2 * (x + k + 1))
def periodogram(x: Float32[Array, "*b k+k"]) -> Float32[Array, "*b k+1", NonNegative]:
    modes = jnp.fft.rfft(x)
    return either(modes.real**2 + modes.imag**2, jnp.real(modes * jnp.conj(modes)))


@production(weight=0.4, names="du slope derivative", magnitude=lambda u, n: u + 2 * n + 3)
def spectral_derivative(u: Float32[Array, "*b n"]) -> Float32[Array, "*b n"]:
    k = 2.0 * jnp.pi * jnp.fft.fftfreq(u.shape[-1])
    return either(jnp.fft.ifft(1j * k * jnp.fft.fft(u)).real, jnp.real(jnp.fft.ifft(1j * k * jnp.fft.fft(u))))


@production(weight=0.3, names="smoothed filtered", magnitude=lambda signal: signal + 2)
def low_pass(
    signal: Float32[Array, "*b k+k"], cutoff: Static[float, among(0.1, 0.2, 0.25, 0.4)]
) -> Float32[Array, "*b k+k"]:
    freqs = jnp.fft.rfftfreq(signal.shape[-1])
    modes = jnp.where(freqs < cutoff, jnp.fft.rfft(signal), 0.0)
    return jnp.fft.irfft(modes, n=signal.shape[-1])


@production(weight=0.3, names="convolved", magnitude=lambda x, y, n: x + y + n)
def circular_convolution(x: Float32[Array, "n"], y: Float32[Array, "n"]) -> Float32[Array, "n"]:
    return either(
        jnp.fft.irfft(jnp.fft.rfft(x) * jnp.fft.rfft(y), n=x.shape[0]),
        jnp.fft.ifft(jnp.fft.fft(x) * jnp.fft.fft(y)).real,
    )


@production(weight=0.2, names="spectrum", magnitude=lambda image, m, n: image + m + n + 0.5)
def centred_spectrum(image: Float32[Array, "m n"]) -> Complex[Array, "m n"]:
    return jnp.fft.fftshift(jnp.fft.fft2(image))


@production(weight=0.2, names="potential field", magnitude=lambda rho, n: rho + n + 1)
def periodic_poisson(rho: Float32[Array, "n n"]) -> Float32[Array, "n n"]:
    k = 2.0 * jnp.pi * jnp.fft.fftfreq(rho.shape[0])
    k2 = k[:, None] ** 2 + k[None, :] ** 2
    modes = jnp.fft.fft2(rho) / jnp.where(k2 > 0, k2, 1.0)
    return jnp.fft.ifft2(modes).real
