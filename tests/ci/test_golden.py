"""The golden texts in the repository are what is made today."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / ".ci"))

import golden

PINNED = (Path(__file__).parents[2] / "constraints" / "jax-0.10.2.txt").read_text()


def test_there_are_ten_that_can_be_read_at_a_glance() -> None:
    texts = golden.stored()
    assert len(texts) == 10
    assert max(text.count("\n") for text in texts.values()) < 500
    for name, text in texts.items():
        assert text.startswith(f"# {name.partition('-')[0]}, seed 1, index "), name
        assert [line for line in text.splitlines() if line in ("# source", "# jaxpr", "# stablehlo")] == [
            "# source",
            "# jaxpr",
            "# stablehlo",
        ]


@pytest.mark.skipif(f"jax=={jax.__version__}\n" not in PINNED, reason="texts of IR are those of one JAX")
def test_they_are_made_again() -> None:
    now, before = golden.texts(), golden.stored()
    assert now.keys() == before.keys()
    for name, text in now.items():
        assert text == before[name], f"{name}: if that is meant, python .ci/remake.py, and read the diff"
