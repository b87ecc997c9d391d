"""Every promise about a run's rows, checked on what lies in the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fuzzer.base.errors import Lost
from fuzzer.base.options import Address, Limits
from fuzzer.base.split import split_of
from fuzzer.base.versions import provenance, remedy, unlike
from fuzzer.executors.base import Answer
from fuzzer.executors.local import local
from fuzzer.families.family import FACTORIES, FamilySpec, resolve
from fuzzer.reports.recheck import CHECKS, CHUNK, LOWERED, REDRAWN, RecheckTask, recheck
from fuzzer.run import folder
from fuzzer.run.manifest import README, REJECTS, Manifest, damaged, shards
from fuzzer.run.shard import read_metadata, read_shard
from fuzzer.storage.base import Store
from fuzzer.storage.names import claimed
from fuzzer.storage.store import at
from processes.commands import counted
from processes.errors import UserError

Keys = Sequence[tuple[Mapping[str, Any], list[dict[str, Any]]]]
"""The key columns of each shard that can be read."""

Chosen = tuple[str, tuple[int, ...]]
"""A shard's file and positions of rows in it."""

SHOWN = 3
"""Offenders that a broken promise names."""


@dataclass
class Promise:
    """A promise, on how many things it was checked, and which of them break it."""

    text: str
    checked: int = 0
    broken: list[str] = field(default_factory=list[str])
    unchecked: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why it cannot be checked here, and what has to be done so that it can; then it is neither kept nor broken."""

    @property
    def holds(self) -> bool:
        return not self.broken

    def __str__(self) -> str:
        if self.unchecked:
            return f"skipped {self.text} (not checked here: {' and '.join(self.unchecked)})"
        if self.holds:
            return f"ok      {self.text} ({self.checked:,} checked)"
        names = ", ".join(self.broken[:SHOWN])
        return f"BROKEN  {self.text} ({len(self.broken):,} of {self.checked:,}: {names})"


def verify(
    address: Address, rows: int | None, limits: Limits, factories: Mapping[str, str] = FACTORIES
) -> Iterator[Promise]:
    """Checks the files, then the keys, then (of so many rows, or of all) the content, in new processes.

    What only the versions or the grammar that made the run can give again is told as not checked where others are
    installed, never as broken.

    `factories` are what makes the families, by name: those that the manifest names are not trusted.
    """
    out = at(address)
    manifest = folder.open_manifest(out)
    yield _files(out, manifest)
    yield _strays(out, manifest)
    for name, entry in manifest["families"].items():
        yield _counted(name, entry, manifest["run"])
        yield _labelled(out, manifest, name)
        keys = [(shard, part) for shard in entry["shards"] if (part := _keys(out, shard)) is not None]
        yield _readable(name, entry, keys)
        yield from _key_promises(manifest, name, keys)
        yield from _row_promises(out, manifest, name, factories, _tasks(keys, rows), limits)


def unchecked(promises: Sequence[Promise]) -> str:
    """What is to be said of the promises that could not be checked; empty if all could."""
    left = [promise for promise in promises if promise.unchecked]
    cures = " and ".join({cure: cause for promise in left for cause, cure in promise.unchecked.items()})
    checked = f"{len(promises) - len(left)} of {len(promises)} promises were checked"
    return f"not all: {checked}; for the others, {cures}" if left else ""


def _files(out: Store, manifest: Manifest) -> Promise:
    number = len(list(shards(manifest))) + len(manifest["files"])
    return Promise("every file has its sha256 of the manifest", number, damaged(out, manifest))


def _strays(out: Store, manifest: Manifest) -> Promise:
    known = {folder.MANIFEST, README, REJECTS, *(shard["file"] for shard in shards(manifest))}
    families = frozenset({*manifest["families"], *FACTORIES})
    there = {name for name in out.files() if name in known or claimed(name, families)}
    return Promise("no other data is in the folder", len(there), sorted(there - known))


def _keys(out: Store, shard: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    try:
        return read_shard(out, shard["file"], ["id", "structure", "index", "seed"]).to_pylist()
    except UserError:
        return None


def _readable(family: str, entry: Mapping[str, Any], keys: Keys) -> Promise:
    files = {shard["file"] for shard, _ in keys}
    missing = [shard["file"] for shard in entry["shards"] if shard["file"] not in files]
    return Promise(f"{family}: every shard can be read", len(entry["shards"]), missing)


def _counted(family: str, entry: Mapping[str, Any], run: Mapping[str, Any]) -> Promise:
    """The manifest's own figures agree: every draw became one thing, and every row that was asked for is in a shard."""
    counts = dict(entry["counts"])
    rejects = sum(reject["count"] for reject in entry["rejects"])
    sums = {"draws": sum(counts.values()) - counts["draws"], "rejects": rejects}
    sums["rows"] = sum(shard["rows"] for shard in entry["shards"])
    wrong = [f"{name} {counts[name]:,}, not {number:,}" for name, number in sums.items() if counts[name] != number]
    asked = (run["families"][family]["shards"], run["rows_per_shard"])
    if asked[0] * asked[1] != counts["rows"] or asked[0] != len(entry["shards"]):
        wrong.append(f"not {counted(asked[0], 'shard')} of {counted(asked[1], 'row')}")
    return Promise(f"{family}: the manifest's counts add up", len(sums) + 1, wrong)


def _labelled(out: Store, manifest: Manifest, family: str) -> Promise:
    """Whoever has a single shard learns from it whose rows these are."""
    run = manifest["run"]
    origin = {name: value for name, value in run["families"][family].items() if name not in ("shards", "factory")}
    expected = provenance(family, run["seed"], run["versions"], origin)
    files = [shard["file"] for shard in manifest["families"][family]["shards"]]
    wrong = [file for file in files if read_metadata(out, file) not in (None, expected)]
    return Promise(f"{family}: shards name the run that made them", len(files), wrong)


def _key_promises(manifest: Manifest, family: str, keys: Keys) -> Iterator[Promise]:
    rows = [row for _, part in keys for row in part]
    most = manifest["run"]["per_structure"]
    ids = Counter(row["id"] for row in rows)
    structures = Counter(row["structure"] for row in rows)
    crowded = [structure for structure, number in structures.items() if number > most]
    yield Promise(f"{family}: no id twice", len(ids), [id_ for id_, number in ids.items() if number > 1])
    yield Promise(f"{family}: at most {counted(most, 'row')} of a structure", len(structures), crowded)
    yield _splits(family, keys)
    yield _ordered(family, manifest["run"]["seed"], keys)


def _splits(family: str, keys: Keys) -> Promise:
    """Each row lies where its structure says, hence no structure in two splits."""
    promise = Promise(f"{family}: structure decides the split, and none is in two")
    for shard, rows in keys:
        promise.checked += len(rows)
        promise.broken += [row["id"] for row in rows if _split(row["structure"]) != shard["split"]]
    return promise


def _split(structure: str) -> str | None:
    try:
        return split_of(bytes.fromhex(structure))
    except ValueError:
        return None


def _ordered(family: str, seed: int, keys: Keys) -> Promise:
    """Rows, first and last index are those of the manifest, in ascending order, all of the run's seed."""
    promise = Promise(f"{family}: shards hold the manifest's rows, by ascending index", len(keys))
    for shard, rows in keys:
        indices = [row["index"] for row in rows]
        ends = (indices[0], indices[-1]) if indices else (None, None)
        right = ends == (shard["first_index"], shard["last_index"]) and len(rows) == shard["rows"]
        if not right or indices != sorted(set(indices)) or {row["seed"] for row in rows} - {seed}:
            promise.broken.append(shard["file"])
    return promise


def _row_promises(
    out: Store,
    manifest: Manifest,
    family: str,
    factories: Mapping[str, str],
    chosen: Iterator[Chosen],
    limits: Limits,
) -> Iterator[Promise]:
    spec = _same_family(manifest, family, factories)
    promises = {text: Promise(f"{family}: {text}") for text in CHECKS}
    yield from _not_here(promises, manifest["run"]["versions"], spec)
    with local(limits) as pool:
        tasks = [RecheckTask(out, file, rows, spec, tuple(promises)) for file, rows in chosen]
        answers = [pool.submit(recheck, task, seconds=limits.block_seconds) for task in tasks]
        for task, answer in zip(tasks, answers, strict=True):
            broken = _broken(task, answer)
            for text, promise in promises.items():
                promise.checked += len(task.rows)
                promise.broken += broken[text]
    yield from promises.values()


def _not_here(promises: dict[str, Promise], made_with: Mapping[str, str], spec: FamilySpec | None) -> Iterator[Promise]:
    """Takes out the promises that cannot be checked here, and says why."""
    other = unlike(made_with)
    versions = {f"made with {', '.join(other)}": remedy(made_with)} if other else {}
    grammar = {} if spec else {"drawn by another grammar": "take the grammar that drew it"}
    for text, causes in {**dict.fromkeys(LOWERED, versions), **dict.fromkeys(REDRAWN, grammar)}.items():
        if causes:
            yield replace(promises.pop(text), unchecked=causes)


def _broken(task: RecheckTask, answer: Answer[Mapping[str, list[str]]]) -> Mapping[str, list[str]]:
    """What a task found; rows that cannot be read, kill their process or hang keep no promise."""
    try:
        return answer.result()
    except (UserError, Lost) as error:
        rows = f"{task.file} rows {task.rows[0]} to {task.rows[-1]} ({error})"
        return {text: [rows] for text in task.promises}


def _same_family(manifest: Manifest, name: str, factories: Mapping[str, str]) -> FamilySpec | None:
    """The family that drew the rows, where the one installed here is still the same."""
    origin = manifest["run"]["families"][name]
    try:
        spec = FamilySpec(name, factories[name], origin["profile_text"])
        same = resolve(spec).origin.items() <= origin.items()
    except Exception:
        return None
    return spec if same else None


def _tasks(keys: Keys, rows: int | None) -> Iterator[Chosen]:
    """All rows, or so many of them, evenly spread."""
    total = sum(len(part) for _, part in keys)
    number = total if rows is None else min(rows, total)
    sample = {place * total // number for place in range(number)}
    before = 0
    for shard, part in keys:
        chosen = [row for row in range(len(part)) if before + row in sample]
        before += len(part)
        for begin in range(0, len(chosen), CHUNK):
            yield shard["file"], tuple(chosen[begin : begin + CHUNK])
