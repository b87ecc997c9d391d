"""What a row costs: JAX alone (the floor) and the whole pipeline by stage, as CPU time of this process."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import process_time
from typing import Any

import jax
import pyarrow.parquet as pq

import lowering
from fuzzer.base.environment import collecting_rarely
from fuzzer.base.markdown import table
from fuzzer.base.options import BLOCK, Options
from fuzzer.base.schema import Row
from fuzzer.families.family import Family, FamilySpec, resolve
from fuzzer.making.block import Block, block_table, draw_block, encode
from fuzzer.making.rows import stored_leaves
from fuzzer.run.shard import PARQUET
from lowering.signature import check_arguments

WARM_UP = 100
"""Programs before the measured ones: a worker makes thousands, so imports and first uses of productions are not a
row's cost."""


class Stages:
    """CPU time by stage: `lap(name)` gives the time since the last lap to a stage."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.start()

    def start(self) -> None:
        self._since = process_time()

    def lap(self, stage: str) -> None:
        now = process_time()
        self.seconds[stage] += now - self._since
        self._since = now


@dataclass(frozen=True)
class Cost:
    """Milliseconds of CPU for each accepted row."""

    rows: int
    floor_ms: float
    pipeline_ms: float
    ratio: float
    stages: Mapping[str, float]


def bench(spec: FamilySpec, seed: int, programs: int) -> Cost:
    """Measures the pipeline and the floor on the same fresh programs, a block of each in turn.

    Both start every block with JAX's caches empty, so neither finds what the other left there. Dropping them
    is counted to the pipeline alone.
    """
    family = resolve(spec)
    stages, seconds, rows = Stages(), 0.0, 0
    _warm_up(family, seed, programs)
    for begin in range(0, programs, BLOCK):
        stages.start()
        block = _pipeline(family, seed, range(begin, min(begin + BLOCK, programs)), stages)
        seconds += _floor(block.rows)
        rows += len(block.rows)
    return _cost(rows, seconds, stages.seconds)


def _warm_up(family: Family, seed: int, programs: int) -> None:
    block = _pipeline(family, seed, range(programs, programs + WARM_UP), Stages())
    _floor(block.rows)


def _pipeline(family: Family, seed: int, indices: range, stages: Stages) -> Block:
    """All that a run does for some indices, up to the bytes of the block's and of the shard's file."""
    with collecting_rarely():
        block = draw_block(family, seed, indices, Options.per_structure, lap=stages.lap)
        rows = block_table(family, block)
        encode(rows)
        stages.lap("block file")
        pq.write_table(rows, io.BytesIO(), **PARQUET)
        stages.lap("shard file")
    return block


def _floor(rows: Sequence[Row]) -> float:
    """Seconds that JAX alone takes for rows: exec, trace, print, lower, print."""
    lowering.forget()
    return sum(_floor_of(row) for row in rows)


def _floor_of(row: Row) -> float:
    clock = Stages()
    namespace: dict[str, Any] = {}
    exec(compile(row["source"], f"<floor {row['index']}>", "exec"), namespace)
    clock.lap("exec")
    function = namespace[row["entry"]]
    args, kwargs = check_arguments(function, stored_leaves(row))
    clock.start()
    traced = jax.jit(function).trace(*args, **kwargs)
    str(traced.jaxpr)
    traced.lower().as_text()
    clock.lap("jax")
    return sum(clock.seconds.values())


def _cost(rows: int, floor: float, stages: Mapping[str, float]) -> Cost:
    def each(seconds: float) -> float:
        return round(1000 * seconds / max(1, rows), 4)

    pipeline = sum(stages.values())
    by_stage = {stage: each(seconds) for stage, seconds in stages.items()}
    return Cost(rows, each(floor), each(pipeline), round(pipeline / floor, 4) if floor else 0.0, by_stage)


def as_json(cost: Cost) -> str:
    """The figures for machines."""
    return json.dumps(asdict(cost))


def as_text(cost: Cost) -> str:
    """The figures for people."""
    shares = [[stage, f"{ms:.2f}", f"{ms / cost.pipeline_ms:.1%}"] for stage, ms in cost.stages.items()]
    figures = (cost.rows, cost.pipeline_ms, cost.floor_ms, cost.ratio)
    head = "{} rows: pipeline {:.2f} ms, floor {:.2f} ms, ratio {:.3f}".format(*figures)
    return head + "\n\n" + table(["stage", "ms a row", "share"], shares)
