"""Spans by hand: what each line of five programs became."""

import functools
import inspect
import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import lowering
from lowering import Leaf

VECTOR = [Leaf("x", "float32", (3,))]
VALUE = jax.ShapeDtypeStruct((3,), "float32")


def spans(header, body, leaves, filename=None):
    """Source text of each span -> (primitives, operations) on its lines."""
    source = header + body
    lowered = lowering.trace_source(source, "program", leaves, filename).lower()
    texts = source.split("\n"), lowered.traced.jaxpr.split("\n"), lowered.stablehlo.split("\n")
    found = {}
    for entry in lowered.source_map:
        assert entry.line == entry.end_line
        text = texts[0][entry.line - 1][entry.column : entry.end_column]
        primitives = [_primitive(texts[1][i - 1]) for i in entry.jaxpr_lines]
        operations = [_operation(texts[2][i - 1]) for i in entry.stablehlo_lines]
        found[entry.line - header.count("\n"), text] = (
            set(filter(None, primitives)),
            set(filter(None, operations)),
        )
    return found


def _primitive(line):
    match = re.search(r":\w+\[[^]]*\] = (\w+)", line)
    return match and match.group(1)


def _operation(line):
    match = re.match(r' *(?:%\S+ = )?"?(?:func\.)?(stablehlo\.\w+|chlo\.\w+|call @\w+)', line)
    return match and match.group(1)


def test_where_and_var(header):
    body = """\
def program(x):
    y = jnp.where(x > 0, x, 1.0)
    return jnp.var(y - 2.0)
"""
    found = spans(header, body, VECTOR)
    assert set(found) == {
        (2, "jnp.where(x > 0, x, 1.0)"),
        (2, "x > 0"),
        (3, "jnp.var(y - 2.0)"),
        (3, "y - 2.0"),
    }
    assert found[2, "x > 0"] == (
        {"gt"},
        {"stablehlo.constant", "stablehlo.broadcast_in_dim", "stablehlo.compare"},
    )
    assert found[2, "jnp.where(x > 0, x, 1.0)"] == (
        {"jit", "convert_element_type", "broadcast_in_dim", "select_n"},
        {
            "stablehlo.constant",
            "call @_where",
            "stablehlo.convert",
            "stablehlo.broadcast_in_dim",
            "stablehlo.select",
        },
    )
    primitives, operations = found[3, "jnp.var(y - 2.0)"]
    assert {"jit", "reduce_sum", "div", "square", "select_n"} <= primitives
    assert {"call @_var", "call @_where_0", "stablehlo.reduce", "stablehlo.divide"} <= operations
    assert found[3, "y - 2.0"] == (
        {"sub"},
        {"stablehlo.constant", "stablehlo.broadcast_in_dim", "stablehlo.subtract"},
    )


def test_scan_with_a_nested_function(header):
    body = """\
def program(x):
    def step(carry, row):
        new = jnp.tanh(carry * row)
        return new, carry

    return lax.scan(step, x[0], x)
"""
    found = spans(header, body, VECTOR)
    assert set(found) == {
        (3, "carry * row"),
        (3, "jnp.tanh(carry * row)"),
        (6, "lax.scan(step, x[0], x)"),
        (6, "x[0]"),
    }
    assert found[3, "carry * row"] == ({"mul"}, {"stablehlo.multiply"})
    assert found[3, "jnp.tanh(carry * row)"] == ({"tanh"}, {"stablehlo.tanh"})
    primitives, operations = found[6, "lax.scan(step, x[0], x)"]
    assert primitives == {"scan"}
    assert {"stablehlo.while", "stablehlo.dynamic_slice", "stablehlo.dynamic_update_slice"} <= operations
    assert not {"stablehlo.tanh", "stablehlo.multiply"} & operations


def test_helper_called_twice(header):
    body = """\
def double(a):
    return a * 2.0


def program(x):
    y = double(x)
    return double(jnp.sin(y))
"""
    found = spans(header, body, VECTOR)
    assert set(found) == {(2, "a * 2.0"), (7, "jnp.sin(y)")}
    assert found[2, "a * 2.0"] == (
        {"mul"},
        {"stablehlo.constant", "stablehlo.broadcast_in_dim", "stablehlo.multiply"},
    )
    assert found[7, "jnp.sin(y)"] == ({"sin"}, {"stablehlo.sine"})


def test_grad(header):
    body = """\
def loss(w):
    return jnp.sum(jnp.sin(w))


def program(x):
    return jax.grad(loss)(x) + 1.0
"""
    found = spans(header, body, VECTOR)
    assert set(found) == {(2, "jnp.sin(w)"), (2, "jnp.sum(jnp.sin(w))"), (6, "jax.grad(loss)(x) + 1.0")}
    assert found[2, "jnp.sin(w)"] == (
        {"sin", "cos", "mul"},
        {"stablehlo.cosine", "stablehlo.multiply"},
    )
    assert found[6, "jax.grad(loss)(x) + 1.0"][0] == {"add"}


def test_cond(header):
    body = """\
def program(x):
    return lax.cond(
        x[0] > 0,
        lambda a: a - 1.0,
        lambda a: jnp.clip(a, 0, 1),
        x,
    )
"""
    source = header + body
    lowered = lowering.trace_source(source, "program", VECTOR).lower()
    first = header.count("\n")
    shape = {(e.line - first, e.column, e.end_line - first, e.end_column): e for e in lowered.source_map}
    assert list(shape) == [(2, 11, 7, 5), (3, 8, 3, 12), (3, 8, 3, 16), (4, 18, 4, 25), (5, 18, 5, 35)]
    text = lowered.stablehlo.split("\n")
    minus = [_operation(text[line - 1]) for line in shape[4, 18, 4, 25].stablehlo_lines]
    assert minus == ["stablehlo.constant", "stablehlo.broadcast_in_dim", "stablehlo.subtract"]
    clip = {_operation(text[line - 1]) for line in shape[5, 18, 5, 35].stablehlo_lines}
    assert {"call @clip", "stablehlo.maximum", "stablehlo.minimum"} <= clip
    whole = [text[line - 1].strip() for line in shape[2, 11, 7, 5].stablehlo_lines]
    assert sum("stablehlo.case" in line for line in whole) == 1
    assert any(line.startswith("})") for line in whole), "the call's lines reach to the end of its regions"


def test_a_cached_function_belongs_to_every_call(header):
    body = """\
def program(x):
    y = jnp.where(x > 1, x, 5.0)
    return jnp.where(y > 2, y, 6.0)
"""
    found = spans(header, body, VECTOR)
    for call in ((2, "jnp.where(x > 1, x, 5.0)"), (3, "jnp.where(y > 2, y, 6.0)")):
        assert {"call @_where", "stablehlo.select"} <= found[call][1]
        assert {"jit", "select_n"} <= found[call][0]


@pytest.mark.parametrize("call", ["a[jnp.array([0, 1])]", "lax.top_k(a, 2)[0]"])
def test_who_traced_a_reducer_first_does_not_count(header, call):
    """JAX traces the `add` of scatter-adds once in a process, and prints it before the program, on one line."""
    body = f"""\
def first(x):
    return jax.grad(lambda a: {call}.sum())(x)


def program(x):
    return first(x), jax.grad(lambda a: {call}.sum() * 2.0)(x)
"""
    lowering.forget()
    cold = lowering.trace_source(header + body, "program", VECTOR, "<cold>").lower()
    warm = lowering.trace_source(header + body, "program", VECTOR, "<warm>").lower()
    assert cold.source_map == warm.source_map
    assert re.match(r"let jaxpr = .* in\n", cold.traced.jaxpr)
    lines = (header + body).split("\n")
    owners = [entry for entry in cold.source_map if 1 in entry.jaxpr_lines]
    assert [lines[e.line - 1][e.column : e.end_column] for e in owners] == [call.removesuffix("[0]")] * 2


def test_a_trace_thrown_away_claims_nothing(header):
    body = """\
def program(x):
    jax.eval_shape(lambda a: jnp.where(a > 0, a, 1.0), x)
    return jnp.where(x > 1, x, 2.0)
"""
    lowering.forget()
    assert {line for line, _ in spans(header, body, VECTOR)} == {3}


@pytest.mark.parametrize("filename", ['<a "quoted" name>', "C:\\path\\to\\it.py", "имя.py", "<plain>"])
def test_any_file_name_will_do(header, filename):
    found = spans(header, "def program(x):\n    return jnp.sin(x)\n", VECTOR, filename)
    assert found == {(2, "jnp.sin(x)"): ({"sin"}, {"stablehlo.sine"})}


def test_functions_have_spans_in_their_own_file():
    def function(x):
        return jnp.sin(x)

    lowered = lowering.extract(function, jax.ShapeDtypeStruct((3,), "float32"))
    (entry,) = lowered.source_map
    assert entry.line == inspect.getsourcelines(function)[1] + 1
    assert entry.jaxpr_lines
    assert entry.stablehlo_lines


CALLER = """
def entry(x):
    return jnp.sin(x) + 2.0

def caller():
    return lowering.extract(entry, jax.ShapeDtypeStruct((3,), "float32"))
"""


def test_a_caller_in_the_same_file_has_no_span(header):
    names: dict[str, Any] = {"lowering": lowering}
    exec(compile(header + CALLER, "<caller>", "exec"), names)
    lines = [header.count("\n") + 3]
    assert [entry.line for entry in names["caller"]().source_map] == lines * 2


class Scale:
    """Callable, with an attribute as `functools.partial` has one."""

    func = None

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return jnp.sin(x) * self.factor

    def method(self, x, power=2):
        return jnp.sin(x) ** power


CALLABLES = {
    "object": Scale(2.0),
    "method": Scale(2.0).method,
    "partial": functools.partial(Scale(2.0).method, power=3),
    "jitted partial": jax.jit(functools.partial(Scale(2.0).method, power=3)),
    "mapped object": jax.vmap(Scale(2.0)),
    "mapped, jitted partial": jax.vmap(jax.jit(functools.partial(functools.partial(Scale(2.0).method), power=3))),
}


@pytest.mark.parametrize("function", CALLABLES.values(), ids=CALLABLES.keys())
def test_every_kind_of_callable_has_spans(function):
    lowered = lowering.extract(function, VALUE)
    lines = Path(__file__).read_text(encoding="utf-8").split("\n")
    texts = {lines[entry.line - 1][entry.column : entry.end_column] for entry in lowered.source_map}
    assert "jnp.sin(x)" in texts
    mapped = {line for entry in lowered.source_map for line in entry.stablehlo_lines}
    assert {n for n, line in enumerate(lowered.stablehlo.split("\n"), 1) if line.startswith("    %")} <= mapped
