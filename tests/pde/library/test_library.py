"""The library and the command line: answers, batches and one sentence for each mistake."""

from __future__ import annotations

import importlib.machinery
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

import pde
from pde.__main__ import app
from pde.library import choose, solver_function
from pde.library.data import check_compatible
from pde.validation import report
from pde.validation.report import iterations
from processes.commands import answer

SQUARE = pde.Problem(2, "dirichlet", "poisson", "ridge")


@pytest.mark.parametrize("solver", ["multigrid", "dst", "cg", "sor"])
def test_solvers_agree(solver: str) -> None:
    outcome = pde.solve(SQUARE, solver=solver, n=31)
    assert outcome.u.shape == (31, 31)
    assert outcome.error == pytest.approx(3.05e-3, rel=0.02)


def test_parity_arrays_hold_the_red_black_iterates() -> None:
    plain, parted = (pde.solve(SQUARE, solver=f"multigrid_v_{kind}", n=31) for kind in ("red_black", "parity"))
    np.testing.assert_allclose(parted.u, plain.u, atol=1e-13)
    assert parted.iterations == plain.iterations
    assert choose(SQUARE, "multigrid").solver == "multigrid_v_parity"
    variable = pde.Problem(2, "dirichlet", "variable", "bump")
    assert choose(variable, "multigrid").solver == "multigrid_v_red_black"


def test_vmap_over_right_hand_sides() -> None:
    function = solver_function(choose(SQUARE, "dst"), 15)
    f = jnp.asarray(np.random.default_rng(0).standard_normal((3, 15, 15)))
    np.testing.assert_allclose(jax.vmap(function)(f)[1], function(f[1]), atol=1e-12)


def test_iterations_grow_as_theory_says() -> None:
    flat = [iterations(SQUARE, "multigrid_v_red_black", n) for n in (15, 31, 63)]
    assert max(flat) - min(flat) <= 1
    jacobi = [iterations(SQUARE, "jacobi", n) for n in (15, 31)]
    assert jacobi[1] / jacobi[0] == pytest.approx(4.0, rel=0.1)
    sor = [iterations(SQUARE, "sor", n) for n in (15, 31)]
    assert sor[1] / sor[0] == pytest.approx(2.0, rel=0.15)


MISTAKES = [
    (["--solver", "multigrd"], "unknown solver 'multigrd': choose one of"),
    (
        ["--n", "60"],
        "n = 60 is not 2**k - 1, which multigrid_v_parity needs to halve its grids: take n = 63",
    ),
    (["--solver", "cg", "--n", "2"], "n = 2 is too small for the stencil of differences: take n >= 3"),
    (["--solver", "sine_halves", "--n", "64"], "n = 64 is even, but sine_halves needs an odd n: take n = 65"),
    (["--solver", "lu", "--n", "100"], "take n <= 32"),
    (["--solver", "dst", "--n", "9000"], "81,000,000 unknowns in 2D, more than the 67,108,864 that memory is kept for"),
    (["--solver", "fft"], "it needs eigenvectors that are Fourier modes"),
    (["--solver", "cg", "--equation", "screened", "--screening", "-1"], "c = -1 is negative"),
    (["--screening", "5"], "screening = 5.0 does not enter equation 'poisson': take equation 'screened'"),
    (["--boundary", "slippery"], "unknown boundary 'slippery': choose one of dirichlet"),
    (["--dimension", "4"], "dimension 4 is not 1, 2 or 3"),
    (["--solver", "cg", "--loop", "forever"], "solver cg has no loop 'forever'"),
    (["--solver", "cg", "--spelling", "runes"], "spelling 'runes' does not exist"),
    (["--solver", "cg", "--scheme", "magic"], "unknown scheme 'magic'"),
]


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES, ids=lambda x: x[1] if isinstance(x, list) else "")
def test_mistakes_are_one_sentence(arguments: list[str], sentence: str) -> None:
    assert sentence in _refused(["solve", *arguments])


def _refused(arguments: list[str]) -> str:
    """What the command says of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["pde", *arguments])
        status, wrong = answer("pde", app)
    assert status == 2
    assert len(wrong.splitlines()) == 1
    return wrong


@pytest.fixture
def _unsolvable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever solves or validates before the mistake is told fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("solved before the path was checked")

    monkeypatch.setattr(report, "solve", refuse)
    monkeypatch.setattr(report, "_validated", refuse)


@pytest.mark.usefixtures("_unsolvable")
def test_a_picture_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.machinery.ModuleSpec("matplotlib", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
    missing = tmp_path / "none" / "u.png"
    assert "which is no folder: make it, or name another" in _refused(["solve", "--plot", str(missing)])
    assert "is a folder: name a file in it" in _refused(["solve", "--plot", str(tmp_path)])
    assert "ends in '.txt': end it in one of .png," in _refused(["solve", "--plot", str(tmp_path / "u.txt")])
    assert "ends in ''" in _refused(["solve", "--plot", str(tmp_path / "u")])
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "cannot be written" in _refused(["solve", "--plot", str(tmp_path / "u.png")])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "--plot needs matplotlib, which is missing" in _refused(["solve", "--plot", str(tmp_path / "u.png")])


@pytest.mark.usefixtures("_unsolvable")
def test_records_and_tables_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "none" / "records"
    assert "--records" in _refused(["validate", "--records", str(missing)])
    assert "is a folder: name a file in it" in _refused(["validate", "--records", str(tmp_path)])
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "--write" in _refused(["validate", "--all", "--write"])


def test_no_workers() -> None:
    assert "--workers 0 is below 1: give at least 1" in _refused(["validate", "--workers", "0"])


def test_incompatible_neumann_data() -> None:
    with pytest.raises(pde.UserError, match="a pure Neumann problem has a solution only if it is 0"):
        check_compatible(np.ones(8), 0.5)


@pytest.mark.parametrize("tolerance", [0.0, -1e-6, 1.0, float("nan")])
def test_a_tolerance_out_of_bounds(tolerance: float) -> None:
    with pytest.raises(pde.UserError, match="is not between 0 and 1: take 1e-5"):
        pde.solve(pde.Problem(2, "dirichlet", "poisson", "sine"), "cg", 7, tolerance=tolerance)


def test_solve_prints_error_and_iterations() -> None:
    result = CliRunner().invoke(app, ["solve", "--solver", "multigrid", "--n", "15"])
    assert result.exit_code == 0
    assert "iterations" in result.output


def test_screening_enters_the_equation() -> None:
    """With c = 1e8 the solution is f / c but for a part in a million."""
    result = CliRunner().invoke(app, ["solve", "--equation", "screened", "--screening", "1e8", "--n", "7"])
    assert result.exit_code == 0
    assert float(result.output.split("error ")[1].split(",")[0]) < 1e-5


def test_a_picture_that_fails_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = pytest.importorskip("matplotlib.figure")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure.Figure, "savefig", refuse)
    arguments = ["solve", "--solver", "dst", "--n", "3", "--plot", str(tmp_path / "u.png")]
    assert "cannot be written (No space left on device): name another file" in _refused(arguments)


def test_help_does_not_import_jax() -> None:
    code = "import sys, pde.__main__; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
