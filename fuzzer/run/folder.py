"""The folder of a run: whose it is, and what has to be left in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from fuzzer.base.form import NONE, Each, fault
from fuzzer.base.versions import remedy
from fuzzer.run.manifest import FORM, README, Manifest
from fuzzer.storage.base import Store, write
from fuzzer.storage.local import LocalStore
from fuzzer.storage.names import BLOCKS, LOCK, PART, RUN, strange
from processes.errors import UserError

MANIFEST = "manifest.json"

ASKED = {"profile": str, "poisson_shards": (int, NONE)} | dict.fromkeys(
    ("seed", "shards", "rows_per_shard", "per_structure", "block"), int
)

Identity = Mapping[str, Any]
"""All that the bytes of a run depend on, as JSON has it."""


def as_json(value: Any) -> bytes:
    """JSON as it stands in files: readable, and the same bytes for the same value."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")  # what UTF-8 cannot hold stands there as JSON writes it, too


def check(store: Store, identity: Identity) -> None:
    """Raises UserError if the folder cannot be this run's: a file, another run's, or full of other things."""
    if store.is_file():
        raise UserError(f"output folder {store.address!r} is a file: give a new folder with --out")
    stored = identity_of(store)
    if stored is None:
        _check_empty(store)
    elif stored != json.loads(as_json(identity)):
        raise UserError(
            f"output folder {store.address!r} holds a run that differs in {difference(stored, identity)}: give"
            f" another folder with --out, or, to go on with that run, {way_back(stored, identity)}"
        )


def identity_of(store: Store) -> dict[str, Any] | None:
    """Whose run the folder holds, finished or not; None if nobody's."""
    for name in (MANIFEST, RUN):
        stored = _parsed(store, name)
        if stored is not None:
            run = stored.get("run")
            return run if isinstance(run, dict) else {}
    return None


def _parsed(store: Store, name: str) -> dict[str, Any] | None:
    content = store.read(name)
    if content is None:
        return None
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _spoilt(store, name, "it is no JSON object")
    return value


def _spoilt(store: Store, name: str, wrong: str) -> UserError:
    return UserError(
        f"{f'{store.address}/{name}'!r} is not as a run wrote it ({wrong}): put the original back, or give another"
        " folder with --out"
    )


def _check_empty(store: Store) -> None:
    _check_name(store)
    others = [name for name in store.top() if not (_left_behind(name) or (name == README and _blank(store)))]
    if others:
        raise UserError(
            f"output folder {store.address!r} holds files that belong to no run ({others[0]!r}):"
            " give an empty or new folder with --out"
        )


PATTERN: Final = re.compile(r"[][*?\\]|::")
"""What Hugging Face's loader or DuckDB take for a pattern of many files, or of an archive, wherever it stands."""

COLUMN: Final = re.compile(r"[^=/]+=[^=/]*")
"""The name of a folder that DuckDB adds to all rows below it, as a column, if it stands in the path that is read."""


def _check_name(store: Store) -> None:
    """Raises UserError for a place whose files no loader finds, or gives other columns. Loaders take all folders around
    a relative path into the pattern, but for columns they look at what they are given."""
    folder = store.folder if isinstance(store, LocalStore) else None
    around = {store.address} if folder is None else {*folder.parts, *folder.resolve().parts}
    for part in sorted(around):
        if wrong := PATTERN.search(part):
            raise UserError(
                f"output folder {store.address!r} has {wrong[0]!r} in its path ({part!r}), which loaders of datasets"
                " take for a pattern: give another folder with --out"
            )
    for part in store.address.split("/"):
        if COLUMN.fullmatch(part):
            raise UserError(
                f"output folder {store.address!r} has {part!r} in its path, which DuckDB adds to the rows as a column:"
                " give another folder with --out"
            )


def _left_behind(name: str) -> bool:
    return name == LOCK or bool(PART.fullmatch(name)) or strange(name)


def _blank(store: Store) -> bool:
    """Whether the card is one with which a hub begins a dataset: settings, and not a word of a person's."""
    text = (store.read(README) or b"").strip()
    return not text or bool(re.fullmatch(rb"---\s.*\s---", text, re.DOTALL))


def difference(stored: Identity, asked: Identity) -> str:
    """What differs, in a user's words: `seed (7, not 8) and shards of programs (2, not 3)`."""
    old, new = _flat(dict(stored)), _flat(dict(asked))
    changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    words = [
        f"{_words(key)} ({old.get(key, 'none')!s:.40}, not {new.get(key, 'none')!s:.40})"
        for key in changed
        if "text" not in key
    ]
    return " and ".join(words) or "profile"


def _words(key: str) -> str:
    """The name of an item of an identity, by the keys that lead to it."""
    match key.split(" "):
        case ["families", family, item]:
            return f"{item} of {family}"
        case ["versions", package]:
            return f"version of {package}"
        case _:
            return key.removeprefix("limits ")


def way_back(stored: Identity, asked: Identity) -> str:
    """What has to be done so that what is asked for is the run that is stored; nothing of it costs a row."""
    made_with: Any = stored.get("versions")
    if fault(made_with, Each(str)):
        made_with = {}
    ways: list[str] = []
    if made_with != asked["versions"]:
        ways.append(remedy(made_with))
    old, new = ({key: item for key, item in _flat(each).items() if key[:8] != "versions"} for each in (stored, asked))
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    if any(key.endswith("grammar") for key in changed):
        ways.append("take the grammar that made it")
    if not all(key.endswith("grammar") for key in changed):
        ways.append("repeat its options")
    return " and ".join(ways)


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    inner = [_flat(item, f"{name} {key}".strip()) for key, item in value.items()]
    return {key: item for flat in inner for key, item in flat.items()}


def begin(store: Store, identity: Identity, asked: Mapping[str, Any]) -> None:
    """Marks the folder as this run's, with the options that it was asked for."""
    if not store.exists(RUN) and not store.exists(MANIFEST):
        write(store, RUN, as_json({"run": identity, "asked": asked}))


def asked(store: Store) -> dict[str, Any] | None:
    """The options of an unfinished run; UserError for a file that no run wrote."""
    stored = _parsed(store, RUN)
    wrong = None if stored is None else fault(stored, {"asked": ASKED})
    if wrong:
        raise _spoilt(store, RUN, wrong)
    return None if stored is None else {name: stored["asked"][name] for name in ASKED}


def manifest(store: Store) -> dict[str, Any] | None:
    """The manifest of a finished run; UserError for one that no run wrote."""
    stored = _parsed(store, MANIFEST)
    wrong = None if stored is None else fault(stored, FORM) or _incomplete(stored)
    if wrong:
        raise _spoilt(store, MANIFEST, wrong)
    return stored


def open_manifest(store: Store) -> Manifest:
    """The manifest of a finished run; anything else is the user's mistake."""
    found = None if store.is_file() else manifest(store)
    if found is None:
        raise UserError(f"{store.address!r} holds no finished run (no manifest.json): give the folder of one")
    return found


def _incomplete(manifest: Mapping[str, Any]) -> str | None:
    """What a manifest of the right form lacks: every family of the run has shards, and no other has."""
    named, described = manifest["run"]["families"], manifest["families"]
    empty = [name for name in {*named, *described} if name not in named or not described.get(name, {}).get("shards")]
    return f"its run and its shards are not of the same families ({min(empty)!r})" if empty else None


def finish(store: Store) -> None:
    """Removes what only a run that is going needs."""
    store.remove(BLOCKS)
    store.remove(RUN)
    store.remove_parts()
