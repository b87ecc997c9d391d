"""A block: a fixed range of indices, drawn, traced, deduplicated and lowered by one worker into one file."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import lowering
from fuzzer.base.arrow import Table
from fuzzer.base.errors import Damaged
from fuzzer.base.schema import Row, batch, schema
from fuzzer.base.versions import versions
from fuzzer.families.family import Family, FamilySpec, resolve_same
from fuzzer.making import surroundings
from fuzzer.making.rows import LOWERING, TRACING, Candidate, Stage
from fuzzer.storage.base import Store, read_sealed, write_sealed
from fuzzer.storage.names import BLOCKS
from processes.commands import one_line

FORGET = 2_500_000
"""Characters of IR between two times that JAX's caches are dropped, which is once or twice for a block of programs and
some times for one of solvers. A block begins with it, so what one program leaves reaches no other block."""

BATCH = 5
"""Programs that go through a stage together. One by one, each would find the processor's caches full of the stages
before, which takes a tenth more time; ten would gain little more and make a worker of solvers 30 MB larger."""

Lap = Callable[[str], None]
"""Told the name of each stage as it ends."""


def no_lap(stage: str) -> None:
    """For those who do not measure."""


@dataclass(frozen=True)
class Reject:
    """A draw that gave no row. `reason` is one of few and is counted; `detail` is free text."""

    index: int
    reason: str
    production: str
    detail: str
    source: str


@dataclass(frozen=True)
class BlockTask:
    """All that a worker needs to make a block; the same task gives the same bytes anywhere."""

    store: Store
    family: FamilySpec
    origin: Mapping[str, str]
    seed: int
    number: int
    size: int
    """Indices in a block."""
    per_structure: int
    lost: Mapping[int, Reject] = field(default_factory=dict[int, Reject])
    """Programs that took their worker with them; they are not tried again."""

    @property
    def file(self) -> str:
        return block_file(self.family.name, self.number)

    @property
    def signature(self) -> bytes:
        """What a block begins with: the same for tasks that give the same bytes, and for no others."""
        origin = dict(self.origin) | versions()
        parts = [self.family.name, self.family.factory, origin, self.seed, self.number, self.size, self.per_structure]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()

    @property
    def indices(self) -> range:
        return range(self.number * self.size, (self.number + 1) * self.size)


@dataclass(frozen=True)
class BlockKeys:
    """What the coordinator learns of a block: two fingerprints a row and some counts."""

    number: int
    draws: int
    ids: bytes
    structures: bytes
    duplicates: int
    crowded: int
    rejects: Mapping[tuple[str, str], int]
    fresh: bool
    """Made now, not found finished."""
    memory: int
    """Largest size, so far, of the worker that answered; bytes."""
    cpu: float
    """Seconds of the worker's CPU that this took."""

    def __len__(self) -> int:
        return len(self.ids) // 16


@dataclass
class Block:
    """Rows of distinct `id`, at most `per_structure` of one structure, and what became of the other draws."""

    per_structure: int
    rows: list[Row] = field(default_factory=list[Row])
    rejects: list[Reject] = field(default_factory=list[Reject])
    duplicates: int = 0
    crowded: int = 0
    _ids: set[str] = field(default_factory=set[str])
    _structures: Counter[str] = field(default_factory=Counter[str])

    def take(self, candidates: list[Candidate], lap: Lap) -> int:
        """Makes rows of candidates; says how many characters of IR that were."""
        traced = self._through(TRACING, candidates, lap)
        lowered = self._through(LOWERING, [candidate for candidate in traced if self._admits(candidate.traced)], lap)
        self.rows += [candidate.row for candidate in lowered]
        for candidate in candidates:
            candidate.discard()
        return sum(candidate.characters for candidate in lowered)

    def _through(self, stages: Sequence[Stage], candidates: list[Candidate], lap: Lap) -> list[Candidate]:
        """The candidates that come through some stages; the others are rejects."""
        for name, stage in stages:
            candidates = [candidate for candidate in candidates if self._passes(stage, candidate)]
            lap(name)
        return candidates

    def _passes(self, stage: Callable[[Candidate], None], candidate: Candidate) -> bool:
        try:
            stage(candidate)
        # A program may fail in any way; sys.exit() is one of them.
        except (Exception, SystemExit) as error:
            self.rejects.append(reject(candidate.index, error, candidate.source))
            return False
        return True

    def _admits(self, traced: lowering.Traced) -> bool:
        """Whether the block has not enough like it; counted. What is refused here the whole run would refuse too."""
        if traced.id in self._ids:
            self.duplicates += 1
            return False
        if self._structures[traced.structure] >= self.per_structure:
            self.crowded += 1
            return False
        self._ids.add(traced.id)
        self._structures[traced.structure] += 1
        return True


def block_file(family: str, number: int) -> str:
    return f"{BLOCKS}/{family}/{number:010d}"


def make_block(task: BlockTask) -> BlockKeys:
    """Makes a block unless it is there, whole, unaltered and this task's, already."""
    begun = process_time()
    stored = read_sealed(task.store, task.file)
    if stored is not None and stored.startswith(task.signature):
        return _keys(task, _table(stored, ["id", "structure"]), begun, fresh=False)
    family = resolve_same(task.family, task.origin)
    block = draw_block(family, task.seed, task.indices, task.per_structure, lost=task.lost)
    if block.rejects:
        surroundings.check()
    table = block_table(family, block)
    write_sealed(task.store, task.file, task.signature + encode(table))
    return _keys(task, table, begun, fresh=True)


def draw_block(
    family: Family,
    seed: int,
    indices: Iterable[int],
    per_structure: int,
    *,
    lost: Mapping[int, Reject] | None = None,
    lap: Lap = no_lap,
) -> Block:
    """Draws and lowers the programs of some indices; one that fails costs only itself."""
    lost = lost or {}
    block = Block(per_structure)
    remembered = FORGET
    with lowering.short_locations():
        for group in _batches(indices):
            if remembered >= FORGET:
                remembered = 0
                lowering.forget()
                lap("forget")
            block.rejects += [lost[index] for index in group if index in lost]
            remembered += block.take([Candidate(family, seed, index) for index in group if index not in lost], lap)
    block.rejects.sort(key=lambda reject: reject.index)
    return block


def _batches(indices: Iterable[int]) -> Iterator[list[int]]:
    coming = iter(indices)
    while group := list(islice(coming, BATCH)):
        yield group


def reject(index: int, error: BaseException, source: str) -> Reject:
    """What is known of a program that failed."""
    return Reject(index, _reason(error), str(getattr(error, "production", "")), one_line(str(error)), source)


def _reason(error: BaseException) -> str:
    """One of few: what the exception gives as its reason, or else its type."""
    kind, given = type(error).__name__, getattr(error, "reason", None)
    if "MemoryError" in (kind, given):
        return "out of memory"
    if isinstance(error, lowering.LoweringError):
        return f"{kind} ({given})" if given else kind
    return str(given) if given else kind


def block_table(family: Family, block: Block) -> Table:
    """A block's rows as Arrow, with its rejects and counts in the metadata."""
    tally = {
        "duplicates": block.duplicates,
        "crowded": block.crowded,
        "rejects": [asdict(reject) for reject in block.rejects],
    }
    columns = schema(family.columns, {"tally": json.dumps(tally)})
    return pa.Table.from_batches([batch(block.rows, columns)], columns)


def encode(table: Table) -> bytes:
    """A block's file: cheap to write, read once."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="lz4", use_dictionary=False, write_statistics=False)
    return file.getvalue()


def read_block(store: Store, family: str, number: int) -> Table:
    """A finished block's rows; raises Damaged if they are missing or altered."""
    data = read_sealed(store, block_file(family, number))
    if data is None:
        raise Damaged(family, number)
    return _table(data)


def _table(stored: bytes, columns: list[str] | None = None) -> Table:
    return pq.read_table(io.BytesIO(stored[hashlib.sha256().digest_size :]), columns=columns)


def tally(table: Table) -> dict[str, Any]:
    """A block's counts and rejects."""
    return json.loads((table.schema.metadata or {})[b"tally"])


def _keys(task: BlockTask, table: Table, begun: float, *, fresh: bool) -> BlockKeys:
    counts = tally(table)
    return BlockKeys(
        task.number,
        task.size,
        ids=bytes.fromhex("".join(table["id"].to_pylist())),
        structures=bytes.fromhex("".join(table["structure"].to_pylist())),
        duplicates=counts["duplicates"],
        crowded=counts["crowded"],
        rejects=Counter((reject["reason"], reject["production"]) for reject in counts["rejects"]),
        fresh=fresh,
        memory=peak_memory(),
        cpu=process_time() - begun,
    )


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes; 0 where the system does not tell."""
    with suppress(OSError, IndexError):  # first, as `ru_maxrss` begins with what the parent had
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
    try:
        resource: Any = import_module("resource")
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def probe(task: BlockTask, index: int) -> None:
    """Does everything with one program of a block and keeps nothing, to see whether it can be survived. RunError if
    not even one that is known to be good can."""
    surroundings.check()
    draw_block(resolve_same(task.family, task.origin), task.seed, [index], task.per_structure)


def draw_source(task: BlockTask, index: int) -> str:
    """The text of a program that is not to be run."""
    return resolve_same(task.family, task.origin).draw(task.seed, index).source
