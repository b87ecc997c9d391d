"""Fast sine, cosine and Fourier transforms, and the solvers that divide by eigenvalues between them.

The sine vectors diagonalise the second difference with zero ends, cosines in cells the one without flux
(Strang, The Discrete Cosine Transform, SIAM Review 41, 1999). Half-length form of the sine transform:
Cooley, Lewis and Welch 1970; Press et al., Numerical Recipes, 2007, section 12.4.1: it needs one real
transform of n + 1 points a line.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from pde.blocks.batching import as_it_stands, rebound, same_for_all, single_only

Field = Callable[[Array], Array]
Spectrum = Callable[[int], Array]


# Transforms of the last axis. Each of the first four is its own inverse up to the scale 2 / (n + 1).


@as_it_stands
def sine_by_extension(x: Array) -> Array:
    """Sine transform of the last axis by the Fourier transform of the odd extension."""
    zero = jnp.zeros_like(x[..., :1])
    extended = jnp.concatenate([zero, x, zero, -x[..., ::-1]], axis=-1)
    return -0.5 * jnp.fft.rfft(extended, axis=-1).imag[..., 1:-1]


@as_it_stands
def sine_by_zeros(x: Array) -> Array:
    """Sine transform of the last axis by the Fourier transform of twice its length, filled up with zeros.

    The sum of x[j] sin(pi j k / (n + 1)) is minus the imaginary part of the mode k of 2 (n + 1) points.
    """
    shifted = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 0)])
    return -jnp.fft.rfft(shifted, 2 * (x.shape[-1] + 1), axis=-1).imag[..., 1:-1]


@as_it_stands
def sine_by_halves(x: Array) -> Array:
    """Sine transform of the last axis, odd in length, by one real Fourier transform of n + 1 points."""
    length = x.shape[-1] + 1
    sides = [(0, 0)] * (x.ndim - 1)
    forward, backward = jnp.pad(x, [*sides, (1, 0)]), jnp.pad(x[..., ::-1], [*sides, (1, 0)])
    # Sines from the transform of an impulse: the compiler would evaluate jnp.sin anew on every line.
    weight = -jnp.fft.rfft(jnp.zeros(2 * length).at[1].set(1.0)).imag[:-1]
    modes = jnp.fft.rfft(weight * (forward + backward) + 0.5 * (forward - backward), axis=-1)
    halved = modes.real[..., :-1].at[..., 0].multiply(0.5)
    pairs = jnp.stack([-modes.imag[..., :-1], jnp.cumsum(halved, axis=-1)], axis=-1)
    return pairs.reshape(*x.shape[:-1], length)[..., 1:]


@as_it_stands
def sine_by_matrix(x: Array) -> Array:
    """Sine transform of the last axis by the sine matrix."""
    k = jnp.arange(1, x.shape[-1] + 1)
    return x @ jnp.sin(jnp.pi * jnp.outer(k, k) / (x.shape[-1] + 1))


@as_it_stands
def cosine_by_extension(x: Array) -> Array:
    """Cosine transform of cell values along the last axis, by the even extension."""
    n = x.shape[-1]
    modes = jnp.fft.rfft(jnp.concatenate([x, x[..., ::-1]], axis=-1), axis=-1)[..., :n]
    turn = jnp.exp(-0.5j * jnp.pi * jnp.arange(n) / n)
    return 0.5 * (turn * modes).real


@as_it_stands
def inverse_cosine_by_extension(y: Array) -> Array:
    """Cell values along the last axis from their cosine transform."""
    n = y.shape[-1]
    turned = y * jnp.exp(0.5j * jnp.pi * jnp.arange(n) / n)
    return 2.0 * jnp.fft.irfft(jnp.concatenate([turned, jnp.zeros_like(turned[..., :1])], axis=-1), 2 * n)[..., :n]


@as_it_stands
def cosine_by_matrix(x: Array) -> Array:
    """Cosine transform of cell values along the last axis, by the cosine matrix."""
    n = x.shape[-1]
    return x @ jnp.cos(jnp.pi * jnp.outer(jnp.arange(n) + 0.5, jnp.arange(n)) / n)


@as_it_stands
def inverse_cosine_by_matrix(y: Array) -> Array:
    """Cell values along the last axis from their cosine transform, by the cosine matrix."""
    n = y.shape[-1]
    weight = jnp.full(n, 2.0 / n).at[0].set(1.0 / n)
    return (weight * y) @ jnp.cos(jnp.pi * jnp.outer(jnp.arange(n), jnp.arange(n) + 0.5) / n)


@as_it_stands
def scaled_inverse(y: Array, *, transform: Field) -> Array:
    """Inverse sine transform of the last axis."""
    return transform(y) * (2.0 / (y.shape[-1] + 1))


# Eigenvalues of minus the second derivative along one axis.


@same_for_all
def sine_differences(n: int) -> Array:
    """Eigenvalues of the second difference with zero ends."""
    return (2.0 * (n + 1) * jnp.sin(0.5 * jnp.pi * jnp.arange(1, n + 1) / (n + 1))) ** 2


@same_for_all
def cosine_differences(n: int) -> Array:
    """Eigenvalues of the second difference in cells without flux at the ends."""
    return (2.0 * n * jnp.sin(0.5 * jnp.pi * jnp.arange(n) / n)) ** 2


@same_for_all
def periodic_differences(n: int) -> Array:
    """Eigenvalues of the periodic second difference."""
    return (2.0 * n * jnp.sin(jnp.pi * jnp.fft.fftfreq(n))) ** 2


@same_for_all
def wide_differences(n: int) -> Array:
    """Eigenvalues of the periodic fourth-order difference."""
    angle = 2.0 * jnp.pi * jnp.fft.fftfreq(n)
    return n**2 * (15.0 - 16.0 * jnp.cos(angle) + jnp.cos(2.0 * angle)) / 6.0


@same_for_all
def sine_derivatives(n: int) -> Array:
    """Eigenvalues of minus the second derivative with zero ends."""
    return (jnp.pi * jnp.arange(1, n + 1)) ** 2


@same_for_all
def cosine_derivatives(n: int) -> Array:
    """Eigenvalues of minus the second derivative without flux at the ends."""
    return (jnp.pi * jnp.arange(n)) ** 2


@same_for_all
def fourier_derivatives(n: int) -> Array:
    """Eigenvalues of minus the second derivative on a period."""
    return (2.0 * jnp.pi * n * jnp.fft.fftfreq(n)) ** 2


# Solvers.


@as_it_stands
def transform_1d(f: Array, *, transform: Field, inverse: Field, eigenvalues: Spectrum, invert: Field) -> Array:
    """Solution by dividing each mode by its eigenvalue."""
    return inverse(transform(f) * invert(eigenvalues(f.shape[-1])))


def transform_2d(f: Array, *, transform: Field, inverse: Field, eigenvalues: Spectrum, invert: Field) -> Array:
    """Solution by dividing each mode by its eigenvalue, one axis transformed at a time."""
    modes = transform(transform(f).T)
    modes = modes * invert(eigenvalues(f.shape[0]) + eigenvalues(f.shape[1])[:, None])
    return inverse(inverse(modes).T)


@rebound(
    "Solutions by dividing each mode by its eigenvalue, one axis transformed at a time.", x_axis=1, y_axis=2, z_axis=3
)
def transform_3d(
    f: Array,
    *,
    transform: Field,
    inverse: Field,
    eigenvalues: Spectrum,
    invert: Field,
    x_axis: int = 0,
    y_axis: int = 1,
    z_axis: int = 2,
) -> Array:
    """Solution by dividing each mode by its eigenvalue, one axis transformed at a time."""
    modes = f
    for _ in range(3):
        modes = jnp.moveaxis(transform(modes), -1, x_axis)
    x, y, z = eigenvalues(f.shape[x_axis]), eigenvalues(f.shape[y_axis]), eigenvalues(f.shape[z_axis])
    modes = modes * invert(x[:, None, None] + y[:, None] + z)
    for _ in range(3):
        modes = jnp.moveaxis(inverse(modes), -1, x_axis)
    return modes


@rebound("Periodic solutions by the complex Fourier transform.", x_axis=1)
def fourier_1d(f: Array, *, eigenvalues: Spectrum, invert: Field, x_axis: int = 0) -> Array:
    """Periodic solution by the complex Fourier transform."""
    return jnp.fft.ifft(jnp.fft.fft(f) * invert(eigenvalues(f.shape[x_axis]))).real


@rebound("Periodic solutions by the complex Fourier transform.", x_axis=1, y_axis=2)
def fourier_2d(f: Array, *, eigenvalues: Spectrum, invert: Field, x_axis: int = 0, y_axis: int = 1) -> Array:
    """Periodic solution by the complex Fourier transform."""
    symbol = eigenvalues(f.shape[x_axis])[:, None] + eigenvalues(f.shape[y_axis])
    return jnp.fft.ifft2(jnp.fft.fft2(f) * invert(symbol)).real


def fourier_3d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solution by the complex Fourier transform."""
    x, y, z = eigenvalues(f.shape[0]), eigenvalues(f.shape[1]), eigenvalues(f.shape[2])
    symbol = x[:, None, None] + y[:, None] + z
    return jnp.fft.ifftn(jnp.fft.fftn(f) * invert(symbol)).real


@rebound("Periodic solutions by the real Fourier transform.", x_axis=1)
def real_fourier_1d(f: Array, *, eigenvalues: Spectrum, invert: Field, x_axis: int = 0) -> Array:
    """Periodic solution by the real Fourier transform."""
    n = f.shape[x_axis]
    return jnp.fft.irfft(jnp.fft.rfft(f) * invert(eigenvalues(n)[: n // 2 + 1]), n)


def real_fourier_2d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solution by the real Fourier transform."""
    n, m = f.shape
    symbol = eigenvalues(n)[:, None] + eigenvalues(m)[: m // 2 + 1]
    return jnp.fft.irfft2(jnp.fft.rfft2(f) * invert(symbol), (n, m))


def real_fourier_3d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solution by the real Fourier transform."""
    n, m, k = f.shape
    symbol = eigenvalues(n)[:, None, None] + eigenvalues(m)[:, None] + eigenvalues(k)[: k // 2 + 1]
    return jnp.fft.irfftn(jnp.fft.rfftn(f) * invert(symbol), f.shape)


@single_only
def transform_and_thomas(
    f: Array,
    *,
    transform: Field,
    inverse: Field,
    eigenvalues: Spectrum,
    solve_lines: Callable[[Array, Array], Array],
) -> Array:
    """Solution by transforming the last axis and a tridiagonal system along the first for each mode."""
    return inverse(solve_lines(transform(f), eigenvalues(f.shape[1])))


@single_only
def mode_lines(modes: Array, values: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Tridiagonal systems along the first axis, one for each mode of the last."""
    h = spacing(modes)
    side = jnp.full(modes.shape[0], -1.0 / h**2)
    lower, upper = side.at[0].set(0.0), side.at[-1].set(0.0)

    def solve_line(value: Array, line: Array) -> Array:
        centre = jnp.full(modes.shape[0], 2.0 / h**2) + value
        return lax.linalg.tridiagonal_solve(lower, centre, upper, line[:, None])[:, 0]

    return jax.vmap(solve_line, in_axes=(0, 1), out_axes=1)(values, modes)


# Operators by transforms, for iterations on spectral discretisations.


@single_only
def spectral_operator_1d(u: Array, *, eigenvalues: Spectrum) -> Array:
    """Minus the second derivative on a period, through its modes."""
    return jnp.fft.ifft(eigenvalues(u.shape[0]) * jnp.fft.fft(u)).real


@rebound(x_axis=1, y_axis=2)
def spectral_operator_2d(u: Array, *, eigenvalues: Spectrum, x_axis: int = 0, y_axis: int = 1) -> Array:
    """Minus the Laplacian on a period, through its modes."""
    symbol = eigenvalues(u.shape[x_axis])[:, None] + eigenvalues(u.shape[y_axis])
    return jnp.fft.ifft2(symbol * jnp.fft.fft2(u)).real


# Chebyshev collocation (Trefethen, Spectral Methods in MATLAB, 2000, chapter 6), on the unit interval.


@same_for_all
def chebyshev_derivative(n: int) -> Array:
    """Matrix of the derivative at n + 2 Chebyshev points of the unit interval."""
    k = jnp.arange(n + 2)
    x = 0.5 - 0.5 * jnp.cos(jnp.pi * k / (n + 1))
    weight = jnp.where((k == 0) | (k == n + 1), 2.0, 1.0) * (-1.0) ** k
    matrix = jnp.outer(weight, 1.0 / weight) / (x[:, None] - x + jnp.eye(n + 2))
    return matrix - jnp.diag(matrix.sum(axis=1))


@same_for_all
def chebyshev_matrix(n: int, *, derivative: Spectrum) -> Array:
    """Matrix of minus the second derivative at the inner Chebyshev points, zero at both ends."""
    matrix = derivative(n)
    return -(matrix @ matrix)[1:-1, 1:-1]


@same_for_all
def chebyshev_variable_matrix(n: int, *, derivative: Spectrum, coefficient: Field) -> Array:
    """Matrix of minus the divergence of the flux at the inner Chebyshev points."""
    matrix = derivative(n)
    a = coefficient(0.5 - 0.5 * jnp.cos(jnp.pi * jnp.arange(n + 2) / (n + 1)))
    return -(matrix @ (a[:, None] * matrix))[1:-1, 1:-1]
