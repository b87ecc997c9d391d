"""What the command line prints: catalogue, one solution, convergence table, growth of iterations."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import jax
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pde.errors import UserError
from pde.family import validated
from pde.family.catalogue import catalogue, stratified, unvalidated, variants
from pde.family.variant import Variant
from pde.library import solve
from pde.schemes.problem import BOUNDARIES, EQUATIONS, Problem, problems
from pde.schemes.table import SCHEMES
from pde.solvers.table import SOLVERS
from pde.validation import validate
from pde.validation.plot import check_picture, save
from pde.validation.records import Record, Records, check_writable
from processes.commands import counted
from processes.ending import in_order

Portion = Literal["all", "missing", "tenth"]
"""How much of the catalogue is validated."""
console = Console() if sys.stdout.isatty() else Console(width=160)
"""A file has no width of its own, and no column is to be cut."""
MULTIGRID_SIZES = (63, 127, 255, 511, 1023)
RELAXATION_SIZES = (15, 31, 63)
PORTIONS: dict[Portion, Callable[[], Sequence[Variant]]] = {
    "all": catalogue,
    "missing": unvalidated,
    "tenth": stratified,
}
LINE_EVERY = 20
"""Combinations between two lines of progress where there is no terminal."""


def print_catalogue(everything: bool) -> None:
    """Schemes with their spellings, solvers with their loops, and the numbers of combinations."""
    chosen = catalogue()
    if everything:
        for variant in chosen:
            print(variant.key)
        return
    schemes, solvers = Counter(v.scheme for v in chosen), Counter(v.solver for v in chosen)
    _print_table(
        ("scheme", "dimensions", "boundaries", "equations", "spellings", "validated"),
        [
            (
                s.name,
                _words(s.dimensions),
                _words(s.boundaries),
                _words(s.equations),
                _words(s.spellings),
                str(schemes[s.name]),
            )
            for s in SCHEMES.values()
        ],
    )
    _print_table(
        ("solver", "dimensions", "loops", "needs", "validated"),
        [
            (
                s.name,
                _words(s.dimensions),
                _words(s.loops),
                _words(sorted(t.name.lower() for t in s.needs)),
                str(solvers[s.name]),
            )
            for s in SOLVERS.values()
        ],
    )
    pairs = len({(v.solver, v.scheme) for v in chosen})
    valid, joined = counted(len(variants()), "valid combination"), counted(pairs, "solver x scheme pair")
    console.print(f"{valid}, {len(chosen):,} validated, {joined}")


def _words(items: Any) -> str:
    return " ".join(map(str, items))


def _print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    grid = Table(*head)
    for row in rows:
        grid.add_row(*row)
    console.print(grid)


def print_solution(
    dimension: int,
    boundary: str,
    equation: str,
    solution: str,
    names: dict[str, Any],
    screening: float | None,
    plot: Path | None,
) -> None:
    """Solves once to compile and once for the time."""
    if plot is not None and dimension == 3:
        raise UserError("dimension 3 has no picture: take dimension 1 or 2, or leave --plot out")
    if plot is not None:
        check_picture(plot)
    problem = _problem(dimension, boundary, equation, solution, screening)
    outcome = solve(problem, **names)
    start = time.perf_counter()
    jax.block_until_ready(solve(problem, **names).u)
    seconds = time.perf_counter() - start
    count = "none" if outcome.iterations is None else str(outcome.iterations)
    count += f" ({outcome.status.value})" if outcome.status and not outcome.converged else ""
    console.print(
        f"{outcome.variant.key}\nn = {outcome.n}, error {outcome.error:.3e}, iterations {count}, {seconds:.3f} s"
    )
    if plot is not None:
        save(outcome, plot)
        console.print(f"picture in {plot}")


def _problem(dimension: int, boundary: str, equation: str, solution: str, screening: float | None) -> Problem:
    if solution:
        return Problem(dimension, boundary, equation, solution, screening)
    if boundary not in BOUNDARIES:
        raise UserError(f"unknown boundary {boundary!r}: choose one of {', '.join(BOUNDARIES)}")
    if equation not in EQUATIONS:
        raise UserError(f"unknown equation {equation!r}: choose one of {', '.join(EQUATIONS)}")
    return replace(problems(dimension, boundary, equation)[0], screening=screening)


# Validation.


def run_validation(portion: Portion, write: bool, workers: int, only: str, kept: Path | None = None) -> bool:
    """Validates what is not kept yet, prints failures, summary and growth; true where nothing failed."""
    of_portion = PORTIONS[portion]()
    if not of_portion:
        console.print(f"nothing is missing in {validated.PATH}", soft_wrap=True)
        return True
    chosen = [v for v in of_portion if only in v.key]
    if not chosen:
        raise UserError(f"no combination contains {only!r}: look for one with `python -m pde list --all`")
    if kept is not None:
        check_writable("--records", kept)
    if write:
        check_writable("--write", validated.PATH)
    start = time.perf_counter()
    records = _validated(chosen, workers, Records(kept))
    failures = [r for r in records if not r["passed"]]
    _print_summary(records)
    for record in failures:
        console.print(f"FAILED {validated.key_of(record)}: {record['reason']}", soft_wrap=True)
    print_growth()
    minutes = (time.perf_counter() - start) / 60
    console.print(
        f"{counted(len(records), 'combination')}, {counted(len(failures), 'failure')}, {minutes:.1f} min on"
        f" {counted(workers, 'worker')}"
    )
    if write:
        with in_order():  # a table half written would be worse than none
            count = _write(records)
        console.print(f"{counted(count, 'row')} in {validated.PATH}", soft_wrap=True)
    return not failures


def _write(records: list[Record]) -> int:
    """The rows of the catalogue: those of the table, in place of which come those that passed now."""
    stay = {v.key for v in catalogue()} - {validated.key_of(r) for r in records}
    kept = [vars(row) for key, row in validated.read().items() if key in stay]
    return validated.write([*kept, *(r for r in records if r["passed"])])


def _validated(chosen: list[Variant], workers: int, kept: Records) -> list[Record]:
    """A record for each variant: those kept from before, then the others as they come."""
    columns = (
        TextColumn("validating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
    )
    found = [record for v in chosen if (record := kept.passed(v))]
    waiting = [v for v in chosen if not kept.passed(v)]
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(chosen), completed=len(found), failed=0)
        failed = 0

        def done(record: Record) -> None:
            nonlocal failed
            failed += not record["passed"]
            kept.append(record)
            progress.update(task, advance=1, failed=failed)
            count = int(progress.tasks[0].completed)
            if not console.is_terminal and count % LINE_EVERY == 0:
                print(f"{count} of {len(chosen)} validated, {failed} failed", flush=True)

        return found + validate.validate_many(waiting, workers, done)


def _print_summary(records: list[Record]) -> None:
    """One line for every scheme and solver: combinations, order, iterations."""
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[str(record["scheme"]), str(record["solver"])].append(record)
    rows = [
        (
            scheme,
            solver,
            str(len(group)),
            _number(group[0]["expected_order"]),
            _range(group, "observed_order"),
            _range(group, "iterations"),
            _range(group, "bound"),
        )
        for (scheme, solver), group in sorted(groups.items())
    ]
    _print_table(("scheme", "solver", "combinations", "order", "observed", "iterations", "bound"), rows)


def _number(value: float) -> str:
    return "spectral" if value != value else f"{value:.0f}"


def _range(group: list[Record], key: str) -> str:
    low, high = min(r[key] for r in group), max(r[key] for r in group)
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def print_growth() -> None:
    """Iterations against n: flat for multigrid, n**2 for Jacobi, n for SOR."""
    problem = Problem(2, "dirichlet", "poisson", "ridge")
    rows = [("multigrid_v_red_black", "1", *_growth(problem, "multigrid_v_red_black", MULTIGRID_SIZES))]
    for solver, theory in (("jacobi", "n**2"), ("red_black", "n**2"), ("sor", "n"), ("cg", "n")):
        rows.append((solver, theory, *_growth(problem, solver, RELAXATION_SIZES)))
    _print_table(("solver", "theory", "n: iterations", "growth per doubling"), rows)


def _growth(problem: Problem, solver: str, sizes: tuple[int, ...]) -> tuple[str, str]:
    counts = [iterations(problem, solver, n) for n in sizes]
    ratios = [b / a for a, b in pairwise(counts)]
    return (
        ", ".join(f"{n}: {count}" for n, count in zip(sizes, counts, strict=True)),
        ", ".join(f"{ratio:.2f}" for ratio in ratios),
    )


def iterations(problem: Problem, solver: str, n: int, tolerance: float = 1e-8) -> int:
    """Iterations of the counting loop to the relative residual."""
    count = solve(problem, solver=solver, n=n, loop="while", tolerance=tolerance).iterations
    assert count is not None
    return count
