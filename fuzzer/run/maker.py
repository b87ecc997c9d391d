"""The shards of one family: its blocks in order, the rows that are kept, the files they fill."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias, TypeVar

from fuzzer.base.arrow import Schema
from fuzzer.base.errors import Damaged, Lost, LostKeys, RunError
from fuzzer.base.options import Options
from fuzzer.base.schema import schema
from fuzzer.base.split import files_per_split
from fuzzer.base.versions import provenance, versions
from fuzzer.executors.base import Answer, Executor
from fuzzer.families.family import FamilySpec, resolve
from fuzzer.keeping.ledger import ledger
from fuzzer.keeping.selection import PATIENCE, Piece, Selection, cut
from fuzzer.making.block import BlockKeys, BlockTask
from fuzzer.making.blocks import AHEAD, Blocks
from fuzzer.run.card import FamilyCard
from fuzzer.run.manifest import family_entry
from fuzzer.run.progress import Reporter
from fuzzer.run.shard import Figures, ShardReport, ShardTask, write_shard
from fuzzer.storage.base import Store
from processes.commands import counted

T = TypeVar("T")
R = TypeVar("R")

SHARD_SECONDS = 86_400.0
"""A shard is as large as its user wants, so its time has no useful bound."""

REPLAYS = 5
"""Times that a selection may lose its keys and begin again."""

REPAIRS = 100
"""Damaged blocks that one shard may meet before the disk is called unfit."""


BlockCounts: TypeAlias = "Mapping[str, int] | None"
"""How many blocks of each family there are; None where they are made as they are needed."""


@dataclass(frozen=True)
class FamilyRun:
    """A family and how many files it gets."""

    spec: FamilySpec
    shards: int


class Maker:
    """Makes the shards of one family on an executor."""

    def __init__(
        self,
        options: Options,
        store: Store,
        part: FamilyRun,
        reporter: Reporter,
        executor: Executor,
        counts: BlockCounts,
    ) -> None:
        self.name = part.spec.name
        self._options = options
        self._store = store
        self._reporter = reporter
        self._executor = executor
        self._counts = counts
        self._family = resolve(part.spec)
        self._files = files_per_split(part.shards)
        self._target = part.shards * options.rows_per_shard
        self._schema = self._with_metadata()
        origin = dict(self._family.origin)
        first = BlockTask(store, part.spec, origin, options.seed, 0, options.block, options.per_structure)
        self.blocks = Blocks(executor, first, options.limits)
        self.selection = self._nothing_yet()

    def _nothing_yet(self) -> Selection:
        per_structure, memory = self._options.per_structure, self._options.limits.keys_mb * 2**20
        keys = ledger(self._executor, self._target, per_structure, memory)
        return Selection(self._target, self._options.block, per_structure, list(self._files), keys)

    def _with_metadata(self) -> Schema:
        return schema(self._family.columns, provenance(self.name, self._options.seed, versions(), self._family.origin))

    def make(self) -> FamilyCard:
        """Selects the rows, writes them, and returns what is to be said of them."""
        self._reporter.state.target += self._target
        self._reporter.stage(self.name)
        self._select()
        self._reporter.stage(f"writing {self.name}")
        figures = Figures()
        reports = [self._counted(report, figures) for report in self._assemble()]
        entry = family_entry(self.selection, reports)
        return FamilyCard(self.name, self._family.columns, self._schema, entry, reports, figures)

    def make_blocks(self, numbers: range) -> None:
        """Makes these blocks and no more."""
        state = self._reporter.state
        state.target += len(numbers) * self._options.block
        self._reporter.stage(self.name)
        with closing(self.blocks.in_order(lambda: len(numbers), numbers)) as blocks:
            for keys in blocks:
                state.target -= keys.draws - len(keys)
                state.took(keys, len(keys), keys.duplicates + keys.crowded)
                self._reporter.update()

    def _select(self) -> None:
        for _ in range(REPLAYS):
            with closing(self.selection):
                try:
                    return self._take_all()
                except LostKeys:
                    # The blocks are still there, so their keys are soon read again.
                    self._reporter.state.forget(self.selection)
            self.selection = self._nothing_yet()
        raise RunError(f"the keys of {self.name!r} were lost {REPLAYS} times: start the same command again")

    def _take_all(self) -> None:
        numbers = count() if self._counts is None else range(self._counts[self.name])
        with closing(self.blocks.in_order(self.selection.blocks_wanted, numbers)) as blocks:
            while not self.selection.full:
                keys = next(blocks, None)
                if keys is None:
                    raise RunError(self._too_few())
                self._take(keys)

    def _too_few(self) -> str:
        selection, blocks = self.selection, self.selection.blocks
        more = f"{self.name}={blocks}:{blocks + selection.blocks_wanted() + 1}"
        return (
            f"blocks 0:{blocks} of {self.name!r} have {selection.rows:,} of {counted(selection.target, 'row')}:"
            f" make --block-range {more} as well, and merge again with its folder"
        )

    def _take(self, keys: BlockKeys) -> None:
        selection = self.selection
        superfluous = selection.duplicates + selection.crowded
        kept = selection.take(keys)
        self._reporter.state.took(keys, kept, selection.duplicates + selection.crowded - superfluous)
        self._reporter.update()
        if selection.exhausted:
            raise RunError(
                f"the last {PATIENCE * selection.size:,} draws of {self.name!r} gave no new row, with"
                f" {selection.rows:,} of {selection.target:,} made: ask for fewer rows, raise --per-structure"
                " or widen the profile"
            )

    def _counted(self, report: ShardReport, figures: Figures) -> ShardReport:
        figures.move(report)
        self._reporter.update()
        return report

    def _assemble(self) -> Iterator[ShardReport]:
        flying = deque[tuple[ShardTask, Answer[ShardReport]]]()
        for task in self._tasks():
            flying.append((task, self._executor.submit(write_shard, task, seconds=SHARD_SECONDS)))
            if len(flying) > AHEAD * self._executor.workers:
                yield self._settled(*flying.popleft())
        for task, answer in flying:
            yield self._settled(task, answer)

    def _settled(self, task: ShardTask, answer: Answer[ShardReport]) -> ShardReport:
        return repaired(self._executor, write_shard, task, {self.name: self.blocks}, answer)

    def _tasks(self) -> Iterator[ShardTask]:
        for split, files in self._files.items():
            rows = self.selection.pieces[split]
            for number, pieces in enumerate(cut(rows, rows.rows, files)):
                yield self._task(split, number, files, pieces)

    def _task(self, split: str, number: int, files: int, pieces: Sequence[Piece]) -> ShardTask:
        file = f"{self.name}/{split}-{number:05d}-of-{files:05d}.parquet"
        return ShardTask(self._store, self.name, split, file, pieces, self._schema)


def repaired(
    executor: Executor,
    work: Callable[[T], R],
    task: T,
    blocks: Mapping[str, Blocks],
    answer: Answer[R] | None = None,
) -> R:
    """The result of work on finished blocks; those that turn out missing or altered are made again."""
    for _ in range(REPAIRS):
        answer = answer or executor.submit(work, task, seconds=SHARD_SECONDS)
        try:
            return answer.result()
        except Damaged as damaged:
            blocks[damaged.family].make(damaged.number)
            answer = None
        except Lost:
            answer = None
    raise RunError(
        f"{REPAIRS} attempts to put finished blocks together failed: check the disk,"
        " and that all machines see the same folder"
    )
