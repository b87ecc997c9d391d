"""Mistakes of a grammar's author are named with file and line before any run."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import libcst as cst
import pytest

from grammar import profile
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.index import Tables
from grammar.errors import GrammarError
from grammar.proof import interpret
from grammar.rules.families import elementwise, pattern
from grammar.rules.notation import (
    Array,
    Float,
    Index,
    Int,
    Like,
    Positive,
    Productions,
    Static,
    Triangular,
    Unit,
    either,
)
from grammar.rules.production import refined
from grammar.text import printer
from grammar.values.statics import among, bound, dtype

PLACE = re.compile(r"test_notation\.py:\d+: ")


def declare_and_check(declare):
    """Declares productions and proves each of them."""
    production = Productions()
    declare(production)
    tables = Tables(list(production.values()), profile.load("default"))
    for made in production.values():
        _ = made.template
        for each in (made, *refined(made)):
            block = Derivation(tables, Seeded(0, 0)).alone(each)
            interpret.verify(block)
            interpret.verify_values(block)


def refused(declare):
    """The message of the GrammarError that a declaration (and the checks before a run) ends in."""
    with pytest.raises(GrammarError) as caught:
        declare_and_check(declare)
    message = str(caught.value)
    assert PLACE.search(message), message
    assert "\n" not in message
    return message


def test_refinement_that_does_not_hold():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s", Positive]:
            return jnp.sin(x)

    assert "to be positive, but a value of it is not" in refused(declare)


def _annotations():
    """Signatures that cannot be meant, and what is said of each."""
    floats = Float[Array, "*a n"]
    yield {"x": floats, "k": Static[int, "q"], "return": floats}, "asks for dimension 'q'"
    yield {"x": floats, "k": Static[int, bound("q")], "return": floats}, "what a relation binds"
    yield {"x": floats, "k": Static[int, dtype("Int")], "return": floats}, "the dtype of 'Int'"
    yield {"x": floats, "k": Static[int, among()], "return": floats}, "among no values"
    yield {"x": floats, "k": Int[Array, "n", Index("q")], "return": floats}, "Index asks for dimension 'q'"
    yield {"x": floats, "k": floats, "return": Float[Array, "*a n", Like("y")]}, "that of 'y', which is no operand"
    yield {"x": floats, "k": floats}, "the result has no pattern"


@pytest.mark.parametrize(("signature", "said"), _annotations())
def test_what_a_signature_asks_for_is_there(signature, said):
    def declare(production: Productions):
        @production(signature=signature)
        def broken(x, k):
            return x * k

    assert said in refused(declare)


def test_what_is_no_refinement():
    with pytest.raises(GrammarError, match=r"test_notation\.py:\d+: 'positive' is no refinement"):
        Float[Array, "*s", "positive"]


@pytest.mark.parametrize(
    "rule", [{"magnitude": lambda x: x / 0}, {"relation": lambda binding, choices: binding.sizes["q"]}]
)
def test_rules_that_fail(rule):
    def declare(production: Productions):
        @production(**rule)
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert f"its {next(iter(rule))} fails on" in refused(declare)


def test_relation_that_returns_no_binding():
    def declare(production: Productions):
        @production(relation=lambda binding, choices: True)  # pyright: ignore[reportArgumentType]
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert "its relation returns True; return a binding" in refused(declare)


@pytest.mark.parametrize("weight", ["much", float("inf"), float("nan")])
def test_weight_that_is_no_number(weight):
    def declare(production: Productions):
        @production(weight=weight)
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert "is not a number of at least 0" in refused(declare)


def test_operand_that_the_body_does_not_use():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert "'y' does not stand in its body" in refused(declare)


def test_statement_that_assigns_nothing():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            print(x)
            return jnp.sin(x)

    assert "assigns nothing" in refused(declare)


def test_syntax_that_no_program_has():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return (y := jnp.sin(x)) + y

    assert "a NamedExpr is nothing that programs are written with" in refused(declare)


BODIES = {
    "if x.ndim:\n  return x * 2\nreturn x": "returns before its end",
    "for _ in range(2):\n  return x\nreturn x": "returns before its end",
    "for i in range(1000):\n  x = x + i\nreturn x": "runs 1000 times",
    "return sum([x * i for i in range(9)])": "runs 9 times",
    "for i in range(2):\n  x = x * i\nelse:\n  x = x + 1\nreturn x": "has an `else`",
    "a = x * 2\nb = x * 3\nreturn a": "nothing uses 'b'",
    "a, b = x * 2, x * 3\nreturn a": "nothing uses 'b'",
    "a = x * 2\na = x * 3\nreturn a": "assigns 'a' before the value that it has is used",
    "_ = x * 2\nreturn x": "assigns nothing",
    "_ = x * 2\nreturn _": "reads '_'",
    "def f(a):\n  return a\nreturn x * 2": "nothing uses 'f'",
    "def f(a, b):\n  return a\nreturn f(x, x)": "'b' is a parameter that nothing uses",
    "def f(a, *, b=2):\n  return a * b\nreturn f(x, b=3)": "parameters that are not plain",
    "return (lambda a, b=2: a * b)(x)": "parameters that are not plain",
    "f = lambda a: a * 2\nreturn f(x)": "assigns a lambda to a name",
    "return sum([x for x in [x, x]])": "binds 'x', which is a parameter",
    "return sum([x for i in range(3)])": "'i' runs over values that nothing uses",
    "y: float\ny = x * 2\nreturn y": "assigns 'y' before",
    "pass\nreturn x": "does nothing",
    "x //= 2\nreturn x": "a FloorDivideAssign is nothing",
    "y = x * 2; z = y + 1\nreturn z": "two statements of it stand on one line",
    'return x * len("""a\nb""")': "has several lines",
    "return x + len([" + "1, " * 65 + "])": "writes out 65 values",
    '"""Doubles it."""': "must end with `return`",
    "return either(x)": "two spellings or more",
    "return either(*[x, x])": "two spellings or more",
    "return either(x, x, weight=(1, 2))": "no keyword but weights",
    "return either(x, x, weights=(1,))": "are not 2 numbers",
    "return either(x, x, weights=(0, 0))": "are not 2 numbers",
    "return either(x, x, weights=(-1, 2))": "are not 2 numbers",
    "return either(x, jnp.sum(x) + x.sum(-1))": "does not trace",
    "return either(x * 2, x > 0)": "JAX computes bool",
    "return (x * 2,)": "returns a tuple",
    "return jnp.minimum(x, LARGE)": "inf cannot be written out",
    "return x * SCALAR": "cannot be written out",
}


def broken(tmp_path, head, body):
    """What is said of a production in a file of its own."""
    lines = ["    " + line for line in body.splitlines()]
    text = [
        "import jax",
        "import jax.numpy as jnp",
        "import numpy as np",
        "from grammar.rules.notation import *",
        "from grammar.values.statics import *",
    ]
    text += ["LARGE, SCALAR = float('inf'), np.float32(2)", head, *lines]
    path = tmp_path / "test_notation.py"
    path.write_text("\n".join(text) + "\n")
    return refused(lambda production: exec(compile(path.read_text(), str(path), "exec"), {"production": production}))


@pytest.mark.parametrize("body", BODIES)
def test_bodies_that_would_be_written_otherwise_than_they_run(body, tmp_path):
    head = '@production()\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:'
    assert BODIES[body] in broken(tmp_path, head, body)


HEADS = {
    '@production\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:': "write @production()",
    '@production()\n@jax.jit\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:': "no plain function",
    '@production()\ndef broken(x: Float[Array, "*s"], /) -> Float[Array, "*s"]:': "positional parameters",
    '@production()\ndef broken(x: Float[Array, "*s"] = 1) -> Float[Array, "*s"]:': "default values",
    '@production()\ndef broken(x: Float["*s"]) -> Float[Array, "*s"]:': "Float[...] takes Array",
    '@production()\ndef broken(x: Float[Array, 3]) -> Float[Array, "3"]:': "Float[...] takes Array",
    '@production()\ndef broken(x: Int[Array, "*s", Index("n-1")]) -> Int[Array, "*s"]:': "'n-1' is no dimension",
    '@production()\ndef broken(x: Float[Array, "*s", Index("3")]) -> Float[Array, "*s"]:': "cannot be index",
    '@production()\ndef broken(x: Float[Array, "m n", SPD]) -> Float[Array, "m n"]:': "cannot be spd",
    '@production()\ndef broken(x: Bool[Array, "*s", Positive]) -> Bool[Array, "*s"]:': "cannot be positive",
    '@production()\ndef broken(x: Float[Array, "*s", Like("x")]) -> Float[Array, "*s"]:': "a refinement of results",
    '@production()\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*#s"]:': "which only operands do",
    '@production()\ndef broken(x: Tree[Any, "C"]) -> Tree[Any, "C"]:': 'starts with "~"',
    '@production()\ndef broken(x: Body[Any, "*s -> *s", "hlper"]) -> Float[Array, "*s"]:': "no mark of a body",
    '@production()\ndef broken(x: Static[int, between(5, 2)]) -> Float[Array, ""]:': "between 5 and 2",
    '@production()\ndef broken(x: Static[int, among(float("inf"))]) -> Float[Array, ""]:': "cannot be written out",
    '@production()\ndef broken(x: Static[int, among(jnp.sin)]) -> Float[Array, ""]:': "cannot be written out",
    '@production()\ndef broken(k: Static[int, new_size("n")], x: Static[int, "n"]) -> Float[Array, "n"]:': "no operand",
    '@production(names="sum")\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:': "cannot name a variable",
    '@production(name="my name")\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:': "no identifier",
    '@production(magnitude=3.0)\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:': "no Python function",
    '@production(magnitude=max)\ndef broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:': "no Python function",
    '@production(relation=lambda b, c: b)\ndef broken(x: Static[int, bound("k")]) -> Float[Array, ""]:': "binds no",
}


@pytest.mark.parametrize("head", HEADS)
def test_declarations_that_cannot_be_meant(head, tmp_path):
    assert HEADS[head] in broken(tmp_path, head, "return x")


def test_family_of_what_is_no_function():
    assert "3 is no function with a name" in refused(lambda production: elementwise(production, 3))  # pyright: ignore[reportArgumentType]


def test_refinement_that_is_not_kept():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s", Like("x")]:
            return jnp.negative(x)

    assert "to be positive, but a value of it is not" in refused(declare)


def test_strings_and_numbers_are_written_as_black_writes_them():
    from grammar.text.expression import literal

    assert [printer.text(literal(text).node) for text in ('a"b', "it's")] == ["'a\"b'", '"it\'s"']
    assert printer.text(cst.parse_expression("f('a', 1E5, 0XaB)")) == 'f("a", 1e5, 0xAB)'


def test_value_that_cannot_be_written():
    import random

    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return x * random.random()

    assert "cannot be written out" in refused(declare)


def test_function_of_another_kind():
    def declare(production: Productions):
        @production()
        def broken(*x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return x[0]

    assert "no plain function" in refused(declare)


def test_unknown_dimension_in_a_result():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "m n"]) -> Float[Array, "m k"]:
            return x

    assert "'k' appears in no operand" in refused(declare)


def test_hole_that_is_not_in_the_signature():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x) + offset  # pyright: ignore[reportUndefinedVariable]

    assert "hole 'offset' is not in the signature" in refused(declare)


def test_body_that_does_not_trace():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.tahn(x)  # pyright: ignore[reportAttributeAccessIssue]

    assert "does not trace" in refused(declare)


def test_the_reason_for_what_does_not_trace_is_told_to_its_end():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "n"]) -> Float[Array, ""]:
            return jax.lax.scan(lambda carry, item: (x + carry, item), jnp.sum(x), x)[0]

    message = refused(declare)
    assert "so the shapes do not match" in message
    assert "JAX has removed" not in message


def test_declared_type_that_disagrees_with_jax():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b"]:
            return jnp.sum(x, axis=axis)

    assert "JAX computes" in refused(declare)


def test_duplicate_name():
    def declare(production: Productions):
        for _ in range(2):

            @production()
            def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
                return jnp.sin(x)

    assert "the name is taken by" in refused(declare)


def test_negative_weight():
    def declare(production: Productions):
        @production(weight=-1)
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert "weight -1" in refused(declare)


def test_parameter_without_pattern():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"], y) -> Float[Array, "*s"]:
            return x + y

    assert "'y' has no pattern" in refused(declare)


def test_malformed_dimension():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "n-1"]) -> Float[Array, "n"]:
            return x

    with pytest.raises(GrammarError, match=r"test_notation\.py:\d+: 'n-1' is no dimension"):
        declare(Productions())


def test_body_without_return():
    def declare(production: Productions):
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:  # pyright: ignore[reportReturnType]
            jnp.sin(x)

    assert "must end with `return`" in refused(declare)


def test_refined_operand_that_nothing_can_be():
    production = Productions()

    @production()
    def lonely(x: Float[Array, "n n", Triangular]) -> Float[Array, "n n"]:
        return x

    @production()
    def add(x: Float[Array, "*#s"], y: Float[Array, "*#s"]) -> Float[Array, "*s"]:
        return x + y

    @production()
    def mean(x: Float[Array, "*s"]) -> Float[Array, ""]:
        return jnp.mean(x)

    @production()
    def tanh(x: Float[Array, "*s"]) -> Float[Array, "*s", Unit]:
        return jnp.tanh(x)

    tables = Tables(list(production.values()), profile.load("default"))
    with pytest.raises(GrammarError, match="nothing can reach it"):
        tables.check()


def test_spellings_are_all_written():
    production = Productions()

    @production()
    def total(x: Float[Array, "*s", Positive]) -> Float[Array, ""]:
        return either(jnp.sum(x), x.sum(), weights=(3, 1))

    template = production["total"].template
    from grammar.text.expression import name
    from grammar.text.printer import text

    written = {text(template.result({"x": name("values")}, lambda cumulative, at=at: at).node) for at in range(2)}
    assert written == {"jnp.sum(values)", "values.sum()"}


def test_each_member_of_a_family_is_written_as_itself():
    production = Productions()

    def declare(function):
        @production(name=function.__name__)
        def _(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return function(x)

    declare(jnp.sin)
    declare(jnp.cos)
    assert float(production["sin"].function(0.0)) == 0.0
    assert float(production["cos"].function(0.0)) == 1.0


def test_a_loop_that_would_make_all_members_the_last_one():
    def declare(production: Productions):
        for function in (jnp.sin, jnp.cos):

            @production(name=function.__name__)
            def _(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
                return function(x)  # noqa: B023

    assert "captures the variables of 'sin' in a loop" in refused(declare)


def test_a_loop_at_the_level_of_a_module_is_refused(tmp_path):
    """Its variable is a global there, which the template of every member would read at the end of the loop."""
    path = tmp_path / "loops.py"
    lines = ["for f in (jnp.sin, jnp.cos):", "", "    @production(name=f.__name__)", "    def _(x: Floats) -> Floats:"]
    path.write_text("\n".join([*lines, "        return f(x)", ""]))
    space = {"production": Productions(), "jnp": jnp, "Floats": Float[Array, "*s"]}
    with pytest.raises(GrammarError, match="captures the variables of 'sin' in a loop"):
        exec(compile(path.read_text(), str(path), "exec"), space)


def test_a_family_stands_where_it_is_called(tmp_path):
    path = tmp_path / "families.py"
    path.write_text("production = Productions()\n\n\ndef mine():\n    elementwise(production, jnp.sin)\n\n\nmine()\n")
    space: dict[str, Any] = {"Productions": Productions, "elementwise": elementwise, "jnp": jnp}
    exec(compile(path.read_text(), str(path), "exec"), space)
    assert space["production"]["sin"].where == f"{path}:8"


def test_a_pattern_that_is_none_is_refused():
    assert "is no pattern of arrays" in refused(lambda production: elementwise(production, jnp.sin, operand=pattern(3)))
