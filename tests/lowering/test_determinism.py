"""The same result in any order, any process, under any hash seed, whatever JAX has cached."""

import gc
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import jax.numpy as jnp
import pytest

import lowering

ROOT = Path(__file__).parents[2]
PAIRS = [
    ("where", "where_twice"),
    ("var", "statistics"),
    ("scan", "two_scans"),
    ("random", "random_more"),
    ("relu", "jvp"),
]


def everything(case):
    traced = case.trace()
    lowered = traced.lower()
    return (
        traced.jaxpr,
        lowered.stablehlo,
        traced.id,
        traced.structure,
        lowered.source_map,
        traced.inputs,
        traced.outputs,
        list(traced.primitives.items()),
        list(lowered.stablehlo_ops.items()),
    )


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
def test_order_does_not_count(corpus, names):
    one, other = (corpus[name] for name in names)
    lowering.forget()
    first = everything(one), everything(other)
    lowering.forget()
    second = everything(other), everything(one)
    assert first == second[::-1]
    assert (everything(one), everything(other)) == first


def test_all_forwards_then_all_backwards(corpus):
    lowering.forget()
    forwards = {name: everything(case) for name, case in corpus.items()}
    backwards = {name: everything(corpus[name]) for name in reversed(corpus)}
    lowering.forget()
    fresh = {name: everything(corpus[name]) for name in reversed(corpus)}
    assert forwards == backwards
    assert forwards == fresh


SCRIPT = """
import hashlib, json, sys
sys.path[:0] = [{root!r}, {here!r}]
import conftest, test_determinism
names = {names!r}
print(json.dumps({{n: test_determinism.digest(conftest.CORPUS[n]) for n in names}}))
"""


def digest(case):
    return hashlib.sha256(repr(everything(case)).encode()).hexdigest()


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_another_process_gives_the_same(corpus, seed):
    names = list(corpus)[:: 1 if seed == "0" else -3]
    script = SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), names=names)
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {name: digest(corpus[name]) for name in names}


def test_what_is_discarded_dies_without_a_collection():
    source = (
        "import jax\n\ndef double(x):\n    return 2.0 * x\n\n"
        "def entry(x):\n    return jax.lax.scan(lambda c, y: (c + y, double(y)), x[0], jax.vmap(double)(x))\n"
    )
    gc.disable()
    try:
        lowered = lowering.extract_source(source, "entry", [lowering.Leaf("x", "float32", (3,))], "<discarded>")
        text = lowered.stablehlo
        assert set(functions_of("<discarded>")) >= {"double", "entry"}
        lowered.traced.discard()
        assert lowered.stablehlo == text
        del lowered
        assert functions_of("<discarded>") == []
    finally:
        gc.enable()


def functions_of(filename):
    functions = [value for value in gc.get_objects() if isinstance(value, FunctionType)]
    return [function.__name__ for function in functions if function.__code__.co_filename == filename]


def test_discarding_does_nothing_to_a_function_of_the_callers():
    lowering.extract(twice, jnp.ones(3)).traced.discard()
    assert twice(1.0) == 2.0


def twice(x):
    return jnp.multiply(x, 2)
