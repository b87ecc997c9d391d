"""The command line. Only what `--help` needs is imported here; a command imports the rest when it starts."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer

from fuzzer.errors import RunError, UserError

if TYPE_CHECKING:
    from fuzzer.options import Options

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

Seed = Annotated[int, typer.Option(help="Number of the run; another seed gives other rows.")]
Profile = Annotated[str, typer.Option(help="Name of a bundled profile, or path of a .toml.")]
Folder = Annotated[Path, typer.Argument(help="Folder of a finished run.")]


@app.callback(invoke_without_command=True)
def make(
    context: typer.Context,
    seed: Seed = 0,
    shards: Annotated[int, typer.Option(help="Parquet files to make.")] = 20,
    poisson_shards: Annotated[
        int | None, typer.Option(help="Files of Poisson solvers. [default: a tenth of --shards, at least 1]")
    ] = None,
    rows_per_shard: Annotated[int, typer.Option(help="Rows in each, on average.")] = 512,
    per_structure: Annotated[int, typer.Option(help="Rows of one structure, at most.")] = 4,
    profile: Profile = "default",
    out: Annotated[Path | None, typer.Option(help="Folder to write to. [default: datasets/seed-SEED]")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. [default: one for each core]")] = None,
    block: Annotated[int, typer.Option(help="Programs that a worker makes at a time.", hidden=True)] = 100,
    block_seconds: Annotated[float, typer.Option(help="Time limit of a block of programs.")] = 300.0,
    program_seconds: Annotated[float, typer.Option(help="Time limit of a program of a lost block.")] = 30.0,
    worker_memory: Annotated[int, typer.Option(help="Megabytes that a worker may allocate.")] = 4096,
    log_json: Annotated[Path | None, typer.Option(help="File for progress as JSON lines.")] = None,
) -> None:
    """Makes Parquet shards of JAX programs with their JAXPR and StableHLO.

    The same command gives the same bytes, and goes on where it was stopped.
    """
    if context.invoked_subcommand is not None:
        return
    from fuzzer.options import Limits, Options, check

    given = {} if workers is None else {"workers": workers}
    limits = Limits(**given, block_seconds=block_seconds, program_seconds=program_seconds, memory_mb=worker_memory)
    out = out or Path("datasets") / f"seed-{seed}"
    options = Options(out, seed, shards, rows_per_shard, per_structure, profile, block, limits, poisson_shards)
    _run(check(options), log_json)


def _run(options: Options, log_json: Path | None) -> None:
    from fuzzer.progress import Reporter, views
    from fuzzer.run import run

    reporter = Reporter(views(_opened(log_json)))
    try:
        summary = run(options, reporter)
    except KeyboardInterrupt:
        reporter.close()
        _say(f"stopped; what is finished is kept in {options.out}, and the same command goes on from there")
        raise
    finally:
        reporter.close()
    typer.echo(summary.text())


def _opened(path: Path | None) -> TextIO | None:
    try:
        return path.open("a") if path else None
    except OSError as error:
        raise UserError(f"--log-json {str(path)!r} cannot be written ({error.strerror}): give another file") from None


@app.command()
def bench(
    rows: Annotated[int, typer.Option(help="Fresh programs to measure.")] = 500,
    seed: Seed = 0,
    profile: Profile = "default",
    family: Annotated[str, typer.Option(help="programs or poisson.")] = "programs",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measures CPU time a row: what JAX itself costs, and the whole pipeline by stage."""
    from fuzzer import bench as module
    from fuzzer.family import poisson, programs
    from fuzzer.options import check_rows

    specs = {"programs": programs(profile), "poisson": poisson()}
    if family not in specs:
        raise UserError(f"--family is {family!r} but must be one of {', '.join(specs)}: choose one of these")
    result = module.bench(specs[family], seed, check_rows(rows))
    typer.echo(module.as_json(result) if as_json else module.as_text(result))


@app.command()
def verify(
    folder: Folder,
    rows: Annotated[int | None, typer.Option(help="Rows to run again. [default: all]")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. [default: one for each core]")] = None,
) -> None:
    """Checks every promise about a run; one line for each, exit status 1 if one is broken."""
    from fuzzer.options import Limits, check_rows
    from fuzzer.verify import verify as check_promises

    limits = Limits() if workers is None else Limits(workers=workers)
    broken = 0
    for promise in check_promises(folder, None if rows is None else check_rows(rows), limits):
        typer.echo(str(promise))
        broken += not promise.holds
    raise typer.Exit(1 if broken else 0)


@app.command()
def show(
    folder: Folder,
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="Start of a row's id.")] = "",
    index: Annotated[int | None, typer.Option(help="Index of the row instead.")] = None,
    family: Annotated[str, typer.Option(help="Configuration to look in.")] = "programs",
) -> None:
    """Prints one row: source, JAXPR, StableHLO."""
    from fuzzer.show import show as text

    typer.echo(text(folder, family, id_, index))


@app.command()
def stats(
    folder: Folder,
    write: Annotated[Path | None, typer.Option(help="File to write the tables to.")] = None,
    log: Annotated[Path | None, typer.Option(help="The run's --log-json file, for rows a second.")] = None,
) -> None:
    """Prints the figures of a run as Markdown, in 20 lines at most."""
    from fuzzer.stats import stats as text

    lines = text(folder, log)
    if write is None:
        typer.echo(lines)
    else:
        write.write_text(lines + "\n")


def main() -> NoReturn:
    """Exit status 2 for a user's mistake, 1 for a run that cannot go on, 130 for Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except UserError as error:
        _say(str(error))
        sys.exit(2)
    except RunError as error:
        _say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _interrupt(number: int, frame: object) -> NoReturn:
    """Schedulers end a job with SIGTERM; it gets the same clean end as Ctrl-C."""
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(f"fuzzer: {text}", file=sys.stderr, flush=True)
