"""A run: blocks -> keys -> shards. The same command gives the same bytes and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzzer import folder, store
from fuzzer.card import card
from fuzzer.errors import RunError, out_of_space
from fuzzer.family import FamilySpec, poisson, programs, resolve
from fuzzer.maker import Maker, repaired
from fuzzer.manifest import README, REJECTS, Manifest, damaged, total
from fuzzer.options import Limits, Options, check
from fuzzer.pool import Executor, local
from fuzzer.progress import Reporter
from fuzzer.shard import RejectsTask, write_rejects
from fuzzer.versions import versions

Start = Callable[[Limits], AbstractContextManager[Executor]]
"""Makes the executor that a run works on."""


@dataclass(frozen=True)
class FamilyRun:
    """A family and how many files it gets."""

    spec: FamilySpec
    shards: int


@dataclass(frozen=True)
class Summary:
    """How a run ended."""

    out: Path
    rows: int
    duplicates: int
    rejects: int
    fresh: int
    seconds: float
    memory: int
    """Bytes of the largest worker; 0 if none was needed."""

    def text(self) -> str:
        """What a run prints at its end."""
        dropped = f"{self.duplicates:,} duplicates and {self.rejects:,} rejects left out"
        if not self.fresh:
            return f"{self.rows:,} rows in {self.out} ({dropped}); they were there already"
        speed = f"{self.fresh / self.seconds:.1f} rows/s for the {self.fresh:,} made now"
        memory = f"largest worker {self.memory / 1e6:.0f} MB"
        return f"{self.rows:,} rows in {self.out} ({dropped}); {speed}, {memory}"


def families(options: Options) -> list[FamilyRun]:
    """The families of a run, each a folder of its own."""
    return [FamilyRun(programs(options.profile), options.shards), FamilyRun(poisson(), options.poisson_files)]


def run(
    options: Options, reporter: Reporter, parts: Sequence[FamilyRun] | None = None, start: Start = local
) -> Summary:
    """Makes a run, or what is missing of it, in `options.out`.

    Raises UserError before anything is written, RunError when it cannot go on; then what is finished is kept
    and the same command goes on.
    """
    check(options)
    plan = _plan(options, families(options) if parts is None else parts)
    folder.check(options.out, plan.identity)
    try:
        with folder.locked(options.out):
            folder.check(options.out, plan.identity)
            return _run(plan, reporter, start)
    except OSError as error:
        if not out_of_space(error):
            raise
        raise RunError(
            f"no space left for {str(options.out)!r}: finished blocks are kept; make room and start the same"
            " command again"
        ) from None


@dataclass(frozen=True)
class Plan:
    """What is to be made, and the identity of the run that makes it."""

    options: Options
    parts: Sequence[FamilyRun]
    identity: folder.Identity


def _plan(options: Options, parts: Sequence[FamilyRun]) -> Plan:
    identity = {
        "seed": options.seed,
        "rows_per_shard": options.rows_per_shard,
        "per_structure": options.per_structure,
        "block": options.block,
        "families": {part.spec.name: _origin(part) for part in parts},
        "versions": versions(),
    }
    return Plan(options, parts, identity)


def _origin(part: FamilyRun) -> dict[str, Any]:
    return {"shards": part.shards, "factory": part.spec.factory, **resolve(part.spec).origin}


def _run(plan: Plan, reporter: Reporter, start: Start) -> Summary:
    out = plan.options.out
    finished = folder.manifest(out)
    if finished is None or damaged(out, finished):
        folder.begin(out, plan.identity)
        store.remove_parts(out)
        with start(plan.options.limits) as executor:
            finished = _make(plan, reporter, executor)
    folder.finish(out)
    return _summary(out, finished, reporter)


def _summary(out: Path, manifest: Manifest, reporter: Reporter) -> Summary:
    state = reporter.state
    duplicates = total(manifest, "duplicates") + total(manifest, "crowded")
    counts = (total(manifest, "rows"), duplicates, total(manifest, "rejects"))
    return Summary(out, *counts, fresh=state.fresh, seconds=state.seconds, memory=state.memory)


def _make(plan: Plan, reporter: Reporter, executor: Executor) -> Manifest:
    """Makes all files of the run but for the cleaning up; the manifest comes last."""
    out = plan.options.out
    makers = [Maker(plan.options, part.spec, part.shards, reporter, executor) for part in plan.parts]
    cards = [maker.make() for maker in makers]
    rejecting = {maker.name: maker.selection.rejecting for maker in makers}
    task = RejectsTask(out, out / REJECTS, rejecting)
    repaired(executor, write_rejects, task, {maker.name: maker.blocks for maker in makers})
    store.write(out / README, card(plan.identity, cards).encode())
    files = {name: store.sha256(out / name) for name in (README, REJECTS)}
    manifest = {
        "run": plan.identity,
        "files": files,
        "families": {family.name: family.entry for family in cards},
    }
    store.write(out / folder.MANIFEST, folder.as_json(manifest))
    return manifest
