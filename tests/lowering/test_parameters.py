"""Every parameter of every primitive of JAX has its role, and of what has none no size gets into `structure`."""

import json
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend.core import Primitive

import lowering
from lowering import parameters
from lowering.fingerprint import fingerprint
from lowering.parameters import PRIMITIVES, Role, role
from lowering.spans import inner_jaxprs

X = jax.ShapeDtypeStruct((4, 4), "float32")


@pytest.fixture(scope="module")
def bound():
    """What JAX binds its primitives with, by its sources and rules."""
    program = Path(__file__).with_name("bound_parameters.py")
    told = subprocess.run([sys.executable, program], check=True, capture_output=True, text=True, timeout=300)
    return json.loads(told.stdout)


def unknown(bound):
    return [
        f"{primitive}: {parameter}"
        for primitive, names in bound.items()
        for parameter in names or ["(no parameters)"]
        if primitive not in PRIMITIVES or (names and parameter not in PRIMITIVES[primitive])
    ]


def test_every_parameter_of_jax_has_a_role(bound):
    assert sum(map(len, bound.values())) > 450, "the sources of JAX are not read as they were"
    assert {"pad", "scan", "dot_general", "while", "bcoo_todense"} <= bound.keys()
    assert not unknown(bound), f"JAX {jax.__version__} binds these: give them a role in lowering/parameters.py"


@pytest.mark.parametrize("primitive", ["pad", "new_primitive"])
def test_a_new_parameter_is_told_by_name(bound, primitive):
    grown = {**bound, primitive: [*bound.get(primitive, ()), "new_widths"]}
    assert unknown(grown) == [f"{primitive}: new_widths"]


def test_a_new_primitive_without_parameters_is_told_by_name(bound):
    assert unknown({**bound, "new_primitive": []}) == ["new_primitive: (no parameters)"]


def equations(jaxpr):
    for equation in jaxpr.eqns:
        yield equation
        for inner in inner_jaxprs(equation):
            yield from equations(inner)


def test_every_parameter_of_the_corpus_has_a_role(corpus):
    found = {}
    for case in corpus.values():
        for equation in equations(case.trace()._stage.jaxpr.jaxpr):
            found.setdefault(equation.primitive.name, set()).update(equation.params)
    assert len(found) > 50
    assert not unknown(found)


def test_no_primitive_and_no_parameter_stands_twice():
    lines = [*parameters._BARE.split(), *(name for line in parameters._TABLE for name in line.split())]
    assert not [name for name, count in Counter(lines).items() if count > 1]
    for line, roles in parameters._TABLE.items():
        names = " ".join(roles).split()
        assert names, f"{line}: a primitive without parameters is bare"
        assert len(names) == len(set(names)), line


def test_every_option_has_a_default():
    options = {name for names in PRIMITIVES.values() for name, is_a in names.items() if is_a is Role.OPTION}
    assert options == parameters.DEFAULTS.keys()


# --- what is not known ---


def ours(**params):
    """A program of one equation, of a primitive that nobody knows."""
    primitive = Primitive("ours")
    primitive.def_abstract_eval(lambda x, **_: x)
    return fingerprint(jax.make_jaxpr(lambda x: primitive.bind(x, **params))(X))


def inner(function):
    return jax.make_jaxpr(function)(X)


HIDDEN = {
    "integer": (3, 5),
    "NumPy's integer": (np.int64(3), np.int64(5)),
    "tuple": ((3, 4), (5, 6)),
    "tuples": (((1, 1), (0, 2)), ((2, 2), (1, 3))),
    "longer tuple": ((3, 4), (5, 6, 7)),
    "real number": (0.5, 0.25),
    "text": ("f32[3]", "f32[5]"),
    "aval": (X, jax.ShapeDtypeStruct((5,), "float32")),
    "tuple of avals": ((X,), (jax.ShapeDtypeStruct((5,), "float32"),)),
    "dictionary": ({"rows": 3}, {"rows": 5}),
    "integer beside an inner program": ((inner(jnp.sin), 3), (inner(jnp.sin), 5)),
}


@pytest.mark.parametrize("values", HIDDEN.values(), ids=HIDDEN.keys())
def test_sizes_of_an_unknown_parameter_are_not_structure(values):
    one, other = (ours(unheard_of=value) for value in values)
    assert one.id != other.id
    assert one.structure == other.structure


COUNTED = {
    "inner program": (inner(jnp.sin), inner(jnp.cos)),
    "inner programs": ((inner(jnp.sin), None), (inner(jnp.cos), None)),
    "switch": (True, False),
    "mode": (lax.GatherScatterMode.CLIP, lax.GatherScatterMode.FILL_OR_DROP),
    "nothing": (None, True),
}


@pytest.mark.parametrize("values", COUNTED.values(), ids=COUNTED.keys())
def test_what_can_hold_no_size_is_structure(values):
    one, other = (ours(unheard_of=value) for value in values)
    assert one.id != other.id
    assert one.structure != other.structure


def test_resized_inner_programs_of_an_unknown_parameter_are_one_structure():
    small, large = (jax.make_jaxpr(jnp.sin)(jax.ShapeDtypeStruct((n,), "float32")) for n in (3, 5))
    assert ours(unheard_of=small).structure == ours(unheard_of=large).structure


def test_names_of_functions_do_not_count_where_the_primitive_is_unknown():
    assert ours(name="one", debug_info="one") == ours(name="other", debug_info="other")


def test_an_unknown_parameter_of_a_known_primitive_is_mixed():
    assert role("pad", "padding_config") is Role.SIZE
    assert role("pad", "unheard_of") is Role.MIXED
    assert role("pad", "name") is Role.MIXED


# --- roles that are rare ---


def test_whether_an_option_is_given_is_structure_not_what_it_is():
    def decomposed(subset):
        traced = lowering.trace(lambda x: jnp.linalg.svd(x, full_matrices=False, subset_by_index=subset)[1], X)
        return traced.structure

    plain, two, three = map(decomposed, (None, (0, 2), (0, 3)))
    assert two == three != plain


def test_what_a_composite_is_given_shows_no_size():
    def scaled(x, *, rows):
        return lax.composite(lambda y, rows: y * 2, "ours.scaled")(x, rows=rows)

    three, four = (lowering.trace(partial(scaled, rows=rows), X) for rows in (3, 4))
    assert three.id != four.id
    assert three.structure == four.structure


def test_a_sparse_matrix_shows_no_size():
    from jax.experimental import sparse

    def dense(x, rows):
        return sparse.BCOO((x[0], jnp.zeros((4, 2), "int32")), shape=(rows, rows)).todense()

    four, nine = (lowering.trace(partial(dense, rows=rows), X) for rows in (4, 9))
    assert four.id != nine.id
    assert four.structure == nine.structure
