"""Arguments come back from `inputs`: the same pytrees, weak types and dtypes, and so the same program."""

from __future__ import annotations

import dataclasses
import enum
import zlib
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lowering
from lowering import Leaf, arguments, check_arguments

VECTOR = jax.ShapeDtypeStruct((3,), "float32")


class EmptyState(NamedTuple):
    pass


class ScaleState(NamedTuple):
    count: Any
    moments: Any = None


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Layer:
    weights: Any
    bias: Any = None
    width: Any = dataclasses.field(default=1, metadata={"static": True})
    kind: Any = dataclasses.field(default="relu", metadata={"static": True})


class Outer:
    class Inner(NamedTuple):
        x: Any


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Annotated:
    state: ScaleState
    rest: list[Layer] | None
    table: dict[int, EmptyState]
    steps: int = dataclasses.field(metadata={"static": True})


def program(*args: Any, **kwargs: Any) -> Any:
    """A program for every structure, dtype and weak type of its arguments."""
    structure = zlib.crc32(repr(jax.tree.structure((args, kwargs))).encode())
    return jax.tree.leaves((args, kwargs)), jnp.uint32(structure) + jnp.uint32(1)


def stored(leaves: list[Leaf]) -> list[Leaf]:
    """The leaves as a row of Parquet gives them back."""
    rows: list[dict[str, Any]] = [
        {"path": leaf.path, "dtype": leaf.dtype, "shape": list(leaf.shape)} for leaf in leaves
    ]
    return [Leaf(row["path"], row["dtype"], tuple(row["shape"])) for row in rows]


def assert_comes_back(function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Leaf]:
    traced = lowering.trace(function, *args, **kwargs)
    again_args, again_kwargs = check_arguments(function, stored(traced.inputs))
    again = lowering.trace(function, *again_args, **again_kwargs)
    assert (again.id, again.jaxpr, again.inputs) == (traced.id, traced.jaxpr, traced.inputs)
    return traced.inputs


DTYPES = [
    *("bool", "int8", "int32", "uint16", "float32", "float16", "complex64", "bfloat16", "int4", "uint4", "int2"),
    *("float8_e4m3fn", "float8_e5m2", "float4_e2m1fn", "float8_e8m0fnu"),
]


def struct(dtype: str, shape: tuple[int, ...], weak: bool) -> Any:
    return jax.ShapeDtypeStruct(shape, jnp.dtype(dtype), weak_type=weak and dtype in ("int32", "float32", "complex64"))


shapes = st.lists(st.integers(0, 3), max_size=2).map(tuple)
numbers = st.one_of(st.booleans(), st.integers(-9, 9), st.floats(-1, 1), st.complex_numbers(max_magnitude=1))
arrays = st.one_of(
    numbers,
    numbers.map(np.asarray),
    st.builds(struct, st.sampled_from(DTYPES), shapes, st.booleans()),
    st.sampled_from(["threefry2x32", "rbg", "unsafe_rbg"]).map(lambda name: jax.random.key(0, impl=name)),
    shapes.map(lambda shape: np.zeros(shape, jax.dtypes.float0)),
    st.sampled_from([np.float32(1), jax.ShapeDtypeStruct((2**40,), "int8"), jnp.ones((), ml_dtypes.bfloat16)]),
)
texts = st.one_of(st.text(max_size=3), st.sampled_from(["]['", '"]', "a b", "µ", "\\", "\n", "]", "[0]", "é\ud800"]))
keys = [st.integers(-2, 3), texts, st.booleans(), st.none(), st.binary(max_size=2)]
keys += [st.floats(-1, 1), st.tuples(st.integers(0, 2), texts), st.one_of(st.integers(-1, 2), st.sampled_from([0.5]))]
literals = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts)
statics = st.one_of(literals, st.tuples(literals, st.tuples(literals)), st.binary(max_size=2), st.just(1j))


def containers(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.one_of(parts, st.none())
    mappings = [st.dictionaries(kind, parts, max_size=3) for kind in keys]
    return st.one_of(
        st.lists(parts, max_size=3),
        st.lists(parts, max_size=3).map(tuple),
        *mappings,
        *(mapping.map(OrderedDict) for mapping in mappings[:3]),
        st.builds(ScaleState, fields, fields),
        st.builds(Layer, fields, fields, statics, statics),
        st.builds(Outer.Inner, fields),
    )


empties = st.sampled_from([None, (), [], {}, OrderedDict(), EmptyState(), ScaleState(None), Layer(None)])
trees = st.recursive(st.one_of(arrays, empties), containers, max_leaves=6)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(trees, max_size=2), st.dictionaries(st.sampled_from(["a", "state", "μ", "µ", "é"]), trees, max_size=2))
def test_any_pytree_comes_back(args: list[Any], kwargs: dict[str, Any]) -> None:
    assert_comes_back(program, *args, **kwargs)


def typed(first: Annotated, *rest: Layer, last: tuple[ScaleState, ...] = (), **more: Layer) -> Any:
    return program(first, *rest, last=last, **more)


@st.composite
def typed_calls(draw: st.DrawFn) -> tuple[list[Any], dict[str, Any]]:
    layers = st.builds(Layer, arrays, st.none() | arrays, statics)
    states = st.builds(ScaleState, arrays, arrays)
    rest = draw(st.lists(layers, max_size=2) | st.none())
    table = draw(st.dictionaries(st.integers(0, 2), st.just(EmptyState()), max_size=2))
    first = Annotated(draw(states), rest, table, draw(st.integers(0, 3)))
    return [first, *draw(st.lists(layers, max_size=2))], {
        "last": tuple(draw(st.lists(states, max_size=2))),
        **draw(st.dictionaries(st.just("more"), layers)),
    }


@settings(max_examples=60, deadline=None, derandomize=True)
@given(typed_calls())
def test_annotated_pytrees_come_back(call: tuple[list[Any], dict[str, Any]]) -> None:
    inputs = assert_comes_back(typed, *call[0], **call[1])
    named = {leaf.path for leaf in inputs if leaf.dtype.startswith(f"{__name__}:")}
    assert not named & {"first", "first.state", "first.rest[0]", "rest[0]", "last[0]", "more"}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.permutations("abcd"), st.integers(0, 4))
def test_the_order_of_a_call_comes_back(order: list[str], by_position: int) -> None:
    scope: dict[str, Any] = {"program": program}
    exec(f"def function({', '.join(order)}):\n    return program({', '.join(order)})", scope)
    values = [jax.ShapeDtypeStruct((size,), "float32") for size in range(4)]
    by_keyword = dict(zip(order[by_position:], values[by_position:], strict=True))
    assert_comes_back(scope["function"], *values[:by_position], **by_keyword)


SAID: dict[str, tuple[tuple[Any, ...], list[tuple[str, str]]]] = {
    "a number": ((1.0,), [("x", "~float32")]),
    "a strong number": ((np.float32(1),), [("x", "float32")]),
    "no tangent": ((np.zeros((), jax.dtypes.float0),), [("x", "float0")]),
    "none": ((None,), [("x", "None")]),
    "none inside": (((1.0, None),), [("x[0]", "~float32"), ("x[1]", "None")]),
    "empty": (([{}, ()],), [("x", "list"), ("x[0]", "dict"), ("x[1]", "tuple")]),
    "keys like indices": (({0: 1.0, 1: 2.0},), [("x", "dict"), ("x[0]", "~float32"), ("x[1]", "~float32")]),
    "optax": (
        ((ScaleState(1), EmptyState()),),
        [("x[0]", f"{__name__}:ScaleState"), ("x[0].count", "~int32"), ("x[1]", f"{__name__}:EmptyState")],
    ),
    "static": (
        (Layer(1.0, width=3),), [("x", f"{__name__}:Layer"), ("x.weights", "~float32"), ("x.width", "3")]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("args", "said"), SAID.values(), ids=SAID.keys())
def test_what_the_leaves_say(args: tuple[Any, ...], said: list[tuple[str, str]]) -> None:
    inputs = assert_comes_back(lambda x: program(x), *args)
    assert [(leaf.path, leaf.dtype) for leaf in inputs] == said
    assert not any(leaf.shape for leaf in inputs)


def test_wide_dtypes_come_back_whatever_is_set_by_then() -> None:
    with jax.enable_x64(True):
        traced = lowering.trace(lambda x: program(x), (1.0, np.arange(3)))
    inputs = traced.inputs
    assert [leaf.dtype for leaf in inputs] == ["~float64", "int64"]
    with pytest.raises(lowering.InputError, match=r"'float64' would become float32: .* ask for float32 at 'x\[0\]'$"):
        arguments(inputs)
    with jax.enable_x64(True):
        assert_comes_back(lambda x: program(x), *arguments(inputs).values())


def test_deep_pytrees_come_back() -> None:
    deep: Any = 1.0
    for _ in range(600):
        deep = (deep,)
    assert len(assert_comes_back(lambda x: jax.tree.leaves(x), deep)) == 1


def test_an_empty_dictionary_is_not_another_program() -> None:
    def scaled(x: Any, options: dict[str, dict[str, Any]]) -> Any:
        return x * 2 if "scale" in options else x

    inputs = assert_comes_back(scaled, VECTOR, {"scale": {}})
    assert arguments(inputs, scaled)["options"] == {"scale": {}}


def test_names_that_python_normalises() -> None:
    source = "def program(µ, *, ﬁrst):\n    return µ - ﬁrst\n"
    leaves = [Leaf("µ", "float32", ()), Leaf("ﬁrst", "float32", ())]
    traced = lowering.trace_source(source, "program", leaves)
    assert [leaf.path for leaf in traced.inputs] == ["μ", "first"]
    assert lowering.trace_source(source, "program", traced.inputs).id == traced.id


SOURCE = """
import dataclasses
from typing import NamedTuple

import jax


class EmptyState(NamedTuple):
    pass


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Scale:
    factor: jax.Array
    power: int = dataclasses.field(metadata={"static": True})


def program(x, state):
    scale, rest = state
    return (x * scale.factor) ** scale.power if isinstance(rest, EmptyState) else x
"""


def test_classes_of_a_source_are_found_in_it() -> None:
    leaves = [Leaf("x", "float32", (3,)), Leaf("state[0]", "program:Scale", ()), Leaf("state[0].factor", "float32", ())]
    leaves += [Leaf("state[0].power", "3", ()), Leaf("state[1]", "program:EmptyState", ())]
    traced = lowering.trace_source(SOURCE, "program", leaves)
    assert traced.primitives == {"integer_pow": 1, "mul": 1}
    assert traced.inputs == leaves


class Colour(enum.Enum):
    RED = 1


class Pair:
    def __init__(self, *parts: Any) -> None:
        self.parts = parts


jax.tree_util.register_pytree_node(Pair, lambda pair: (pair.parts, None), lambda _, parts: Pair(*parts))


class Wrapped:
    def __init__(self, inner: Any, scale: int = 2) -> None:
        self.inner, self.scale = inner, scale


jax.tree_util.register_pytree_with_keys(
    Wrapped,
    lambda one: (((jax.tree_util.GetAttrKey("inner"), one.inner),), one.scale),
    lambda scale, parts: Wrapped(next(iter(parts)), scale),
)


@dataclasses.dataclass(init=False)
class Linear:
    """As libraries of layers write theirs: made from sizes, flattened to what it holds."""

    weights: Any
    size: int
    rank: int

    def __init__(self, size: int) -> None:
        self.weights, self.size, self.rank = jnp.ones(size), size, 1


def flattened(linear: Linear) -> Any:
    return ((jax.tree_util.GetAttrKey("weights"), linear.weights),), (linear.size, linear.rank)


def unflattened(aux: tuple[int, int], parts: Any) -> Linear:
    linear = object.__new__(Linear)
    linear.weights, (linear.size, linear.rank) = parts[0], aux
    return linear


jax.tree_util.register_pytree_with_keys(Linear, flattened, unflattened)


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Table(Mapping[str, Any]):
    a: Any
    b: Any

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(("a", "b"))

    def __len__(self) -> int:
        return 2


class Local(NamedTuple):
    x: Any


def local_class() -> Any:
    class Local(NamedTuple):
        x: Any

    return Local(1.0)


def shadowed() -> Any:
    return namedtuple("Local", "x")(1.0)  # pyright: ignore[reportUntypedNamedTuple]


def annotated(x: Wrapped) -> Any:
    return program(x)


def untyped(x: Any) -> Any:
    return program(x)


def spread(*rest: Any, **more: Any) -> Any:
    return program(rest, more)


REFUSED: dict[str, tuple[Callable[..., Any], Any, str]] = {
    "no names": (untyped, {"a": [Pair(1.0)]}, r"parts of \"x\['a'\]\[0\]\", a Pair, have no names .*register"),
    "a partial": (untyped, jax.tree_util.Partial(jnp.sin, 1.0), r"parts of 'x', a .*Partial, have no names in JAX"),
    "a key": (untyped, ({Colour.RED: 1.0},), r"the key <Colour.RED: 1> of 'x\[0\]' is no Python literal: let keys be"),
    "a function": (untyped, Layer(1.0, kind=jnp.sin), r"the static field 'x.kind' is .*sin.*, which is no .*partial"),
    "not a number": (untyped, [Layer(1.0, kind=float("nan"))], r"the static field 'x\[0\].kind' is nan, which is no"),
    "no repr": (lambda x: x.weights, Layer(1.0, kind=10**5000), r"the static field 'x.kind' is one int, which is no"),
    "an enum": (untyped, Layer(1.0, kind=Colour.RED), r"the static field 'x.kind' is <Colour.RED: 1>, which is no"),
    "a local class": (untyped, {"b": local_class()}, r"<locals>.Local' of \"x\['b'\]\" is not found.*: annotate the"),
    "a class replaced": (untyped, shadowed(), r"another class is called '.*:Local' by now than that of 'x': give each"),
    "a custom class": (untyped, Wrapped(1.0), r"the class '.*:Wrapped' of 'x' is not found by its name: annotate"),
    "hidden data": (annotated, Wrapped(1.0, 3), r"'x', a Wrapped, is not made again by its leaves alone: take its"),
    "a default": (untyped, defaultdict(list, a=1.0), r"'x' does not make a defaultdict: TypeError: .*; take its"),
}  # fmt: skip


@pytest.mark.parametrize(("function", "value", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_leaves_cannot_tell_is_named(function: Callable[..., Any], value: Any, sentence: str) -> None:
    traced = lowering.trace(function, value)
    assert traced.lower().stablehlo
    with pytest.raises(lowering.InputError, match=sentence) as caught:
        _ = traced.inputs
    assert "\n" not in str(caught.value)
    assert " at 0x" not in str(caught.value)


def test_arguments_of_odd_names_are_named() -> None:
    with pytest.raises(lowering.InputError, match="the argument 'a b' has no name that Python reads: call it by"):
        _ = lowering.trace(program, **{"a b": 1.0}).inputs
    with pytest.raises(lowering.NotTraceableError, match="; give no keyword the name of a parameter that is given"):
        lowering.trace(spread, 1.0, rest=2.0)


def test_keys_without_an_order_are_a_mistake() -> None:
    with pytest.raises(lowering.NotTraceableError, match="dictionary keys; let all keys of a dictionary be strings"):
        lowering.trace(untyped, {1: 1.0, "a": 2.0})


def test_annotated_custom_class_and_defaults_come_back() -> None:
    assert_comes_back(annotated, Wrapped([1.0]))
    assert_comes_back(untyped, [Linear(3), Table(1.0, [2.0])])
    assert_comes_back(untyped, Layer(1.0, kind="relu", bias=None))

    @jax.tree_util.register_dataclass
    @dataclasses.dataclass
    class Block:
        x: Any
        activation: Any = dataclasses.field(default=jnp.tanh, metadata={"static": True})

    def local(x: Any) -> Any:
        return x.activation(x.x)

    local.__annotations__["x"] = Block
    assert_comes_back(partial(local), Block(1.0))


@pytest.mark.parametrize(
    ("leaves", "sentence"),
    [
        ([Leaf("x", "nowhere:State", ())], "the class 'nowhere:State' of 'x' is not found by its name: annotate"),
        ([Leaf("x", "subprocess:Popen", ()), Leaf("x.args", "'ls'", ())], "the class 'subprocess:Popen' of 'x' is not"),
        ([Leaf("x", "list", ()), Leaf("x[1]", "float32", ())], r"the indices of 'x' are \[1\]: a sequence counts"),
        ([Leaf("x", "list", ()), Leaf("x", "list", ())], "path 'x' is given twice"),
        ([Leaf("x", "float32", ()), Leaf("x", "list", ())], "path 'x' is given twice"),
        ([Leaf("x", "list", ()), Leaf("x", "float32", ())], "path 'x' is given twice"),
        ([Leaf("x", "None", (3,))], "dtype 'None' is not one that JAX knows"),
        ([Leaf("x", "list", (3,))], "dtype 'list' is not one that JAX knows"),
        *(([Leaf("x", name, ())], "is not one that JAX knows") for name in ("(", "1e+", "3x3", "[", "", "'")),
        ([Leaf("x[[1]]", "float32", ())], r"path 'x\[\[1\]\]' is not an argument's name followed by"),
        ([Leaf("x", "~float31", ())], "dtype 'float31' is not one that JAX knows: use .* name for 'x'"),
        ([Leaf("x", "dict", ()), Leaf("x.a", "float32", ())], "'x' is a dict with the parts .a: give it one leaf for"),
        (
            [Leaf("x", "list", ()), Leaf("x['a']", "int32", ())],
            r"'x' is a list with the parts \['a'\]: give it",
        ),
        ([Leaf("x", f"{__name__}:Layer", ()), Leaf("x[0]", "int32", ())], r"'x' is a Layer with the parts \[0\]: give"),
    ],
)
def test_leaves_that_nothing_is_made_of(leaves: list[Leaf], sentence: str) -> None:
    with pytest.raises(lowering.InputError, match=sentence):
        arguments(leaves)


STEPS = ["x", ".a", "[0]", "[1]", "['a']", "[None]", "[(1, 'b]')]", "['", "]", "[", "µ", "\\", "\0", "[-1]", "[{}]"]
WORDS = [
    *("float32", "~int32", "~~f4", "list", "tuple", "None", "3", "{}", "{'a': [1]}", "key<fry>", "float0", "object"),
    *("collections:OrderedDict", "collections:defaultdict", "collections:ChainMap", "typing:NamedTuple", "a:b.c"),
    *("builtins:dict", "os:environ", ">f4", "f4,f4", "", "~", "-" * 50 + "1", "[" * 300, "lowering.leaves:Leaf"),
]
shapes_of_any_kind = st.one_of(st.just(()), shapes, st.sampled_from([3, None, "a", (True,), (-1,)]))
leaves_of_any_text = st.builds(
    Leaf,
    st.lists(st.sampled_from(STEPS), max_size=4).map("".join),
    st.sampled_from(WORDS) | st.text(max_size=4),
    shapes_of_any_kind,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(leaves_of_any_text, max_size=3), st.sampled_from([None, typed, untyped, spread]))
def test_leaves_of_any_text_are_arguments_or_a_mistake(leaves: list[Leaf], function: Any) -> None:
    with suppress(lowering.InputError):
        assert isinstance(arguments(leaves, function), dict)
