"""Command line: `python -m pde list|solve|validate|bench`."""

from __future__ import annotations

from processes import ending

if __name__ == "__main__":
    ending.listen("pde")  # before anything that takes time to import

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pde.errors import UserError
from processes import capacity
from processes.commands import STATUSES, answer, tell_version

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True, epilog=STATUSES)
def without_command(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Print the version.")
    ] = False,
) -> None:
    """Poisson solvers: list, run, validate and time the variants."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def _use_64_bits() -> None:
    import jax  # not needed for --help

    jax.config.update("jax_enable_x64", True)


@app.command("list")
def list_variants(
    all_: Annotated[bool, typer.Option("--all", help="Every combination that is validated, one a line.")] = False,
) -> None:
    """Prints schemes, solvers and how many combinations are valid."""
    from pde.validation import report

    report.print_catalogue(all_)


@app.command()
def solve(
    dimension: Annotated[int, typer.Option(help="1, 2 or 3.")] = 2,
    solver: Annotated[str, typer.Option(help="Name of a solver, or multigrid, dst, dct, fft.")] = "multigrid",
    n: Annotated[int, typer.Option(help="Unknowns along the first axis.")] = 63,
    boundary: Annotated[str, typer.Option(help="dirichlet, neumann, periodic, robin, mixed or channel.")] = "dirichlet",
    equation: Annotated[str, typer.Option(help="poisson, screened, anisotropic or variable.")] = "poisson",
    solution: Annotated[str, typer.Option(help="Name of the known solution; the first that fits.")] = "",
    scheme: Annotated[str, typer.Option(help="Discretisation; the first that fits.")] = "",
    spelling: Annotated[str, typer.Option(help="Spelling of the operator; slices where it exists.")] = "",
    loop: Annotated[str, typer.Option(help="Loop of an iteration; while where it exists.")] = "",
    screening: Annotated[float | None, typer.Option(help="c of the screened equation.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Writes a picture of solution and error.")] = None,
) -> None:
    """Solves one problem and prints error, iterations and time."""
    _use_64_bits()
    from pde.validation import report

    names = {"solver": solver, "n": n, "scheme": scheme, "spelling": spelling, "loop": loop}
    report.print_solution(dimension, boundary, equation, solution, names, screening, plot)


@app.command()
def validate(
    all_: Annotated[bool, typer.Option("--all", help="Every combination; otherwise a stratified tenth.")] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Those that the table has no row of.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Writes the table, pde/family/validated.tsv; needs --all or --missing.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Worker processes.")] = capacity.workers().number,
    only: Annotated[str, typer.Option(help="Only keys that contain this text.")] = "",
    records: Annotated[
        Path | None, typer.Option(help="Keeps results here as they come, and goes on from them.")
    ] = None,
) -> None:
    """Runs the written programs on three grids each and compares orders and iterations with theory."""
    _use_64_bits()
    from pde.validation import report

    if all_ and missing:
        raise UserError("--all and --missing are two different portions: give one of them")
    if write and not all_ and not missing:
        raise UserError("--write keeps what --all or --missing finds, and not a tenth: add one of these")
    if workers < 1:
        raise UserError(f"--workers {workers} is below 1: give at least 1")
    portion: report.Portion = "all" if all_ else "missing" if missing else "tenth"
    if not report.run_validation(portion, write, workers, only, records):
        raise typer.Exit(1)


@app.command()
def bench(
    json_: Annotated[bool, typer.Option("--json", help="Prints JSON.")] = False,
    repeats: Annotated[int, typer.Option(help="Timed runs of each; the least counts.")] = 5,
) -> None:
    """Times sine transform, multigrid and conjugate gradients against SciPy."""
    _use_64_bits()
    from pde.validation import bench as timing

    if repeats < 1:
        raise UserError(f"--repeats {repeats} is below 1: give at least 1")
    timing.print_bench(json_, repeats)


def main() -> NoReturn:
    """Ends the process; `processes.commands.STATUSES` says with what status."""
    ending.command("pde", lambda: answer("pde", app))


if __name__ == "__main__":
    main()
