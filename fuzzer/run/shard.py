"""A shard: the kept rows of some blocks, put together into one Parquet file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from fuzzer.base.arrow import Column, Schema, Table
from fuzzer.base.schema import REJECTS, SIZES, Row, unlike
from fuzzer.keeping.selection import Piece
from fuzzer.making.block import read_block, tally
from fuzzer.storage.base import Store, sha256_of
from processes.commands import one_line
from processes.errors import UserError

ROW_GROUP = 1000
"""Rows in a row group, about 10 MB: large enough to scan fast, small enough to stream."""

PARQUET: Final[dict[str, Any]] = {
    "compression": "zstd",
    "write_page_index": True,
    "use_content_defined_chunking": True,
}
"""How shards are written. Chunks that follow the content let a store keep once what two versions share."""


def read_shard(store: Store, file: str, columns: Sequence[str] | None = None) -> Table:
    """The rows of a shard; UserError for a file that holds no such rows.

    Read without threads: those of pyarrow abort a process that ends while they start.
    """
    names = None if columns is None else list(columns)
    try:
        with store.open(file) as stream, pq.ParquetFile(stream, pre_buffer=False) as shard:
            table = shard.read(columns=names, use_threads=False)
            table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(store, file, str(error)) from None
    if wrong := unlike(table, names):
        raise _unreadable(store, file, wrong)
    return table


def read_metadata(store: Store, file: str) -> dict[str, str] | None:
    """What a shard says of where its rows come from; None for a file that cannot be read."""
    try:
        with store.open(file) as stream:
            metadata = pq.read_schema(stream).metadata or {}
        return {name.decode(): value.decode() for name, value in metadata.items()}
    except (pa.ArrowException, OSError, ValueError):
        return None


def _unreadable(store: Store, file: str, wrong: str) -> UserError:
    return UserError(
        f"{f'{store.address}/{file}'!r} is no shard of this run ({one_line(wrong)}): the command that made the"
        " run makes it again"
    )


NAMED = ("productions", "primitives", "stablehlo_ops")


@dataclass(frozen=True)
class ShardTask:
    """All that is needed to write a shard."""

    store: Store
    family: str
    split: str
    file: str
    pieces: Sequence[Piece]
    columns: Schema


@dataclass
class ShardReport:
    """What the manifest and the card say of a shard."""

    file: str
    split: str
    rows: int = 0
    bytes: int = 0
    sha256: str = ""
    indices: tuple[int, int] | None = None
    memory: int = 0
    """Bytes as Arrow holds the rows."""
    sizes: dict[str, Counter[int]] = field(default_factory=lambda: {name: Counter() for name in SIZES})
    named: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in NAMED})
    transforms: Counter[str] = field(default_factory=Counter[str])

    def add(self, table: Table) -> None:
        """Counts in some rows that follow those before."""
        if not table.num_rows:
            return
        first, last = table["index"][0].as_py(), table["index"][-1].as_py()
        self.indices = (first if self.indices is None else self.indices[0], last)
        self.rows += table.num_rows
        self.memory += table.nbytes
        self.transforms.update(table["transform"].to_pylist())
        for name, counter in self.sizes.items():
            counter.update(table[name].to_pylist())
        for name, counter in self.named.items():
            counter.update(_sums(table[name]))


@dataclass
class Figures:
    """What the card says of all rows of a family."""

    sizes: dict[str, Counter[int]] = field(default_factory=lambda: {name: Counter() for name in SIZES})
    named: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in NAMED})

    def move(self, report: ShardReport) -> None:
        """Takes over a report's counts: kept for each of many shards they would outweigh all else in memory."""
        for name, sizes in self.sizes.items():
            sizes.update(report.sizes.pop(name))
        for name, named in self.named.items():
            named.update(report.named.pop(name))


def _sums(column: Column) -> dict[str, int]:
    """Counts by name, over all rows of a column of (name, count)."""
    flat: Any = column.combine_chunks().flatten()
    pairs = pa.table({"name": flat.field("name"), "count": flat.field("count")})
    sums: Any = pairs.group_by("name").aggregate([("count", "sum")])
    return dict(zip(sums["name"].to_pylist(), sums["count_sum"].to_pylist(), strict=True))


def write_shard(task: ShardTask) -> ShardReport:
    """Writes a shard and reports on it; raises Damaged for a block that has to be made again."""
    report = ShardReport(task.file, task.split)
    with task.store.writing(task.file) as file:
        _write(task, file, report)
        report.bytes = file.tell()
        report.sha256 = sha256_of(file)
    return report


def _write(task: ShardTask, file: BinaryIO, report: ShardReport) -> None:
    with pq.ParquetWriter(file, task.columns, **PARQUET) as writer:
        for table in _row_groups(task):
            report.add(table)
            writer.write_table(table, row_group_size=ROW_GROUP)


def _row_groups(task: ShardTask) -> Iterator[Table]:
    """The rows in equal groups, the last one excepted, whatever the blocks they come from."""
    waiting: list[Table] = []
    for piece in task.pieces:
        waiting.append(_rows(task, piece))
        while sum(table.num_rows for table in waiting) >= ROW_GROUP:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, ROW_GROUP).combine_chunks()
            waiting = [joined.slice(ROW_GROUP).combine_chunks()]
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _rows(task: ShardTask, piece: Piece) -> Table:
    table = read_block(task.store, task.family, piece.block)
    return table.take(list(piece.positions)).replace_schema_metadata(task.columns.metadata)


@dataclass(frozen=True)
class RejectsTask:
    """The blocks of each family that have rejects."""

    store: Store
    file: str
    blocks: Mapping[str, Sequence[int]]


def write_rejects(task: RejectsTask) -> None:
    """Gathers the rejects of all families into one file, in index order."""
    rows = _rejects(task)
    with task.store.writing(task.file) as file, pq.ParquetWriter(file, REJECTS, compression="zstd") as writer:
        while group := list(islice(rows, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, REJECTS))


def _rejects(task: RejectsTask) -> Iterator[Row]:
    for family, numbers in task.blocks.items():
        for number in numbers:
            for reject in tally(read_block(task.store, family, number))["rejects"]:
                yield {"family": family, **reject}
