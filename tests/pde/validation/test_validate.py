"""Variants converge at their theoretical order: one of every solver, and a part of the table."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pde.family import catalogue as catalogue_
from pde.family import validated
from pde.family.catalogue import catalogue, stratified, unvalidated, variants
from pde.family.family import variant_of
from pde.family.variant import Variant
from pde.schemes.problem import Problem
from pde.validation.validate import validate

QUICK = [
    ("1d", "dirichlet", "poisson", "bump", "differences", "slices", "jacobi", "fori"),
    ("1d", "dirichlet", "poisson", "bump", "differences", "slices", "gauss_seidel", "scan"),
    ("2d", "dirichlet", "poisson", "ridge", "differences", "roll", "sor", "while"),
    ("2d", "dirichlet", "screened", "front", "differences", "diff", "cg", "fori"),
    ("2d", "dirichlet", "variable", "bump", "elements", "elements", "minres", "while"),
    ("1d", "robin", "poisson", "front", "volumes", "scatter", "bicgstab", "recorded"),
    ("2d", "dirichlet", "poisson", "sine", "differences", "diff", "bicgstab2", "while"),
    ("1d", "mixed", "poisson", "quarter_ridge", "volumes", "slices", "thomas", "direct"),
    ("1d", "dirichlet", "poisson", "bump", "stretched", "gather", "tridiagonal_solve", "direct"),
    ("1d", "dirichlet", "poisson", "exponential", "compact", "slices", "cyclic_reduction", "direct"),
    ("2d", "neumann", "poisson", "crest", "volumes", "slices", "multigrid_v_red_black", "while"),
    ("2d", "dirichlet", "poisson", "ridge", "differences", "roll", "multigrid_v_parity", "recorded"),
    ("2d", "dirichlet", "poisson", "ridge", "compact", "convolution", "multigrid_v_damped", "fori"),
    ("2d", "dirichlet", "poisson", "ridge", "differences", "slices", "fast_diagonalisation", "direct"),
    (
        "2d",
        "dirichlet",
        "anisotropic",
        "bump",
        "rectangular_differences",
        "slices",
        "chebyshev_iteration",
        "scan",
    ),
    ("2d", "channel", "poisson", "channel_swell", "differences", "slices", "cholesky", "direct"),
    ("2d", "periodic", "poisson", "swell", "wide", "slices", "real_fourier", "direct"),
    ("3d", "dirichlet", "poisson", "bump", "compact", "slices", "pcg_jacobi", "while"),
    ("2d", "dirichlet", "poisson", "ridge", "sine", "modes", "sine_halves", "direct"),
    ("2d", "dirichlet", "poisson", "ridge", "differences", "slices", "sine_zeros", "direct"),
    ("2d", "neumann", "poisson", "crest", "cosine", "modes", "cosine_extension", "direct"),
    ("3d", "periodic", "screened", "swell", "fourier", "modes", "fourier", "direct"),
    ("1d", "dirichlet", "variable", "bump", "chebyshev", "product", "lu", "direct"),
    ("2d", "dirichlet", "poisson", "sine", "wide_ends", "slices", "bicgstab", "while"),
]


@pytest.mark.parametrize("names", QUICK, ids="/".join)
def test_order(names: tuple[str, ...]) -> None:
    dimension, boundary, equation, solution, *rest = names
    result = validate(Variant(Problem(int(dimension[0]), boundary, equation, solution), *rest))
    assert result.passed, result.reason
    assert result.bound == 0 or result.iterations <= result.bound


def test_quick_ones_are_valid() -> None:
    known = {v.key for v in variants()}
    assert {"/".join(names) for names in QUICK} <= known


def test_the_catalogue_is_broad() -> None:
    chosen = catalogue()
    assert len(chosen) >= 1000
    assert len({v.key for v in chosen}) == len(chosen)
    assert len({(v.solver, v.scheme) for v in chosen}) >= 40
    assert len({v.solver for v in stratified()}) >= 40


def test_the_table_holds_the_catalogue_and_every_row_is_valid() -> None:
    rows = validated.read()
    assert set(rows) == {v.key for v in catalogue()}
    for row in rows.values():
        assert math.isnan(row.expected_order) or abs(row.observed_order - row.expected_order) <= 0.25
        assert row.bound == 0 or row.iterations <= row.bound


def test_rows_of_the_table_stay_and_those_that_are_missing_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after a new solver: the table knows nothing of it, and its rows are all that is to be validated."""
    assert unvalidated() == ()
    rows = validated.read()
    without = {key: row for key, row in rows.items() if row.solver != "minres"}
    monkeypatch.setattr(validated, "read", lambda: without)
    monkeypatch.setattr(catalogue_, "catalogue", catalogue.__wrapped__)
    found = unvalidated()
    assert found
    assert {v.solver for v in found} == {"minres"}
    assert {v.key for v in catalogue_.catalogue()} == {*without, *(v.key for v in found)}


def test_the_table_is_written_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    validated.write((vars(row) for row in validated.read().values()), path)
    assert path.read_bytes() == validated.PATH.read_bytes()


@pytest.mark.parametrize("key", sorted(validated.read())[::400])
def test_the_table_is_what_validation_finds(key: str) -> None:
    row = validated.read()[key]
    result = validate(variant_of(row))
    assert result.passed
    if not math.isnan(row.expected_order):  # spectral errors are rounding, and so are their quotients
        assert result.observed_order == pytest.approx(row.observed_order, abs=0.02)
    assert result.iterations == pytest.approx(row.iterations, rel=0.05, abs=1)
