"""Solvers by transforms for a batch."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks import transforms
from pde.blocks.batching import batch_of

Field = Callable[[Array], Array]
Spectrum = Callable[[int], Array]


@batch_of(transforms.transform_2d)
def transform_2d(f: Array, *, transform: Field, inverse: Field, eigenvalues: Spectrum, invert: Field) -> Array:
    """Solutions by dividing each mode by its eigenvalue, one axis transformed at a time."""
    modes = transform(jnp.swapaxes(transform(f), 1, 2))
    modes = modes * invert(eigenvalues(f.shape[1]) + eigenvalues(f.shape[2])[:, None])
    return inverse(jnp.swapaxes(inverse(modes), 1, 2))


@batch_of(transforms.fourier_3d)
def fourier_3d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the complex Fourier transform."""
    x, y, z = eigenvalues(f.shape[1]), eigenvalues(f.shape[2]), eigenvalues(f.shape[3])
    symbol = x[:, None, None] + y[:, None] + z
    return jnp.fft.ifftn(jnp.fft.fftn(f, axes=(1, 2, 3)) * invert(symbol), axes=(1, 2, 3)).real


@batch_of(transforms.real_fourier_2d)
def real_fourier_2d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the real Fourier transform."""
    n, m = f.shape[1:]
    symbol = eigenvalues(n)[:, None] + eigenvalues(m)[: m // 2 + 1]
    return jnp.fft.irfft2(jnp.fft.rfft2(f) * invert(symbol), (n, m))


@batch_of(transforms.real_fourier_3d)
def real_fourier_3d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the real Fourier transform."""
    n, m, k = f.shape[1:]
    symbol = eigenvalues(n)[:, None, None] + eigenvalues(m)[:, None] + eigenvalues(k)[: k // 2 + 1]
    modes = jnp.fft.rfftn(f, axes=(1, 2, 3)) * invert(symbol)
    return jnp.fft.irfftn(modes, (n, m, k), axes=(1, 2, 3))
