"""Programs of the family: complete, in style, within the caps, and a function of seed and index alone."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import black
import jax
import numpy as np
import pytest

import lowering
from lowering.spans import inner_jaxprs
from pde.blocks.batching import FORMS
from pde.family import family, validated
from pde.family.family import DTYPE, PoissonProgram
from pde.family.variant import MOST_ELEMENTS, Variant, assemble
from pde.schemes.problem import Problem

INDICES = range(24)


@pytest.fixture(scope="module")
def drawn() -> list[PoissonProgram]:
    solvers = family.load()
    return [solvers.draw(11, index) for index in INDICES]


def test_draws_do_not_depend_on_their_order(drawn: list[PoissonProgram]) -> None:
    again = family.load()
    assert [again.draw(11, index) for index in reversed(INDICES)] == drawn[::-1]


def test_programs_are_in_style(drawn: list[PoissonProgram]) -> None:
    for program in drawn:
        assert black.format_str(program.source, mode=black.Mode()) == program.source
        assert len(program.source.splitlines()) <= 200


def test_facts_are_those_of_a_validated_combination(drawn: list[PoissonProgram]) -> None:
    found = {
        (r.scheme, r.boundary, r.equation, r.spelling, r.dimension, r.observed_order) for r in validated.read().values()
    }
    for program in drawn:
        names = ("discretisation", "boundary", "operator", "spelling", "dimension", "observed_order")
        assert tuple(program.facts[name] for name in names) in found


def _largest(jaxpr: Any) -> int:
    sizes = [var.aval.size for equation in jaxpr.eqns for var in equation.outvars if hasattr(var.aval, "size")]
    inner = [_largest(nested) for equation in jaxpr.eqns for nested in inner_jaxprs(equation)]
    return max([0, *sizes, *inner])


def test_programs_trace_in_32_bits_within_the_cap(drawn: list[PoissonProgram]) -> None:
    with jax.enable_x64(False):
        for program in drawn[::2]:
            leaves = [lowering.Leaf(leaf.path, leaf.dtype, leaf.shape) for leaf in program.inputs]
            traced = lowering.trace_source(program.source, program.entry, leaves)
            assert _largest(traced._stage.jaxpr.jaxpr) <= MOST_ELEMENTS
            assert ("f64[" in traced.jaxpr) == (program.facts["precision"] == "double")
            assert {leaf.dtype for leaf in traced.outputs} <= {DTYPE, "int32"}


def test_in_double_precision_a_program_computes_in_64_bits_where_jax_is_set_to_32() -> None:
    """What it returns is then the solution in 64 bits, rounded; in 32 bits the solver falls short of it."""
    problem = Problem(2, "dirichlet", "poisson", "sine")
    variant = Variant(problem, "differences", "slices", "cg", "while")
    program = assemble(variant, 31, tolerance=1e-6)
    f = program.inputs[0].values().astype(np.float32)
    wanted = _run(program.source, program.entry, f.astype(np.float64))
    found: dict[str, np.ndarray] = {}
    with jax.enable_x64(False):
        for precision in ("single", "double"):
            program = assemble(variant, 31, tolerance=1e-6, precision=precision)
            found[precision] = _run(program.source, program.entry, f)
    units = {precision: np.max(np.abs(u - wanted) / np.spacing(u)) for precision, u in found.items()}
    assert found["double"].dtype == np.float32
    assert units["double"] <= 0.51
    assert units["single"] > 1


def _run(source: str, entry: str, f: np.ndarray) -> np.ndarray:
    names: dict[str, Any] = {}
    exec(source, names)
    return np.asarray(jax.jit(names[entry])(f)[0])


def _edited(monkeypatch: pytest.MonkeyPatch, name: str, added: bytes) -> str:
    """The digest as it would be with something added to the file of a name."""
    read = Path.read_bytes
    with monkeypatch.context() as edit:
        edit.setattr(Path, "read_bytes", lambda path: read(path) + added * path.as_posix().endswith(f"/pde/{name}"))
        return family.digest()


DECIDES = ("schemes/problem.py", "solvers/table.py", "family/axes.py", "parts/writing.py")


@pytest.mark.parametrize("name", DECIDES)
def test_a_comment_leaves_the_digest_and_an_edit_does_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _edited(monkeypatch, name, b"\n# A remark.\n") == family.digest()
    assert _edited(monkeypatch, name, b"\nADDED = 1\n") != family.digest()


def test_blocks_are_written_with_their_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _edited(monkeypatch, "blocks/krylov.py", b"\n# A remark.\n") != family.digest()


def test_what_is_written_are_blocks(drawn: list[PoissonProgram]) -> None:
    """For their room alone counts with every byte. The names of functions are given by role, docstrings stay."""
    files = (Path(family.__file__).parents[1] / "blocks").rglob("*.py")
    said = {text for path in files for text in _docstrings(path.read_text())}
    said |= {form.summary for form in FORMS.values() if form and form.summary}
    assert {text for program in drawn for text in _docstrings(program.source)} <= said


def _docstrings(source: str) -> set[str]:
    """The first lines of its functions' docstrings."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return {text.splitlines()[0] for node in functions if (text := ast.get_docstring(node))}


@pytest.mark.parametrize("name", ["validation/plot.py", "library/solution.py", "__main__.py"])
def test_proofs_and_commands_are_no_part_of_the_digest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _edited(monkeypatch, name, b"\nADDED = 1\n") == family.digest()


def test_without_a_table_there_is_no_family() -> None:
    with pytest.raises(family.UserError, match="python -m pde validate --all --write"):
        family.Poisson({})
