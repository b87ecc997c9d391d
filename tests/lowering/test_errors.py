"""Each mistake is told in one sentence that names the value, the bound and the cure."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify

import lowering
from lowering import Leaf

X = [Leaf("x", "float32", (3,))]


def fails(kind, source, leaves=X, entry="program"):
    with pytest.raises(kind) as caught:
        lowering.trace_source(source, entry, leaves).lower()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_does_not_parse():
    message = fails(lowering.SourceError, "def program(x):\n    return (x\n")
    assert message == "the source does not parse at line 2: '(' was never closed"


def test_raises_when_executed():
    message = fails(lowering.SourceError, "import jax\n\nLIMIT = 1 / 0\n")
    assert message == "the source raises ZeroDivisionError: division by zero when executed at line 3"


@pytest.mark.parametrize("nested", ["-" * 100_000 + "1", "+".join(["1"] * 20_000), "a" + ".a" * 100_000])
def test_nests_too_deep_to_compile(nested):
    message = fails(lowering.SourceError, f"{nested}\n\ndef program(x):\n    return x\n")
    assert message.startswith("the source nests deeper than Python compiles (")
    assert message.endswith("): name parts of its expressions")


@pytest.mark.parametrize("kind", ["SystemExit", "GeneratorExit", "KeyboardInterrupt", "Odd"])
def test_whatever_a_program_raises_is_a_mistake_of_its_own(kind):
    odd = "class Odd(BaseException):\n    def __str__(self):\n        raise ValueError\n\n"
    message = fails(lowering.SourceError, f"{odd}raise {kind}\n")
    assert message == f"the source raises {kind} when executed at line 5"
    message = fails(lowering.NotTraceableError, f"{odd}def program(x):\n    raise {kind}\n")
    assert message == f"the entry cannot be traced at line 6: {kind}"


@pytest.fixture
def _interruptible():
    """A job in the background of a shell ignores Ctrl-C, and so do the processes that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_of_the_caller_goes_through():
    source = "import signal\n\ndef program(x):\n    signal.raise_signal(signal.SIGINT)\n    return x\n"
    with pytest.raises(KeyboardInterrupt):
        lowering.trace_source(source, "program", X)


def test_entry_not_defined():
    message = fails(lowering.EntryError, "def other(x):\n    return x\n")
    assert message == "the source defines no function 'program': it defines other"


def test_concrete_value_needed():
    source = "def program(x):\n    y = x + 1\n    return y if y[0] > 0 else x\n"
    with pytest.raises(lowering.NotTraceableError) as caught:
        lowering.trace_source(source, "program", X)
    assert caught.value.line == 3
    assert caught.value.reason == "TracerBoolConversionError"
    assert str(caught.value).startswith(
        "the entry cannot be traced at line 3: TracerBoolConversionError: Attempted boolean conversion"
    )
    assert caught.value.__cause__ is not None


def test_wrong_shapes():
    source = "import jax.numpy as jnp\n\ndef helper(x):\n    return x @ jnp.ones(4)\n\n"
    source += "def program(x):\n    return helper(x)\n"
    message = fails(lowering.NotTraceableError, source)
    assert message.startswith("the entry cannot be traced at line 4: TypeError: ")


@pytest.mark.parametrize(
    ("body", "line", "primitive"),
    [
        ("    jax.debug.print('{}', x)\n    return x\n", 4, "debug_"),
        (
            "    def body(c, r):\n        jax.debug.callback(print, r)\n        return c, r\n"
            "    return jax.lax.scan(body, 0.0, x)\n",
            5,
            "debug_callback",
        ),
    ],
)
def test_effects(body, line, primitive):
    message = fails(lowering.SideEffectError, "import jax\n\ndef program(x):\n" + body)
    assert f" in {primitive}" in message
    assert f" at line {line}: remove the print, callback or mutation" in message


@pytest.mark.parametrize("call", ["call(x)", "jax.lax.map(call, x)"])
def test_callbacks_that_are_no_effects(call):
    source = f"""
import jax

def call(x):
    return jax.pure_callback(lambda v: v, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

def program(x):
    return {call}
"""
    message = fails(lowering.SideEffectError, source)
    assert message == "the entry calls back into Python (pure_callback): write what it calls in JAX instead"


@pytest.mark.parametrize("store", ["global last\n    last = x", "kept.append(x)", "table['x'] = x"])
def test_leaked_values(store):
    source = f"kept = []\ntable = {{}}\nlast = None\n\ndef program(x):\n    {store}\n    return x\n"
    message = fails(lowering.SideEffectError, source)
    assert message.startswith("the entry leaks a traced value into the global '")
    assert message.endswith(": return it instead")


@pytest.mark.parametrize(
    "store",
    [
        "nested[0].append(x)",
        "queue.append(x)",
        "holder.last = x",
        "Holder.last = x",
        "program.last = x",
        "default.append(x)",
        "cached(x.ndim)",
    ],
)
def test_leaked_values_wherever_the_program_can_put_them(store):
    source = f"""
import collections
import functools

import jax.numpy as jnp

nested = [[]]
queue = collections.deque()


class Holder:
    def __getattr__(self, name):
        raise RuntimeError(name)


holder = Holder()


@functools.lru_cache
def cached(n):
    return jnp.ones(n)


def program(x, default=[]):
    {store}
    return x
"""
    assert "the entry leaks a traced value into the global '" in fails(lowering.SideEffectError, source)


def test_a_function_leaks_into_its_closure():
    kept = []

    def keeps(x):
        kept.append(x)
        return x

    with pytest.raises(lowering.SideEffectError, match="leaks a traced value into the variable 'kept': return it"):
        lowering.trace(keeps, 1.0)
    lowering.trace(lambda x: x + len(kept), 1.0)  # what leaked before is not this one's fault


def test_an_object_that_wraps_itself():
    class Mirror:
        def __call__(self, x):
            return x

        def __getattr__(self, name):
            return self

    with pytest.raises(lowering.NotTraceableError, match="the entry cannot be traced"):
        lowering.trace(Mirror(), 1.0)


@pytest.mark.parametrize("body", ["return x * kept[0]", "return kept.pop() + x"])
def test_what_only_looks_like_a_leak(body):
    source = f"import numpy as np\n\nkept = [np.ones(3)]\nkept.append(kept[0])\n\ndef program(x):\n    {body}\n"
    assert lowering.trace_source(source, "program", X).equations == 1


def test_wrong_argument_names():
    message = fails(lowering.InputError, "def program(a, b=1):\n    return a\n")
    assert message == "the input lacks a and has unknown x: the entry takes (a, b)"


def test_defaults_may_be_left_out():
    source = "def program(x, power=2):\n    return x**power\n"
    assert lowering.trace_source(source, "program", X).primitives == {"integer_pow": 1}


def test_a_class_that_checks_its_fields():
    source = """
import dataclasses

import jax


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class S:
    a: jax.Array

    def __post_init__(self):
        assert self.a.ndim == 2, "a has no rows\\nat all"


def program(s: S):
    return s.a
"""
    message = fails(lowering.InputError, source, [Leaf("s.a", "float32", (3,))])
    assert message == "'s' does not make a S: AssertionError: a has no rows at all"


@pytest.mark.parametrize(
    ("leaf", "part"),
    [
        (Leaf("x", "float31", (3,)), "dtype 'float31' is not one that JAX knows: use "),
        (
            Leaf("x", "float64", (3,)),
            "dtype 'float64' would become float32: switch on jax_enable_x64 or ask for float32",
        ),
        (Leaf("x", "float32,int32", (3,)), "dtype 'float32,int32' is not one that JAX knows: use "),
        (Leaf("x", "object", (3,)), "dtype 'object' is not one that JAX knows: use "),
        (Leaf("x", "longdouble", (3,)), "dtype 'longdouble' is not one that JAX knows: use "),
        (Leaf("x", "float32", 3), "shape 3 of 'x' is not a tuple: write (3,)"),  # pyright: ignore[reportArgumentType]
        (Leaf("x", "float32", (2**70,)), "has a size that is not an integer of at least 0 and below 2**63"),
        (Leaf(r"x['\N{none}']", "float32", ()), "is not an argument's name followed by"),
        (Leaf("x", "float32", (-1,)), "shape (-1,) of 'x' has a size that is not an integer of at least 0"),
        (Leaf("x[", "float32", (3,)), "path 'x[' is not an argument's name followed by"),
        (Leaf("x[1]", "float32", (3,)), "the indices of 'x' are [1]: a sequence counts from 0 without gaps"),
        (
            Leaf("x.mean", "float32", (3,)),
            "'x' has attributes, but no annotation of the entry says of which class",
        ),
        (Leaf("['w']", "float32", (3,)), "path \"['w']\" is not an argument's name followed by"),
    ],
)
def test_bad_leaves(leaf, part):
    assert part in fails(lowering.InputError, "def program(x):\n    return x\n", [leaf])


@pytest.mark.parametrize("paths", [("x", "x"), ("x", "x[0]"), ("x[0]", "x"), ("x[0]", "x['a']")])
def test_paths_that_contradict(paths):
    leaves = [Leaf(path, "float32", ()) for path in paths]
    message = fails(lowering.InputError, "def program(x):\n    return x\n", leaves)
    assert "give each leaf once" in message or "a container takes one kind" in message


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    from lowering import stages

    def broken(closed):
        raise KeyError("ours")

    monkeypatch.setattr(stages, "fingerprint", broken)
    traced = lowering.trace_source("def program(x):\n    return x\n", "program", X)
    with pytest.raises(KeyError, match="ours"):
        _ = traced.id


def test_importing_the_package_does_not_import_jax():
    code = "import sys, lowering; lowering.Leaf; lowering.InputError; sys.exit('jax' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def nested(depth: int) -> Any:
    function: Any = jnp.sin
    for _ in range(depth):
        function = jax.jit(lambda x, f=function: f(x) + 1)
    return function


@pytest.mark.parametrize("depth", [60, 120])
def test_what_jax_lowers_is_read(depth: int) -> None:
    lowered = lowering.extract(nested(depth), 1.0)
    assert lowered.traced.equations == 2 * depth + 1
    assert lowered.source_map


def test_a_mutable_array_of_its_own_is_no_side_effect() -> None:
    def counted(x: jax.Array) -> jax.Array:
        total = jax.new_ref(jnp.zeros(()))
        total[...] = total[...] + x.sum()
        return total[...]

    lowered = lowering.extract(counted, jax.ShapeDtypeStruct((3,), "float32"))
    assert "stablehlo.add" in lowered.stablehlo


KEPT = jax.new_ref(jnp.zeros(3))


def written(x: jax.Array) -> jax.Array:
    KEPT[...] = x
    return x


def checked(x: jax.Array) -> jax.Array:
    checkify.check(x[0] > 0, "not positive")
    return x


@pytest.mark.parametrize("function", [written, lambda x: x + KEPT[...]])
def test_a_mutable_array_from_outside_is_one(function: Any) -> None:
    expected = r"\((Read|Write)Effect\) in (get|swap) at line \d+: take the value of the mutable array and return the"
    with pytest.raises(lowering.SideEffectError, match=expected):
        lowering.trace(function, np.ones(3))
    with pytest.raises(lowering.InputError, match=r"^'x\[0\]' is a mutable array: take its value, and return the new"):
        lowering.trace(lambda x: x[0][...], [KEPT])


def test_a_check_is_a_side_effect() -> None:
    with pytest.raises(lowering.SideEffectError, match=r"\(ErrorEffect\) in check at line \d+: let jax.*checkify make"):
        lowering.trace(checked, np.ones(3))


def takes_static(x: Any, *, n: int) -> Any:
    return jnp.zeros(n) + x.sum()


MISTAKES: dict[str, tuple[Any, tuple[Any, ...], str]] = {
    "a string": (lambda x, kind: x, (1.0, "gelu"), r"type <class 'str'>.* at path kind.*; bind .*functools.partial"),
    "a function": (lambda x, f: x, (1.0, jnp.sin), r"at path f.*functools.partial"),
    "a traced static": (
        lambda x: jax.jit(takes_static, static_argnames="n")(x, n=x), (1.0,),
        r"Non-hashable static arguments.* unhashable type: .*; bind .*functools.partial"
    ),
    "a list as static": (
        lambda x: jax.jit(takes_static, static_argnames="n")(x, n=[3]), (1.0,), r"unhashable type: 'list'; bind"
    ),
    "a branch": (lambda x: x if x > 0 else -x, (1.0,), r"value of the argument x; use jax.lax.cond or jnp.where"),
    "a size": (lambda x: jnp.zeros(x), (3,), r"concrete values of integer type.*; let no shape"),
    "numpy": (lambda x: np.sin(x), (1.0,), r"__array__\(\).*; call jax.numpy instead of numpy"),
    "a carry": (
        lambda x: jax.lax.scan(lambda c, v: (c.astype(int), v), x[0], x), (np.ones(3),),
        r"they differ: The input carry c has type float32\[\] but .* has type int32\[\], so the dtypes do not match"
    ),
    "branches": (
        lambda x: jax.lax.cond(True, lambda v: v, lambda v: v[0], x), (np.ones(3),),
        r"type float32\[3\] but the corresponding output of false_fun has type float32\[\]"
    ),
    "a result": (lambda x: "text", (1.0,), r"type <class 'str'>, which is not a valid JAX type; return arrays"),
    "a mutable result": (lambda x: jax.new_ref(x), (1.0,), r"references cannot be returned.*; return its value, as in"),
    "a slice": (lambda x, n: x[:n], (np.ones(3), 2), r" static .*lax.dynamic_slice"),
    "a repetition": (lambda x, n: jnp.tile(x, n), (np.ones(3), 2), r"value of parameter reps was not .*; bind what"),
    "a look-up": (lambda x: {x: 1}[x], (1,), r"unhashable type: 'DynamicJaxprTracer'; bind what is no array before"),
    "a text": (lambda x: f"{x:.2f}", (1.0,), r"unsupported format string.*; put no traced value into a text"),
    "a large number": (lambda x: x, (2**40,), r"argument path is x.* value 1099511627776; give a number that 32 bits"),
    "an odd dtype": (lambda x: x, (np.ones(3, ">f4"),), r"at path x\b.*; convert it to a dtype of JAX's"),
    "an object": (lambda x: object(), (1.0,), r"<class 'object'>, which is not a valid JAX type"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_sentence_holds_the_cause_and_the_cure(name: str) -> None:
    function, arguments, expected = MISTAKES[name]
    with pytest.raises(lowering.NotTraceableError, match=expected) as caught:
        lowering.trace(function, *arguments)
    assert "\n" not in str(caught.value)
    assert " at 0x" not in str(caught.value)
