"""Runs in pieces, for schedulers of independent jobs: each job makes a range of blocks, a merge makes the run.

A folder of a range is an unfinished run with some blocks. A merge gives those blocks second names in a folder of
its own and goes on from there as any run does: so the bytes are those of one run, and a block that turns out
damaged is made again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fuzzer.base.form import fault
from fuzzer.base.options import Address, Limits, Options, check
from fuzzer.executors.base import Executor, Start
from fuzzer.executors.local import local
from fuzzer.keeping.selection import PATIENCE
from fuzzer.making.block import block_file
from fuzzer.run import folder
from fuzzer.run.maker import SHARD_SECONDS, FamilyRun
from fuzzer.run.progress import Reporter
from fuzzer.run.run import Summary, complete, families, plan_of
from fuzzer.storage.base import Store
from fuzzer.storage.names import BLOCKS
from fuzzer.storage.store import at, copy
from processes.commands import counted
from processes.errors import UserError

CHUNK = 200
"""Blocks that one task brings."""

Found = Mapping[str, Mapping[int, Store]]
"""Where each block of each family lies."""


def make_range(
    options: Options, wanted: str, reporter: Reporter, parts: Sequence[FamilyRun] | None = None, start: Start = local
) -> str:
    """Makes some blocks of a run and nothing else; says what there is now."""
    parts = families(check(options)) if parts is None else parts
    ranges = _ranges(wanted, options, parts)
    plan = plan_of(options, parts)
    with plan.locked():
        if folder.manifest(plan.store) is not None:
            raise UserError(
                f"output folder {plan.store.address!r} holds the whole run already: there is nothing to make"
            )
        with start(options.limits) as executor:
            plan.begin()
            for maker in plan.makers(reporter, executor):
                if maker.name in ranges:
                    maker.make_blocks(ranges[maker.name])
    state = reporter.state
    return (
        f"{', '.join(f'{name}={each.start}:{each.stop}' for name, each in ranges.items())} in {plan.store.address}:"
        f" {counted(state.rows, 'row')}, {state.fresh:,} made now, and {counted(state.rejects.total(), 'reject')};"
        f" `merge` puts it together with the other ranges{_left_out(wanted, ranges, parts)}"
    )


def _ranges(wanted: str, options: Options, parts: Sequence[FamilyRun]) -> dict[str, range]:
    """The blocks asked for, by family: those of one that is named, or those of each that are likely to be needed."""
    form = re.fullmatch(r"(?:(\w+)=)?(\d{1,10}):(\d{1,10})", wanted)
    if form is None or int(form[2]) >= int(form[3]):
        raise UserError(
            f"--block-range is {wanted!r:.80} but must be FIRST:END with FIRST below END, for all families, or"
            " FAMILY=FIRST:END for one: 0:50 makes the first fifty blocks"
        )
    rows = {part.spec.name: part.shards * options.rows_per_shard for part in parts}
    if form[1] not in (None, *rows):
        raise UserError(f"--block-range names {form[1]!r:.80} but the run has {', '.join(rows)}: give one of these")
    asked = range(int(form[2]), int(form[3]))
    bounds = {name: PATIENCE * rows[name] if form[1] else _likely(rows[name], options.block) for name in rows}
    names = [form[1]] if form[1] else list(rows)
    ranges = {name: range(asked.start, min(asked.stop, bounds[name])) for name in names}
    if not any(ranges.values()):
        ends = " and ".join(f"{bounds[name]:,} of {name!r}" for name in names)
        cure = "" if form[1] else f", or name a family ({names[0]}={wanted}) to have them all the same"
        raise UserError(
            f"--block-range is {wanted!r} but the run needs no block from {ends} on: give a lower one, or more --shards"
            + cure
        )
    return {name: each for name, each in ranges.items() if each}


def _likely(rows: int, block: int) -> int:
    """Blocks that are enough for so many rows if half of all draws are rows: more of them have always been so far."""
    return 2 * math.ceil(rows / block) + 1


def _left_out(wanted: str, ranges: Mapping[str, range], parts: Sequence[FamilyRun]) -> str:
    """What is said of blocks that were asked for and are not made."""
    family, _, asked = wanted.rpartition("=")
    first, end = map(int, asked.split(":"))
    names = [family] if family else [part.spec.name for part in parts]
    without = [name for name in names if ranges.get(name) != range(first, end)]
    return f" (others of {' and '.join(map(repr, without))} are not likely to be needed)" if without else ""


def merge(
    folders: Sequence[Address],
    out: Address | None,
    reporter: Reporter,
    limits: Limits,
    parts: Sequence[FamilyRun] | None = None,
    start: Start = local,
) -> Summary:
    """Makes a run out of the blocks that lie in some folders."""
    sources = [at(each) for each in folders]
    identity, asked = _same_run(sources)
    limits = _same_limits(limits, identity)
    options = Options(out or f"datasets/seed-{asked['seed']}", **asked, limits=limits)
    plan = plan_of(options, parts)
    if identity != json.loads(folder.as_json(plan.identity)):
        differs = folder.difference(identity, plan.identity)
        raise UserError(
            f"{sources[0].address!r} holds blocks of a run that differs in {differs}:"
            f" {folder.way_back(identity, plan.identity)}, and merge there"
        )
    found = {part.spec.name: _found(sources, part.spec.name) for part in plan.parts}
    with plan.locked():
        if folder.manifest(plan.store) is None:
            with start(limits) as executor:
                plan.begin()
                _bring(plan.store, found, executor)
        return complete(plan, reporter, start, {name: len(places) for name, places in found.items()})


def _same_run(sources: Sequence[Store]) -> tuple[folder.Identity, dict[str, Any]]:
    """Whose blocks they all hold, and what was asked for."""
    runs = [(source, folder.identity_of(source), folder.asked(source)) for source in sources]
    for source, identity, asked in runs:
        if identity is None or asked is None:
            raise UserError(f"{source.address!r} holds no blocks to merge: give folders made with --block-range")
        if identity != runs[0][1]:
            raise UserError(
                f"{runs[0][0].address!r} and {source.address!r} hold blocks of runs that differ in"
                f" {folder.difference(runs[0][1] or {}, identity)}: merge those of one"
            )
    _, identity, asked = runs[0]
    return identity or {}, asked or {}


def _same_limits(limits: Limits, identity: folder.Identity) -> Limits:
    """Blocks that have to be made again are made within the limits of the others."""
    bounds: Any = identity.get("limits")
    if fault({"limits": bounds}, {"limits": {"program_seconds": (int, float), "worker_memory": int}}):
        return limits
    return replace(limits, program_seconds=float(bounds["program_seconds"]), memory_mb=bounds["worker_memory"])


def _found(sources: Sequence[Store], family: str) -> dict[int, Store]:
    """The first folder that has each block, up to the first block that none has."""
    places: dict[int, Store] = {}
    for source in sources:
        names = (name.rpartition("/")[2] for name in source.files(f"{BLOCKS}/{family}"))
        places = {int(name): source for name in names if name.isdecimal()} | places
    first_missing = next(number for number in range(len(places) + 1) if number not in places)
    return {number: places[number] for number in range(first_missing)}


def _bring(store: Store, found: Found, executor: Executor) -> None:
    answers = [
        executor.submit(copy_all, chunk, store, seconds=SHARD_SECONDS)
        for family, places in found.items()
        for chunk in _chunks([(place, block_file(family, number)) for number, place in places.items()])
    ]
    for answer in answers:
        answer.result()


def _chunks(files: list[tuple[Store, str]]) -> list[list[tuple[Store, str]]]:
    return [files[begin : begin + CHUNK] for begin in range(0, len(files), CHUNK)]


def copy_all(files: Sequence[tuple[Store, str]], target: Store) -> None:
    """Brings some blocks from where they were made."""
    for source, name in files:
        copy(source, target, name)
