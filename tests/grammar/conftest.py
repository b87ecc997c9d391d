"""What tests of values share."""

import functools

import jax
import pytest

REFUSED = ("IsMonotonicWithDim0Major",)
"""What XLA says where it does not take a program that JAX lowers: an FFT in a layout of its own."""


@pytest.fixture(scope="session")
def known_fault():
    """Fails for an error of XLA that is not one of the few we know to be its own."""

    def check(error):
        assert any(text in str(error) for text in REFUSED), error

    return check


@pytest.fixture(scope="session")
def quick_jit():
    """`jax.jit` for what runs once or twice: to compile takes half as long, to run somewhat longer."""
    return functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
