"""The shards of one family: its blocks in order, the rows that are kept, the files they fill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TypeVar

from fuzzer.arrow import Schema
from fuzzer.block import BlockKeys, BlockTask
from fuzzer.blocks import Blocks
from fuzzer.card import FamilyCard
from fuzzer.errors import Damaged, Lost, RunError
from fuzzer.family import FamilySpec, resolve
from fuzzer.manifest import family_entry
from fuzzer.options import Options
from fuzzer.pool import Answer, Executor
from fuzzer.progress import Reporter
from fuzzer.schema import schema
from fuzzer.selection import PATIENCE, Piece, Selection, cut
from fuzzer.shard import ShardReport, ShardTask, write_shard
from fuzzer.split import files_per_split
from fuzzer.versions import versions

T = TypeVar("T")
R = TypeVar("R")

SHARD_SECONDS = 86_400.0
"""A shard is as large as its user wants, so its time has no useful bound."""

REPAIRS = 100
"""Damaged blocks that one shard may meet before the disk is called unfit."""


class Maker:
    """Makes the shards of one family on an executor."""

    def __init__(self, options: Options, spec: FamilySpec, shards: int, reporter: Reporter, executor: Executor) -> None:
        self.name = spec.name
        self._options = options
        self._reporter = reporter
        self._executor = executor
        self._family = resolve(spec)
        self._files = files_per_split(shards)
        self._schema = self._with_metadata()
        origin = dict(self._family.origin)
        first = BlockTask(options.out, spec, origin, options.seed, 0, options.block, options.per_structure)
        self.blocks = Blocks(executor, first, options.limits)
        self.selection = Selection(
            shards * options.rows_per_shard, options.block, options.per_structure, list(self._files)
        )

    def _with_metadata(self) -> Schema:
        made_by = {"family": self.name, "seed": str(self._options.seed), **versions()}
        return schema(self._family.columns, made_by | dict(self._family.origin))

    def make(self) -> FamilyCard:
        """Selects the rows, writes them, and returns what is to be said of them."""
        self._select()
        self._reporter.stage(f"writing {self.name}")
        reports = self._assemble()
        entry = family_entry(self.selection, reports)
        return FamilyCard(self.name, self._family.columns, self._schema, entry, reports)

    def _select(self) -> None:
        self._reporter.state.target += self.selection.target
        self._reporter.stage(self.name)
        with closing(self.blocks.in_order(self.selection.blocks_wanted)) as blocks:
            while not self.selection.full:
                self._take(next(blocks))

    def _take(self, keys: BlockKeys) -> None:
        selection, state = self.selection, self._reporter.state
        superfluous = selection.duplicates + selection.crowded
        kept = selection.take(keys)
        state.rows += kept
        state.fresh += kept * keys.fresh
        state.duplicates += selection.duplicates + selection.crowded - superfluous
        state.rejects.update(keys.rejects)
        state.memory = max(state.memory, keys.memory)
        self._reporter.update()
        if selection.exhausted:
            raise RunError(
                f"the last {PATIENCE * selection.size:,} draws of {self.name!r} gave no new row, with"
                f" {selection.rows:,} of {selection.target:,} made: ask for fewer rows, raise --per-structure"
                " or widen the profile"
            )

    def _assemble(self) -> list[ShardReport]:
        tasks = list(self._tasks())
        answers = [self._executor.submit(write_shard, task, seconds=SHARD_SECONDS) for task in tasks]
        blocks = {self.name: self.blocks}
        return [
            repaired(self._executor, write_shard, task, blocks, answer)
            for task, answer in zip(tasks, answers, strict=True)
        ]

    def _tasks(self) -> Iterator[ShardTask]:
        for split, files in self._files.items():
            for number, pieces in enumerate(cut(self.selection.pieces[split], files)):
                yield self._task(split, number, files, pieces)

    def _task(self, split: str, number: int, files: int, pieces: Sequence[Piece]) -> ShardTask:
        file = f"{self.name}/{split}-{number:05d}-of-{files:05d}.parquet"
        return ShardTask(self._options.out, self.name, split, file, pieces, self._schema)


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
    raise RunError(f"{REPAIRS} attempts to put finished blocks together failed: check the disk")
