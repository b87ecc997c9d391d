"""The corpus of tests/lowering: small programs from programs.txt, each with its inputs."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import lowering
from lowering import Leaf

HEADER = """\
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


"""
TREES = {
    "dict": [("['b']", (4,)), ("['w']", (3, 4))],
    "tuple": [("[0]", (3,)), ("[1][0]", (3,)), ("[1][1]", ())],
    "State": [(".mean", (3,)), (".count", ())],
}


class Case(NamedTuple):
    name: str
    source: str
    leaves: list[Leaf]

    @property
    def lowered(self) -> lowering.Lowered:
        """The program lowered once for all tests that only look at it."""
        return _lowered(self.name)

    def trace(self, filename: str | None = None) -> lowering.Traced:
        return lowering.trace_source(self.source, "program", self.leaves, filename)


def _leaves(name: str, kind: str, shape: str = "") -> list[Leaf]:
    if kind in TREES:
        return [Leaf(name + path, "float32", shape) for path, shape in TREES[kind]]
    return [Leaf(name, kind, tuple(int(size) for size in shape.split(",") if size))]


def _read() -> list[Case]:
    text = Path(__file__).with_name("programs.txt").read_text(encoding="utf-8")
    cases: list[Case] = []
    for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        head, body = block.split("\n", 1)
        name, inputs = head.split(" | ")
        leaves = [leaf for entry in inputs.split(";") for leaf in _leaves(*entry.split())]
        cases.append(Case(name, HEADER + body, leaves))
    return cases


@cache
def _lowered(name: str) -> lowering.Lowered:
    return CORPUS[name].trace().lower()


CORPUS = {case.name: case for case in _read()}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument `case` runs on every program."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CORPUS.values(), ids=CORPUS.keys())


@pytest.fixture(scope="session")
def corpus() -> dict[str, Case]:
    return CORPUS


@pytest.fixture(scope="session")
def header() -> str:
    """The imports that every program of the corpus starts with."""
    return HEADER
