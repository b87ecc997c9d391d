"""Every private interface of JAX that lowering/_jax_internals.py leans on, by name."""

import ast
import gc
import re
import weakref
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax.experimental.xla_metadata import set_xla_metadata

import lowering
from lowering import _jax_internals as internals

PACKAGE = Path(lowering.__file__).parent
CONFIG: Any = jax.config  # its settings are attributes that no type declares


@pytest.fixture(scope="module")
def closed():
    function = eval(compile("lambda x: x * \\\n  2.0", "<internals>", "eval"))
    return jax.jit(function).trace(jax.ShapeDtypeStruct((3,), "float32")).jaxpr


def test_equations_carry_tracebacks_with_code_and_positions(closed):
    (equation,) = closed.jaxpr.eqns
    traceback = internals.source_info(equation)
    codes, offsets = internals.raw_frames(traceback)
    (index,) = [i for i, code in enumerate(codes) if code.co_filename == "<internals>"]
    assert internals.position(traceback, codes[index], offsets[index]) == (1, 10, 2, 5)


def test_printing_reports_regions(closed):
    text, regions = internals.print_jaxpr(closed)
    (equation,) = closed.jaxpr.eqns
    assert text == str(closed)
    lines = text.split("\n")
    assert len(lines) == len(regions)
    found = [
        (line[start:end], source) for line, parts in zip(lines, regions, strict=True) for start, end, source in parts
    ]
    assert [(text.strip(), source is internals.source_info(equation)) for text, source in found][-1][1]
    assert any(text.startswith("b:f32[3] = mul a 2.0") for text, _ in found)


def test_frames_of_an_inner_function_end_at_that_function():
    jax.clear_caches()
    closed = jax.jit(lambda x: jnp.where(x > 0, x, 0.0)).trace(jax.ShapeDtypeStruct((3,), "float32")).jaxpr
    (call,) = [e for e in closed.jaxpr.eqns if e.primitive.name == "jit"]
    for inner in call.params["jaxpr"].jaxpr.eqns:
        codes, _ = internals.raw_frames(internals.source_info(inner))
        assert __file__ not in {code.co_filename for code in codes}


def test_file_names_are_forgotten():
    from jax._src import source_info_util

    source_info_util.is_user_filename("<anything>")
    internals.forget_filenames()
    assert source_info_util.is_user_filename.cache_info().currsize == 0


def test_files_are_taken_for_the_users_for_a_while():
    from jax._src import source_info_util

    inside = str(Path(jax.__file__).parent / "inside.py")
    assert not source_info_util.is_user_filename(inside)
    with internals.taken_for_users(inside):
        assert source_info_util.is_user_filename(inside)
    assert not source_info_util.is_user_filename(inside)


def test_equations_know_what_surrounds_them():
    (equation,) = jax.jit(jnp.sin).trace(1.0).jaxpr.eqns
    assert internals.context(equation.ctx) == {}
    with set_xla_metadata(tag="x"), jax.threefry_partitionable(False):
        (equation,) = jax.jit(lambda x: jnp.sin(x)).trace(1.0).jaxpr.eqns
    assert internals.context(equation.ctx) == {"xla_metadata": {"tag": "x"}, "unpartitionable_threefry": True}
    assert internals.on_device(equation.invars[0].aval)


def test_effects_that_stay_inside_are_known():
    closed = jax.jit(lambda x: jax.new_ref(x)[...]).trace(1.0).jaxpr
    assert [internals.stays_inside(effect) for effect in closed.effects] == [True]


def test_forget_drops_what_jax_keeps_of_a_program():
    traced = jax.jit(lambda x: jnp.where(x > 0, x, 0.0)).trace(jax.ShapeDtypeStruct((7,), "float32"))
    (call,) = [e for e in traced.jaxpr.jaxpr.eqns if e.primitive.name == "jit"]
    cached = weakref.ref(call.params["jaxpr"].jaxpr)
    del traced, call
    gc.collect()
    assert cached() is not None
    lowering.forget()
    assert cached() is None


def test_short_locations_puts_the_setting_back():
    before = CONFIG.jax_traceback_in_locations_limit
    with lowering.short_locations():
        assert CONFIG.jax_traceback_in_locations_limit == 8
    assert CONFIG.jax_traceback_in_locations_limit == before != 8


PRIVATE = re.compile(r"\bjax\._src\b|\bjaxlib\b|\bjax\.extend\b|\bfrom jax import _\w+|\bjax(\.\w+)*\._(?!_)\w+")
"""How a private interface of JAX is reached: its private modules, jaxlib, and names that begin with an underscore."""


def private_names(source):
    tree = ast.parse(source)
    imported = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    reached = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return sorted({found[0] for text in (*imported, *reached) if (found := PRIVATE.search(text))})


@pytest.mark.parametrize("package", ["grammar", "lowering", "pde", "fuzzer", "processes"])
def test_private_names_stay_in_one_file(package):
    paths = [path for path in (PACKAGE.parent / package).rglob("*.py") if path.name != "_jax_internals.py"]
    assert len(paths) > 5
    assert {path.name: names for path in paths if (names := private_names(path.read_text(encoding="utf-8")))} == {}


def test_a_private_name_is_seen():
    for line in (
        "import jax._src.core",
        "from jax._src import core",
        "import jaxlib.mlir",
        "jax.core._x(1)",
        "from jax import _src",
    ):
        assert private_names(line), line
    for line in ("import jax.numpy as jnp", "jax.core.Jaxpr", "x._jax", "fuzzer.jax_", "from jax import lax"):
        assert not private_names(line), line
