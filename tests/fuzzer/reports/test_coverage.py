"""What programs have beside real code: every spelling counts, and features mean what the counts mean."""

from __future__ import annotations

import ast
import re

import jax
import pytest

import grammar
from fuzzer.reports import coverage as module
from fuzzer.reports.coverage import FEATURES, SourceModule, coverage, features, spellings

PRODUCTIONS = {production.name: production for production in grammar.load("default").tables.productions}


def returned(name: str) -> set[str]:
    return {source.rsplit("return ", 1)[1].strip() for source in spellings(PRODUCTIONS[name].template)}


def test_every_spelling_is_written_once() -> None:
    assert returned("reduce_mean_all") >= {"jnp.mean(x)", "x.mean()"}
    for name in ("neighbour_mean", "as_matrix", "tree_gradient_step", "quadratic_form"):
        template = PRODUCTIONS[name].template
        sources = list(spellings(template))
        assert len(sources) == len(set(sources)) >= template.spellings > 1


def test_choices_within_choices_are_all_made() -> None:
    made = []
    ahead: list[tuple[int, ...]] = [()]
    while ahead:
        pick = module._Choices(ahead.pop())
        first = pick((1.0, 2.0))
        made.append((first, pick((1.0, 2.0, 3.0)) if first else None, pick((1.0, 2.0))))
        ahead += pick.others()
    expected = {(0, None, last) for last in (0, 1)} | {(1, middle, last) for middle in (0, 1, 2) for last in (0, 1)}
    assert len(made) == len(expected)
    assert set(made) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import jax\njax.numpy.sum", "jax.numpy.sum"),
        ("import jax.numpy as jnp\njnp.linalg.norm", "jax.numpy.linalg.norm"),
        ("from jax import lax\nlax.scan", "jax.lax.scan"),
        ("from jax.scipy.special import expit\nexpit", "jax.scipy.special.expit"),
        ("import jax.numpy as jnp\njnp.ones(3).sum", ""),
        ("import jax.numpy as jnp\nx.at", ""),
    ],
)
def test_full_names(source: str, expected: str) -> None:
    made = SourceModule(source)
    (node,) = (statement.value for statement in made.tree.body if isinstance(statement, ast.Expr))
    assert made.dotted(node) == expected


SHOWN = {
    "with": "with f():\n        pass",
    "walrus": "(y := 1)",
    "returns dict": 'return {"a": 1}',
    "returns tuple": "return 1, 2",
    "tuple unpacking": "a, b = c",
    "nested def": "def g():\n        pass",
    "keyword-only args": None,
    "default args": None,
    "annotated args": None,
    "return annotation": None,
    "docstring": '"""Says it."""',
    "annotated assignment": "y: int = 1",
    "conditional expression": "1 if a else 2",
    "comprehension": "{i for i in a}",
}


@pytest.mark.parametrize("feature", SHOWN)
def test_features(feature: str) -> None:
    source = f"def f():\n    {SHOWN[feature] or 'pass'}\n"
    head = {
        "keyword-only args": "def f(*, k):",
        "default args": "def f(a=1):",
        "annotated args": "def f(a: int):",
        "return annotation": "def f() -> int:",
    }
    (function,) = SourceModule(source.replace("def f():", head.get(feature, "def f():"))).tree.body
    assert isinstance(function, ast.FunctionDef)
    assert feature in features(function)
    assert feature not in features(SourceModule("def f():\n    pass").functions()[0])


def test_the_report() -> None:
    text = coverage("default", 3, 25)
    assert text == coverage("default", 3, 25)
    shares = dict(re.findall(r"^\| ([^|]+) \| [\d,]+ \| [\d,]+ \| ([\d.]+)% \|$", text, re.MULTILINE))
    for what, least, written in (("functions of JAX", 96, 15), ("methods and attributes of arrays", 97, 40)):
        assert float(shares[f"{what} that can be written, by uses"]) > least
        assert written < float(shares[f"{what}, in the programs drawn, by uses"]) < least
    assert 30 < float(shares["primitives, in the programs drawn"]) < 90
    assert 10 < float(shares["productions, in the programs drawn"]) < 60
    assert "`jax.pmap` 215 (needs several devices)" in text
    assert all(f"| {feature} |" in text for feature in FEATURES)


def test_what_is_said_of_jax_is_so() -> None:
    """Names that are counted exist, or existed once; reasons are given for names that are counted."""
    counted = {row["api"]: row["kind"] for row in module._read("api")}
    gone = [name for name, kind in counted.items() if kind in module.KINDS and not exists(name)]
    assert len(gone) < len(counted) / 20, gone
    assert {row["api"] for row in module._read("out_of_reach")} <= counted.keys()


def exists(name: str) -> bool:
    value = jax
    for part in name.split(".")[1:]:
        value = getattr(value, part, None)
    return value is not None
