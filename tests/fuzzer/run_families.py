"""Families of simple programs for tests of the run; one plants programs that misbehave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any

from fuzzer.families.family import FamilySpec

SIMPLE = FamilySpec("programs", "run_families:Simple", "simple")
PLANTED = FamilySpec("programs", "run_families:Planted", "planted")
NARROW = FamilySpec("programs", "run_families:Narrow", "narrow")

FUNCTIONS = ("sin", "cos", "tanh", "exp", "sign", "floor", "abs", "sqrt")

SOURCE = '''import jax.numpy as jnp


def helper(x):
    """One step."""
    return jnp.{first}(x)


def {entry}(x, params):
    hidden = helper(x) @ params["w"]
{body}    return hidden.sum(axis=0), {{"scale": hidden * {scale}}}
'''


@dataclass(frozen=True)
class Program:
    source: str
    entry: str
    inputs: tuple[Any, ...]
    productions: tuple[tuple[str, int], ...]
    transform: str = "none"


class Rejected(Exception):
    def __init__(self, reason: str, production: str) -> None:
        super().__init__(f"{production}: {reason}")
        self.reason = reason
        self.production = production


class Simple:
    """Programs of a few chained functions; every draw is different from most others."""

    columns = ()

    def __init__(self, profile: str) -> None:
        self.origin: Mapping[str, str] = {"grammar": "0" * 32, "profile": profile, "profile_text": profile}

    def draw(self, seed: int, index: int) -> Program:
        random = Random(seed * 1_000_003 + index)
        names = [random.choice(FUNCTIONS) for _ in range(random.randint(1, 4))]
        shape = (random.randint(2, 5), random.randint(2, 5))
        return program(names, shape, random.randint(2, 9))

    def values(self, program: Program) -> Mapping[str, object]:
        return {}


def program(names: list[str], shape: tuple[int, int], scale: int, body: str = "") -> Program:
    lines = body + "".join(f"    hidden = jnp.{name}(hidden)\n" for name in names)
    source = SOURCE.format(first=names[0], entry="entry", body=lines, scale=scale)
    inputs = (_leaf("x", shape), _leaf("params['w']", (shape[1], 3)))
    counts = tuple(sorted({name: names.count(name) for name in names}.items()))
    return Program(source, "entry", inputs, counts)


def _leaf(path: str, shape: tuple[int, ...]) -> Any:
    return SimpleNamespace(path=path, dtype="float32", shape=shape, refinement="none")


class Narrow(Simple):
    """Has ten programs only."""

    def draw(self, seed: int, index: int) -> Program:
        return super().draw(seed, index % 10)


HANG = "    import time\n\n    while True:\n        time.sleep(1)\n"
EXIT = "    import os\n\n    os._exit(3)\n"
RAISE = "    raise ValueError('planted')\n"
BIG = "    import numpy\n\n    hidden = hidden + numpy.ones(50 * 2**30, dtype='uint8')[0]\n"
QUIT = "    raise SystemExit\n"

BODIES = {7: HANG, 11: EXIT, 13: RAISE, 17: BIG, 19: QUIT}


class Planted(Simple):
    """`Simple`, but a few hang, kill their process, raise, or ask for 50 GB; two fail to be drawn at all."""

    def draw(self, seed: int, index: int) -> Program:
        if index == 23:
            raise Rejected("no operand", "matmul")
        if index == 29:
            raise IndexError("a mistake of the grammar's own")
        if index not in BODIES:
            return super().draw(seed, index)
        return program(["sin", "cos"], (2, 3), index + 10, BODIES[index])
