"""Mistakes of a grammar's author are named with file and line before any run."""

import re

import jax.numpy as jnp
import pytest

from grammar import interpret, profile
from grammar.choices import Seeded
from grammar.derive import Derivation
from grammar.errors import GrammarError
from grammar.notation import (
    Array,
    Float,
    Index,
    Int,
    Like,
    Positive,
    Static,
    Triangular,
    Unit,
    either,
    production,
    separate,
)
from grammar.statics import among, bound, dtype
from grammar.tables import Tables

PLACE = re.compile(r"test_notation\.py:\d+: production '\w+': ")


def declare_and_check(declare):
    """Declares productions in a registry of their own and proves each of them."""
    with separate() as registry:
        declare()
        tables = Tables(list(registry.values()), profile.load("default"))
        for made in registry.values():
            _ = made.template
            block = Derivation(tables, Seeded(0, 0)).alone(made)
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
    def declare():
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
    def declare():
        @production(signature=signature)
        def broken(x, k):
            return x * k

    assert said in refused(declare)


def test_what_is_no_refinement():
    with pytest.raises(GrammarError, match=r"test_notation\.py:\d+: 'positive' is no refinement"):
        Float[Array, "*s", "positive"]


@pytest.mark.parametrize("rule", [{"magnitude": lambda x: x / 0}, {"relation": lambda binding, choices: binding["q"]}])
def test_rules_that_fail(rule):
    def declare():
        @production(**rule)
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert f"its {next(iter(rule))} fails on" in refused(declare)


@pytest.mark.parametrize("weight", ["much", float("inf"), float("nan")])
def test_weight_that_is_no_number(weight):
    def declare():
        @production(weight=weight)
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert "is not a number of at least 0" in refused(declare)


def test_operand_that_the_body_does_not_use():
    def declare():
        @production()
        def broken(x: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert "'y' does not stand in its body" in refused(declare)


def test_statement_that_assigns_nothing():
    def declare():
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            print(x)
            return jnp.sin(x)

    assert "assigns nothing" in refused(declare)


def test_syntax_that_no_program_has():
    def declare():
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return (y := jnp.sin(x)) + y

    assert "a NamedExpr is nothing that programs are written with" in refused(declare)


def test_value_that_cannot_be_written():
    import random

    def declare():
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return x * random.random()

    assert "cannot be written out" in refused(declare)


def test_function_of_another_kind():
    def declare():
        @production()
        def broken(*x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return x[0]

    assert "no plain function" in refused(declare)


def test_unknown_dimension_in_a_result():
    def declare():
        @production()
        def broken(x: Float[Array, "m n"]) -> Float[Array, "m k"]:
            return x

    assert "'k' appears in no operand" in refused(declare)


def test_hole_that_is_not_in_the_signature():
    def declare():
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x) + offset

    assert "hole 'offset' is not in the signature" in refused(declare)


def test_body_that_does_not_trace():
    def declare():
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.tahn(x)

    assert "does not trace" in refused(declare)


def test_declared_type_that_disagrees_with_jax():
    def declare():
        @production()
        def broken(x: Float[Array, "*a n *b"], axis: Static[int, "n"]) -> Float[Array, "*a n *b"]:
            return jnp.sum(x, axis=axis)

    assert "JAX computes" in refused(declare)


def test_duplicate_name():
    def declare():
        for _ in range(2):

            @production()
            def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
                return jnp.sin(x)

    assert "the name is taken by" in refused(declare)


def test_negative_weight():
    def declare():
        @production(weight=-1)
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            return jnp.sin(x)

    assert "weight -1" in refused(declare)


def test_parameter_without_pattern():
    def declare():
        @production()
        def broken(x: Float[Array, "*s"], y) -> Float[Array, "*s"]:
            return x + y

    assert "'y' has no pattern" in refused(declare)


def test_malformed_dimension():
    def declare():
        @production()
        def broken(x: Float[Array, "n-1"]) -> Float[Array, "n"]:
            return x

    with pytest.raises(GrammarError, match=r"test_notation\.py:\d+: 'n-1' is no dimension"):
        declare()


def test_body_without_return():
    def declare():
        @production()
        def broken(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
            jnp.sin(x)

    assert "must end with `return`" in refused(declare)


def test_refined_operand_that_nothing_can_be():
    with separate() as registry:

        @production()
        def lonely(x: Float[Array, "*s", Triangular]) -> Float[Array, "*s"]:
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

    tables = Tables(list(registry.values()), profile.load("default"))
    with pytest.raises(GrammarError, match="nothing can reach it"):
        tables.check()


def test_spellings_are_all_written():
    with separate() as registry:

        @production()
        def total(x: Float[Array, "*s", Positive]) -> Float[Array, ""]:
            return either(jnp.sum(x), x.sum(), weights=(3, 1))

    template = registry["total"].template
    from grammar.render import text
    from grammar.template import name

    written = {text(template.result({"x": name("values")}, lambda cumulative, at=at: at).node) for at in range(2)}
    assert written == {"jnp.sum(values)", "values.sum()"}


def test_each_member_of_a_family_is_written_as_itself():
    with separate() as registry:
        for function in (jnp.sin, jnp.cos):

            @production(name=function.__name__)
            def _(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
                return function(x)  # noqa: B023

    assert registry["sin"].function is not registry["cos"].function
    assert float(registry["sin"].function(0.0)) == 0.0
    assert float(registry["cos"].function(0.0)) == 1.0
