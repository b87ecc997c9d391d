"""Runs in pieces, for schedulers of independent jobs: each job makes a range of blocks, a merge makes the run.

A folder of a range is an unfinished run with some blocks. A merge gives those blocks second names in a folder of
its own and goes on from there as any run does: so the bytes are those of one run, and a block that turns out
damaged is made again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fuzzer import folder
from fuzzer.block import block_file
from fuzzer.errors import UserError
from fuzzer.form import fault
from fuzzer.maker import SHARD_SECONDS, FamilyRun
from fuzzer.names import BLOCKS
from fuzzer.options import Limits, Options
from fuzzer.pool import Executor, Start, local
from fuzzer.progress import Reporter
from fuzzer.run import Summary, finished, planned
from fuzzer.store import Address, Store, at, copy

CHUNK = 200
"""Blocks that one task brings."""

Found = Mapping[str, Mapping[int, Store]]
"""Where each block of each family lies."""


def make_range(
    options: Options, wanted: str, reporter: Reporter, parts: Sequence[FamilyRun] | None = None, start: Start = local
) -> str:
    """Makes some blocks of a run and nothing else; says what there is now."""
    plan = planned(options, parts)
    ranges = _ranges(wanted, [part.spec.name for part in plan.parts])
    with plan.held():
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
        f" {state.rows:,} rows, {state.fresh:,} of them made now, and {state.rejects.total():,} rejects;"
        " `merge` puts it together with the other ranges"
    )


def _ranges(wanted: str, names: Sequence[str]) -> dict[str, range]:
    """The blocks asked for, by family."""
    form = re.fullmatch(r"(?:(\w+)=)?(\d{1,10}):(\d{1,10})", wanted)
    if form is None or int(form[2]) >= int(form[3]):
        raise UserError(
            f"--block-range is {wanted!r} but must be FIRST:END with FIRST below END, for all families, or"
            " FAMILY=FIRST:END for one: 0:50 makes the first fifty blocks"
        )
    if form[1] not in (None, *names):
        raise UserError(f"--block-range names {form[1]!r} but the run has {', '.join(names)}: give one of these")
    return {name: range(int(form[2]), int(form[3])) for name in ([form[1]] if form[1] else names)}


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
    plan = planned(options, parts)
    if identity != json.loads(folder.as_json(plan.identity)):
        raise UserError(
            f"{sources[0].address!r} holds blocks of another {folder.difference(identity, plan.identity)}:"
            f" {folder.way_back(identity, plan.identity)}, and merge there"
        )
    found = {part.spec.name: _found(sources, part.spec.name) for part in plan.parts}
    with plan.held():
        if folder.manifest(plan.store) is None:
            with start(limits) as executor:
                plan.begin()
                _bring(plan.store, found, executor)
        return finished(plan, reporter, start, {name: len(places) for name, places in found.items()})


def _same_run(sources: Sequence[Store]) -> tuple[folder.Identity, dict[str, Any]]:
    """Whose blocks they all hold, and what was asked for."""
    held = [(source, folder.identity_of(source), folder.asked(source)) for source in sources]
    for source, identity, asked in held:
        if identity is None or asked is None:
            raise UserError(f"{source.address!r} holds no blocks to merge: give folders made with --block-range")
        if identity != held[0][1]:
            raise UserError(
                f"{held[0][0].address!r} and {source.address!r} hold blocks of different runs, with another"
                f" {folder.difference(held[0][1] or {}, identity)}: merge those of one"
            )
    _, identity, asked = held[0]
    return identity or {}, asked or {}


def _same_limits(limits: Limits, identity: folder.Identity) -> Limits:
    """Blocks that have to be made again are made within the limits of the others."""
    held: Any = identity.get("limits")
    if fault({"limits": held}, {"limits": {"program_seconds": (int, float), "worker_memory": int}}):
        return limits
    return replace(limits, program_seconds=float(held["program_seconds"]), memory_mb=held["worker_memory"])


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
