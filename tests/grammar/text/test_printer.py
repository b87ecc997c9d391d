"""The printer writes what black would write."""

import black
import libcst as cst
import pytest

from grammar.text import printer

EXPRESSIONS = """\
x**2
-(x**2)
x**-1
x**-n
x**~n
x.y**2
f(x) ** 2
(x + y) ** 0.5
a.b**c.d**e
x ** f(y) ** 2
x**y ** f(z)
x[0] ** y**2
x**y ** z[0]
x[0] ** 2
x[1:]
x[:-1]
x[a + 1 :]
x[: n - 1]
x[::2]
x[:, None, ...]
x[a : b + 1 : 2]
x[i, :, -1]
x[f(a) :]
x[-k:]
(a, b)
(a,)
[a, b]
{"w": a, "b": b}
lambda x, y: (x, y)
lambda: 0
a if b else c
[f(i) for i in range(3)]
[x[i] for i in range(4) if i != 2]
not a
~mask & (x > 0)
a and b or not c
f(x, axis=-1, keepdims=True)
f(*args, **kwargs)
a @ b - c / d // e % f
x.at[idx, 1:].set(0.5)
a < b
a != b
x is not None
-x
1e-05
(x + y).sum(axis=0)
f"{x.shape} and {a + b!r} of {total:.3f}, at least {value:{width}}"
"""


@pytest.mark.parametrize("text", EXPRESSIONS.splitlines())
def test_expressions(text):
    assert printer.text(cst.parse_expression(text)) == text
    statement = f"y = {text}\n"
    assert black.format_str(statement, mode=black.Mode()) == statement


def test_black_sets_parentheses_between_sign_and_power():
    assert printer.text(cst.parse_expression("-x**2")) == "-(x**2)"


STATEMENTS = [
    "assert x.ndim == 2",
    'assert x.ndim == 2, f"expected 2 dimensions, got {x.ndim}"',
    'if x.ndim != 2:\n        raise ValueError(f"expected 2 dimensions, got {x.ndim}")',
    'with jax.named_scope("h"):\n        h = jnp.tanh(x)\n        x = h + eps',
    "with first() as x, second():\n        x += 1",
    "with first(x):\n\n        def inner(y):\n            return y + x\n\n        x = inner(eps)",
]


def functions_of(source):
    return [function for function in cst.parse_module(source).body if isinstance(function, cst.FunctionDef)]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements(statement):
    source = f"def f(x, *, eps: float = 1e-6, tol=0.1):\n    {statement}\n    return x\n"
    assert printer.definition(functions_of(source)[0]) + "\n" == source
    assert black.format_str(source, mode=black.Mode()) == source


LONG = [
    "result = some_function(first_argument_of_it + second_argument, axis=-1, keepdims=True) * another_function(x)",
    "return some_function(first_argument_of_it + second_argument, axis=-1), another_function(x, y, z), third(w)",
    "def function(first_argument: jax.Array, second_argument: jax.Array, third_argument: jax.Array) -> jax.Array: pass",
    'assert first_argument.shape == second.shape, f"shapes differ: {first_argument.shape} and {second.shape}"',
    'raise ValueError(f"shapes differ: {first_argument_of_it.shape} and {second.shape}, which must not happen")',
    "a_long_name, another_long_name = lax.scan(body_function, (initial_state, initial_counter), sequence_of_inputs)",
]


@pytest.mark.parametrize("line", LONG)
@pytest.mark.parametrize("depth", [1, 2])
def test_long_lines_are_split_as_black_splits_them(line, depth):
    heads = "".join("    " * at + f"def outer_{at}():\n" for at in range(depth + line.startswith("return")))
    indent = "    " * heads.count("\n")
    source = black.format_str(heads + indent + line + "\n", mode=black.Mode())
    assert printer.definition(functions_of(source)[0]) + "\n" == source


def test_comments_stand_above_their_statements():
    source = "def f(x):\n    # Why.\n    # And why so.\n    y = x + 1  # aside\n    return y\n"
    assert printer.definition(functions_of(source)[0]) + "\n" == source.replace("  # aside", "")


IMPORTS = {"from jax import random", "from jax import lax", "import jax", "import jax.numpy as jnp", "from m import k"}
DEFINITION = 'def f(x):\n    """As jax.nn and k do."""\n    return lax.erf(jnp.sin(x)) + random.normal(x, x.k)'


@pytest.mark.parametrize(
    ("merge", "lines"), [(True, "from jax import lax, random"), (False, "from jax import lax\nfrom jax import random")]
)
def test_a_module_imports_what_its_code_uses(merge, lines):
    expected = f"import jax.numpy as jnp\n{lines}\n\n\n{DEFINITION}\n"
    assert printer.module(IMPORTS, [DEFINITION], merge=merge) == expected
