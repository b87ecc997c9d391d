"""The folder of a run: whose it is, who may write to it now, and what has to be left in it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fuzzer import store
from fuzzer.block import FOLDER as BLOCKS
from fuzzer.errors import UserError, out_of_space

LOCK = ".lock"
RUN = ".run.json"
MANIFEST = "manifest.json"

Identity = Mapping[str, Any]
"""All that the bytes of a run depend on, as JSON has it."""


def as_json(value: Any) -> bytes:
    """JSON as it stands in files: readable, and the same bytes for the same value."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def check(out: Path, identity: Identity) -> None:
    """Raises UserError if the folder cannot be this run's: a file, another run's, or full of other things."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UserError(f"output folder {str(out)!r} is a file: give a new folder with --out")
    held = _identity(out)
    if held is None:
        _check_empty(out)
    elif held != json.loads(as_json(identity)):
        raise UserError(
            f"output folder {str(out)!r} holds a run of another {_difference(held, identity)}: give another"
            " folder with --out, repeat that run's options, or remove the folder"
        )


def _identity(out: Path) -> dict[str, Any] | None:
    for name in (MANIFEST, RUN):
        path = out / name
        if path.is_file():
            return _parse(path).get("run", {})
    return None


def _parse(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError):
        raise UserError(f"{str(path)!r} is no JSON object: remove it, or give another folder with --out") from None


def _check_empty(out: Path) -> None:
    strange = sorted(entry.name for entry in out.iterdir() if not _ours(entry.name))
    if strange:
        raise UserError(
            f"output folder {str(out)!r} holds files that belong to no run ({strange[0]!r}):"
            " give an empty or new folder with --out"
        )


def _ours(name: str) -> bool:
    return name == LOCK or name.endswith(".part")


def _difference(held: Identity, asked: Identity) -> str:
    """What differs, in a user's words: `seed (7, not 8)`."""
    old, new = _flat(held), _flat(asked)
    changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    words = [f"{key} ({old.get(key)!s:.40}, not {new.get(key)!s:.40})" for key in changed if "text" not in key]
    return " and ".join(words) or "profile"


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    inner = [_flat(item, f"{name} {key}".strip()) for key, item in value.items()]
    return {key: item for flat in inner for key, item in flat.items()}


@contextmanager
def locked(out: Path) -> Generator[None]:
    """Makes the folder and keeps other runs out of it; a killed run's lock is gone with the run."""
    try:
        existed = out.exists()
        out.mkdir(parents=True, exist_ok=True)
        lock = _open_lock(out)
    except BlockingIOError:
        raise UserError(
            f"output folder {str(out)!r} is in use by another run: wait for it, or give another with --out"
        ) from None
    except OSError as error:
        if out_of_space(error):
            raise
        raise UserError(
            f"output folder {str(out)!r} cannot be written ({error.strerror}): give another folder with --out"
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):
            (out / LOCK).unlink()
        os.close(lock)
        if not existed:
            with suppress(OSError):
                out.rmdir()  # only succeeds where nothing was written


def _open_lock(out: Path) -> int:
    """An exclusive lock on a file that still has its name: its last holder may just have removed it."""
    while True:
        handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_ino == os.stat(out / LOCK).st_ino:
                return handle
        except FileNotFoundError:
            pass
        except OSError:
            os.close(handle)
            raise
        os.close(handle)


def begin(out: Path, identity: Identity) -> None:
    """Marks the folder as this run's."""
    if not (out / RUN).exists() and not (out / MANIFEST).exists():
        store.write(out / RUN, as_json({"run": identity}))


def manifest(out: Path) -> dict[str, Any] | None:
    """The manifest of a finished run."""
    path = out / MANIFEST
    return _parse(path) if path.is_file() else None


def finish(out: Path) -> None:
    """Removes what only a run that is going needs."""
    store.remove_folder(out / BLOCKS)
    (out / RUN).unlink(missing_ok=True)
    store.remove_parts(out)
