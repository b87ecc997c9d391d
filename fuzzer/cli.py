"""The command line. Only what `--help` needs is imported here; a command imports the rest when it starts."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer

from fuzzer.base.environment import settle
from fuzzer.base.errors import RunError
from fuzzer.base.options import Limits, Options, check, check_limits, check_rows
from processes import capacity, ending
from processes.commands import STATUSES, answer, counted, tell_version
from processes.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzzer.executors.base import Start
    from fuzzer.reports.verify import Promise
    from fuzzer.run.progress import Reporter

NAME = "fuzzer"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

Seed = Annotated[int, typer.Option(help="Number of the run; another seed gives other rows.")]
Shards = Annotated[int, typer.Option(help="Parquet files to make.")]
PoissonShards = Annotated[
    int | None, typer.Option(help="Files of Poisson solvers. [default: a tenth of --shards, at least 1]")
]
RowsPerShard = Annotated[int, typer.Option(help="Rows in each, on average.")]
PerStructure = Annotated[int, typer.Option(help="Rows of one structure, at most.")]
Profile = Annotated[str, typer.Option(help="Name of a bundled profile, or path of a .toml.")]
Run = Annotated[
    str | None, typer.Option(help="Folder or address (s3://...) to write to. [default: datasets/seed-SEED]")
]
Workers = Annotated[int | None, typer.Option(help="Processes. [default: as many as cores and memory allow]")]
ExecutorName = Annotated[str, typer.Option("--executor", help="Where the work is done: local or ray.")]
RayAddress = Annotated[str | None, typer.Option("--address", help="Ray cluster. [default: RAY_ADDRESS, or a new one]")]
BlockRange = Annotated[str | None, typer.Option(metavar="A:B", help="Make only these blocks, for a later `merge`.")]
Block = Annotated[int, typer.Option(help="Programs that a worker makes at a time.", hidden=True)]
BlockSeconds = Annotated[float, typer.Option(help="Time limit of a block of programs.")]
ProgramSeconds = Annotated[float, typer.Option(help="The same of one of its programs; part of the run.")]
WorkerMemory = Annotated[int, typer.Option(help="Megabytes that a worker may allocate; part of the run.")]
KeysMemory = Annotated[int, typer.Option(help="Megabytes of dedup keys; more go to TMPDIR.", hidden=True)]
Log = Annotated[Path | None, typer.Option(help="File for progress as JSON lines.")]
Version = Annotated[bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Print the version.")]
Folder = Annotated[str, typer.Argument(help="Folder or address of a finished run.")]


@app.callback(invoke_without_command=True, epilog=STATUSES)
def make(
    context: typer.Context,
    seed: Seed = Options.seed,
    shards: Shards = Options.shards,
    poisson_shards: PoissonShards = Options.poisson_shards,
    rows_per_shard: RowsPerShard = Options.rows_per_shard,
    per_structure: PerStructure = Options.per_structure,
    profile: Profile = Options.profile,
    out: Run = None,
    workers: Workers = None,
    executor: ExecutorName = "local",
    address: RayAddress = None,
    block_range: BlockRange = None,
    block: Block = Options.block,
    block_seconds: BlockSeconds = Limits.block_seconds,
    program_seconds: ProgramSeconds = Limits.program_seconds,
    worker_memory: WorkerMemory = Limits.memory_mb,
    keys_memory: KeysMemory = Limits.keys_mb,
    log_json: Log = None,
    version: Version = False,
) -> None:
    """Makes Parquet shards of JAX programs with their JAXPR and StableHLO.

    The same command gives the same bytes, and goes on where it was stopped.
    """
    if context.invoked_subcommand is not None:
        return
    limits = Limits(_workers(workers), block_seconds, program_seconds, worker_memory, keys_memory)
    out = f"datasets/seed-{seed}" if out is None else out
    options = check(Options(out, seed, shards, rows_per_shard, per_structure, profile, block, limits, poisson_shards))
    start = _start(executor, address)
    _run(lambda reporter: _make(options, block_range, reporter, start), out, log_json)


def _make(options: Options, block_range: str | None, reporter: Reporter, start: Start) -> str:
    """Makes a run, or some blocks of it; says what there is then."""
    if block_range is not None:
        from fuzzer.run.ranges import make_range

        return make_range(options, block_range, reporter, start=start)
    from fuzzer.run.run import run

    return run(options, reporter, start=start).text()


@app.command()
def merge(
    folders: Annotated[list[str], typer.Argument(metavar="DIR...", help="Folders made with --block-range.")],
    out: Run = None,
    workers: Workers = None,
    executor: ExecutorName = "local",
    address: RayAddress = None,
    log_json: Log = None,
) -> None:
    """Makes one run of ranges of blocks: the same bytes as if it had been made at once."""
    from fuzzer.run.ranges import merge as merged

    limits = check_limits(Limits(_workers(workers)))
    start = _start(executor, address)
    _run(lambda reporter: merged(folders, out, reporter, limits, start=start).text(), out or "datasets", log_json)


def _workers(number: int | None) -> int:
    """The number of workers: as many as asked for, or as suit the machine; says so where they are fewer than cores."""
    if number is not None:
        return number
    bound = capacity.workers()
    if bound.number < (os.cpu_count() or 1):
        workers, cores = counted(bound.number, "worker"), counted(os.cpu_count() or 1, "core")
        typer.echo(f"{NAME}: {workers} on {cores}, because of {bound.by}", err=True)
    return bound.number


def _start(executor: str, address: str | None) -> Start:
    if executor == "ray":
        from fuzzer.executors.ray import on_ray

        return on_ray(address)
    if executor != "local":
        raise UserError(f"--executor is {executor!r} but must be local or ray: leave it out for this machine")
    if address is not None:
        raise UserError(f"--address is {address!r} but nothing but --executor ray has one: add that, or leave it out")
    from fuzzer.executors.local import local

    return local


def _run(work: Callable[[Reporter], str], out: str, log_json: Path | None) -> None:
    from fuzzer.run.progress import Reporter, views

    if out.startswith("memory:"):
        raise UserError(f"--out is {out!r} but no worker sees another's memory: give a folder, or s3://BUCKET/RUN")
    with _log(log_json) as log:
        ending.say(f"{NAME}: stopped; what is finished is kept in {out}, and the same command goes on from there")
        reporter = Reporter(views(log))
        try:
            summary = work(reporter)
        finally:
            reporter.close()
    typer.echo(summary)


@contextmanager
def _log(path: Path | None) -> Generator[TextIO | None]:
    """The file that steps are added to; one in which nothing came to stand does not stay."""
    if path is None:
        yield None
        return
    try:
        new, file = not path.exists(), path.open("a")
    except OSError as error:
        raise _not_writable("--log-json", path, error) from None
    try:
        with file:
            yield file
    finally:
        if new and not path.stat().st_size:
            path.unlink()


def _not_writable(option: str, path: Path, error: OSError) -> UserError:
    return UserError(f"{option} {str(path)!r} cannot be written ({error.strerror}): give another file")


@app.command()
def bench(
    rows: Annotated[int, typer.Option(help="Fresh programs to measure.")] = 500,
    seed: Seed = Options.seed,
    profile: Profile = Options.profile,
    family: Annotated[str, typer.Option(help="programs or poisson.")] = "programs",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measures CPU time a row: what JAX itself costs, and the whole pipeline by stage."""
    from fuzzer.families.poisson import poisson
    from fuzzer.families.programs import programs
    from fuzzer.reports import bench as module

    specs = {"programs": programs(profile), "poisson": poisson()}
    if family not in specs:
        raise UserError(f"--family is {family!r} but must be one of {', '.join(specs)}: choose one of these")
    result = module.bench(specs[family], seed, check_rows(rows))
    typer.echo(module.as_json(result) if as_json else module.as_text(result))


@app.command()
def coverage(
    rows: Annotated[int, typer.Option(help="Programs to draw.")] = 200,
    seed: Seed = Options.seed,
    profile: Profile = Options.profile,
) -> None:
    """Prints what of JAX and of Python programs have, beside how often real code has it."""
    from fuzzer.reports.coverage import coverage as text

    typer.echo(text(profile, seed, check_rows(rows)))


@app.command()
def verify(
    folder: Folder,
    rows: Annotated[int | None, typer.Option(help="Rows to run again. [default: all]")] = None,
    workers: Workers = None,
) -> None:
    """Checks every promise about a run; one line for each, exit status 1 if one is broken.

    What only the versions that made the run can tell is skipped where others are installed, and said to be.
    """
    from fuzzer.reports.verify import unchecked
    from fuzzer.reports.verify import verify as check_promises

    limits = check_limits(Limits(_workers(workers)))
    promises: list[Promise] = []
    for promise in check_promises(folder, None if rows is None else check_rows(rows), limits):
        typer.echo(str(promise))
        promises.append(promise)
    if left := unchecked(promises):
        typer.echo(left)
    raise typer.Exit(0 if all(promise.holds for promise in promises) else 1)


@app.command()
def show(
    folder: Folder,
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="Start of a row's id.")] = "",
    index: Annotated[int | None, typer.Option(help="Index of the row instead.")] = None,
    family: Annotated[str, typer.Option(help="Configuration to look in.")] = "programs",
) -> None:
    """Prints one row: source, JAXPR, StableHLO."""
    from fuzzer.reports.show import show as text

    typer.echo(text(folder, family, id_, index))


@app.command()
def stats(
    folder: Folder,
    write: Annotated[Path | None, typer.Option(help="File to write the tables to.")] = None,
    log: Annotated[Path | None, typer.Option(help="The run's --log-json file, for rows a second.")] = None,
) -> None:
    """Prints the figures of a run as Markdown, in 20 lines at most."""
    from fuzzer.reports.stats import stats as text

    lines = text(folder, log)
    if write is None:
        typer.echo(lines)
        return
    try:
        write.write_text(lines + "\n")
    except OSError as error:
        raise _not_writable("--write", write, error) from None


def main() -> NoReturn:
    """Ends the process; `processes.commands.STATUSES` says with what status."""
    ending.command(NAME, _answer)


def _answer() -> tuple[int, str]:
    settle()
    return answer(NAME, app, RunError)
