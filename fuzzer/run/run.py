"""A run: blocks -> keys -> shards. The same command gives the same bytes and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fuzzer.base.errors import RunError, stopped
from fuzzer.base.options import Options, check
from fuzzer.base.versions import versions
from fuzzer.executors.base import Executor, Start
from fuzzer.executors.local import local
from fuzzer.families.family import resolve
from fuzzer.families.poisson import poisson
from fuzzer.families.programs import programs
from fuzzer.run import folder
from fuzzer.run.card import FamilyCard, card
from fuzzer.run.maker import BlockCounts, FamilyRun, Maker, repaired
from fuzzer.run.manifest import README, REJECTS, Manifest, damaged, total
from fuzzer.run.progress import Reporter
from fuzzer.run.shard import RejectsTask, write_rejects
from fuzzer.storage.base import Store, sha256, write
from fuzzer.storage.store import at
from processes.commands import counted
from processes.ending import in_order
from processes.services import Lacking


@dataclass(frozen=True)
class Summary:
    """How a run ended."""

    out: str
    rows: int
    duplicates: int
    rejects: int
    fresh: int
    seconds: float
    memory: int
    """Bytes of the largest worker; 0 if none was needed."""

    def text(self) -> str:
        """What a run prints at its end."""
        dropped = f"{counted(self.duplicates, 'duplicate')} and {counted(self.rejects, 'reject')} left out"
        rows = counted(self.rows, "row")
        if not self.fresh:
            return f"{rows} in {self.out} ({dropped}); there already"
        speed = f"{self.fresh / self.seconds:.1f} rows/s for the {self.fresh:,} made now"
        memory = f"largest worker {self.memory / 1e6:.0f} MB"
        return f"{rows} in {self.out} ({dropped}); {speed}, {memory}"


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
    plan = plan_of(options, parts)
    with plan.locked():
        return complete(plan, reporter, start)


@dataclass(frozen=True)
class Plan:
    """What is to be made, where, and the identity of the run that makes it."""

    options: Options
    store: Store
    parts: Sequence[FamilyRun]
    identity: folder.Identity

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keeps other runs out while this one writes."""
        folder.check(self.store, self.identity)
        try:
            with in_order(), self.store.locked():
                folder.check(self.store, self.identity)
                yield
        except BrokenPipeError:  # whoever read what is said here has gone
            raise
        except Lacking as error:
            raise RunError(f"{error}; what is finished is kept") from None
        except OSError as error:
            raise stopped(self.store.address, error) from None

    def begin(self) -> None:
        """Marks the place as this run's and removes what a killed one left half-written."""
        folder.begin(self.store, self.identity, self.options.asked())
        self.store.remove_parts()

    def makers(self, reporter: Reporter, executor: Executor, counts: BlockCounts = None) -> list[Maker]:
        return [Maker(self.options, self.store, part, reporter, executor, counts) for part in self.parts]


def plan_of(options: Options, parts: Sequence[FamilyRun] | None = None) -> Plan:
    """The plan of what is asked for; raises UserError for a mistake in it."""
    check(options)
    store = at(options.out)
    parts = families(options) if parts is None else parts
    identity = {
        "seed": options.seed,
        "rows_per_shard": options.rows_per_shard,
        "per_structure": options.per_structure,
        "block": options.block,
        "limits": options.bounds(),
        "families": {part.spec.name: _origin(part) for part in parts},
        "versions": versions(),
    }
    return Plan(options, store, parts, identity)


def _origin(part: FamilyRun) -> dict[str, Any]:
    return {"shards": part.shards, "factory": part.spec.factory, **resolve(part.spec).origin}


def complete(plan: Plan, reporter: Reporter, start: Start, counts: BlockCounts = None) -> Summary:
    """Makes what is missing of a run whose place is locked."""
    store = plan.store
    manifest = folder.manifest(store)
    if manifest is None or damaged(store, manifest):
        with start(plan.options.limits) as executor:
            plan.begin()
            manifest = _make(plan, reporter, executor, counts)
    folder.finish(store)
    return _summary(store, manifest, reporter)


def _summary(store: Store, manifest: Manifest, reporter: Reporter) -> Summary:
    state = reporter.state
    duplicates = total(manifest, "duplicates") + total(manifest, "crowded")
    figures = (total(manifest, "rows"), duplicates, total(manifest, "rejects"))
    return Summary(store.address, *figures, fresh=state.fresh, seconds=state.seconds, memory=state.memory)


def _make(plan: Plan, reporter: Reporter, executor: Executor, counts: BlockCounts) -> Manifest:
    """Makes all files of the run but for the cleaning up; the manifest comes last."""
    store = plan.store
    makers, cards = plan.makers(reporter, executor, counts), list[FamilyCard]()
    for maker in makers:
        executor.renew()
        cards.append(maker.make())
    rejecting = {maker.name: maker.selection.rejecting for maker in makers}
    task = RejectsTask(store, REJECTS, rejecting)
    repaired(executor, write_rejects, task, {maker.name: maker.blocks for maker in makers})
    write(store, README, card(plan.identity, cards).encode())
    manifest = {
        "run": plan.identity,
        "files": {name: sha256(store, name) for name in (README, REJECTS)},
        "families": {family.name: family.entry for family in cards},
    }
    write(store, folder.MANIFEST, folder.as_json(manifest))
    return manifest
