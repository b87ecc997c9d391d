"""Transforms against SciPy."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft

import pde
from pde.blocks import transforms


def _lines(n: int) -> np.ndarray:
    return np.random.default_rng(n).standard_normal((3, n))


@pytest.mark.parametrize(
    "transform",
    [
        transforms.sine_by_extension,
        transforms.sine_by_zeros,
        transforms.sine_by_halves,
        transforms.sine_by_matrix,
    ],
)
@pytest.mark.parametrize("n", [1, 3, 7, 15, 127])
def test_sine(transform, n: int) -> None:
    x = _lines(n)
    np.testing.assert_allclose(2 * transform(jnp.asarray(x)), np.asarray(scipy.fft.dst(x, type=1)), atol=1e-11)


@pytest.mark.parametrize("transform", [transforms.cosine_by_extension, transforms.cosine_by_matrix])
@pytest.mark.parametrize("n", [2, 5, 16, 64])
def test_cosine(transform, n: int) -> None:
    x = _lines(n)
    np.testing.assert_allclose(2 * transform(jnp.asarray(x)), np.asarray(scipy.fft.dct(x, type=2)), atol=1e-11)


@pytest.mark.parametrize("inverse", [transforms.inverse_cosine_by_extension, transforms.inverse_cosine_by_matrix])
@pytest.mark.parametrize("n", [2, 5, 16, 64])
def test_inverse_cosine(inverse, n: int) -> None:
    x = _lines(n)
    np.testing.assert_allclose(inverse(transforms.cosine_by_matrix(jnp.asarray(x))), x, atol=1e-11)


@pytest.mark.parametrize(
    ("boundary", "solution", "solver"),
    [("neumann", "crest", "dct"), ("periodic", "swell", "fft")],
)
def test_the_lowest_mode_of_a_long_line_is_not_taken_for_the_constant(
    boundary: str, solution: str, solver: str
) -> None:
    assert pde.solve(pde.Problem(1, boundary, "poisson", solution), solver, 4096).error < 1e-5
