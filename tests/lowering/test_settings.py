"""Texts, fingerprints, verdicts and maps are the same whatever the process has set, and wherever it prints to."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lowering

ROOT = Path(lowering.__file__).parent.parent
VECTOR = jax.ShapeDtypeStruct((3,), "float32")
CONFIG: Any = jax.config  # its settings are attributes that no type declares


def solved(b: Any) -> Any:
    """JAX prints the jaxprs of a linear solve by `repr`; the constant is printed as NumPy prints arrays."""
    weights = jnp.asarray(np.linspace(0, 1e-9, 2001, dtype="float32")).sum()
    return jax.scipy.sparse.linalg.cg(lambda v: v * np.float32(2.123456789), b)[0] * weights


def facts(function: Callable[..., Any] = solved) -> dict[str, Any]:
    lowered = lowering.extract(function, VECTOR)
    traced = lowered.traced
    texts = {"jaxpr": traced.jaxpr, "stablehlo": lowered.stablehlo, "map": [list(s) for s in lowered.source_map]}
    return texts | {"id": traced.id, "structure": traced.structure}


SCRIPT = """
import json, sys
sys.path[:0] = {paths!r}
from test_settings import facts
with open({out!r}, "w") as file:
    json.dump(facts(), file)
"""


def told_by(run: Callable[[str], object], tmp_path: Path) -> dict[str, Any]:
    out = tmp_path / "facts.json"
    run(SCRIPT.format(paths=[str(ROOT), str(Path(__file__).parent)], out=str(out)))
    return json.loads(out.read_text())


def in_a_pipe(script: str, **environment: str) -> None:
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, env=os.environ | environment)


def on_a_terminal(script: str) -> None:
    parent, child = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", script], check=True, stdin=child, stdout=child, stderr=child)
    finally:
        os.close(child)
        os.close(parent)


def in_a_notebook(script: str) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        reply = client.execute_interactive(script, timeout=300, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def without_output(script: str) -> None:
    subprocess.run(["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script], check=True)


@pytest.mark.parametrize("run", [in_a_pipe, on_a_terminal, in_a_notebook, without_output])
def test_where_a_process_prints_to(run: Callable[[str], object], tmp_path: Path) -> None:
    told = told_by(run, tmp_path)
    assert "\x1b" not in told["jaxpr"]
    assert told == json.loads(json.dumps(facts()))


def test_what_the_shell_sets(tmp_path: Path) -> None:
    shell = {
        "FORCE_COLOR": "1",
        "CLICOLOR_FORCE": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONHASHSEED": "7",
        "JAX_TRACEBACK_IN_LOCATIONS_LIMIT": "0",
        "JAX_INCLUDE_FULL_TRACEBACKS_IN_LOCATIONS": "0",
        "JAX_HLO_SOURCE_FILE_CANONICALIZATION_REGEX": ".*",
        "LC_ALL": "POSIX",
        "TZ": "Asia/Kathmandu",
    }
    assert told_by(partial(in_a_pipe, **shell), tmp_path) == json.loads(json.dumps(facts()))


SETTINGS = {
    "jax_pprint_use_color": True,
    "jax_traceback_in_locations_limit": 0,
    "jax_include_full_tracebacks_in_locations": False,
    "jax_hlo_source_file_canonicalization_regex": ".*",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_jax_settings(name: str) -> None:
    expected, before = facts(), getattr(jax.config, name)
    jax.config.update(name, SETTINGS[name])
    try:
        assert facts() == expected
        assert getattr(jax.config, name) == SETTINGS[name]
    finally:
        jax.config.update(name, before)


def test_numpy_print_options() -> None:
    expected = facts()
    with np.printoptions(precision=2, threshold=3, sign="+", formatter={"float": lambda value: "?"}):
        assert facts() == expected
        assert str(np.array([1.0])) == "[?]"


def test_settings_of_threads_that_overlap() -> None:
    expected, found = facts(), list[Any]()
    threads = [threading.Thread(target=lambda: found.append(facts())) for _ in range(4)]
    before = (sys.getrecursionlimit(), CONFIG.jax_pprint_use_color)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4
    assert (sys.getrecursionlimit(), CONFIG.jax_pprint_use_color) == before


def test_settings_come_back_after_a_failure() -> None:
    before = (sys.getrecursionlimit(), CONFIG.jax_pprint_use_color)
    with pytest.raises(lowering.NotTraceableError):
        lowering.trace(lambda x: x + undefined, VECTOR)  # pyright: ignore[reportUndefinedVariable]
    assert (sys.getrecursionlimit(), CONFIG.jax_pprint_use_color) == before


INSTALLED = Path(sysconfig.get_path("stdlib"), "site-packages", "package", "module.py")
"""Where a package lies without a virtual environment: below the standard library."""


@pytest.mark.parametrize("filename", [str(INSTALLED), "<stdin>", "/tmp/ipykernel_1/23.py", "a.zip/b.py", "a(b)[c].py"])
def test_maps_do_not_depend_on_where_the_code_lies(filename: str) -> None:
    source = "import jax.numpy as jnp\ndef scaled(x):\n    y = jnp.where(x > 0, x, 0.0)\n    return y * jnp.cumsum(x)\n"

    def spans(name: str) -> list[Any]:
        namespace: dict[str, Any] = {}
        exec(compile(source, name, "exec"), namespace)
        return lowering.extract(namespace["scaled"], VECTOR).source_map

    assert spans(filename) == spans("/home/somebody/module.py")
    assert len(spans(filename)) > 2


# What JAX remembers.


kept: list[Any] = []
SCALE = 2.0


def keeps(x: Any) -> Any:
    kept.append(x)
    return x * 2


def test_verdicts_do_not_depend_on_what_was_traced_before() -> None:
    try:
        jax.jit(keeps)(1.0)
        for _ in range(2):
            kept.clear()
            with pytest.raises(lowering.SideEffectError):
                lowering.trace(keeps, 1.0)
    finally:
        kept.clear()


class Scaled:
    def __init__(self) -> None:
        self.factor = 1.0

    def __call__(self, x: Any) -> Any:
        return x * self.factor

    def scanned(self, x: Any) -> Any:
        return jax.lax.scan(self._step, x, None, length=3)[0]

    def _step(self, carry: Any, _: None) -> Any:
        return carry * self.factor, None

    @partial(jax.jit, static_argnums=0)
    def jitted(self, x: Any) -> Any:
        return x * self.factor

    def checkpointed(self, x: Any) -> Any:
        return jax.checkpoint(self.jitted)(x)


@pytest.mark.parametrize("method", ["__call__", "scanned", "jitted", "checkpointed"])
def test_a_changed_attribute_is_seen(method: str) -> None:
    scaled = Scaled()
    function = getattr(scaled, method) if method != "jitted" else lambda x: scaled.jitted(x)
    before = lowering.trace(function, VECTOR).jaxpr
    scaled.factor = 5.0
    after = lowering.trace(function, VECTOR).jaxpr
    assert "1.0:f32[]" in before
    assert "5.0:f32[]" in after


@jax.jit
def by_global(x: Any) -> Any:
    return x * SCALE


def test_a_changed_global_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lowering.trace(lambda x: by_global(x) + 1, VECTOR)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    after = lowering.trace(lambda x: by_global(x) + 1, VECTOR)
    assert before.id != after.id
    assert "3.0:f32[]" in after.jaxpr
