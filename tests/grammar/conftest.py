"""What tests of values share."""

import functools

import jax
import pytest


@pytest.fixture(scope="session")
def quick_jit():
    """`jax.jit` for what runs once or twice: to compile takes half as long, to run somewhat longer."""
    return functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
