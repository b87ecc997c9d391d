"""Every test of the Poisson family computes in 64 bits, in a context that touches no other test."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def _64_bits() -> Iterator[None]:
    before = jax.config.read("jax_enable_x64")
    with jax.enable_x64(True):
        yield
    jax.config.update("jax_enable_x64", before)  # the command line, called in this process, sets it for good
