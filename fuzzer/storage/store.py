"""Where a run lies: a folder of this machine, or any address that fsspec knows."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from fuzzer.base.options import Address
from fuzzer.storage.base import Store, write
from fuzzer.storage.local import LocalStore
from processes import services
from processes.errors import UserError


def at(address: Address) -> Store:
    """The store of an address; raises UserError for one that cannot be reached."""
    text = str(address).removeprefix("file://")
    _, scheme, place = text.rpartition("://")
    if not (place.strip("/") if scheme else place):
        raise UserError(f"{str(address)!r} names no place: give a folder or an address as s3://BUCKET/RUN")
    if scheme:
        from fuzzer.storage.remote import reached  # fsspec is not for those who write to their own disk

        return reached(text)
    return _tried(LocalStore(text, _absolute(text)))


def _absolute(text: str) -> Path:
    path = Path(os.path.expanduser(text))
    if str(path).startswith("~"):
        raise UserError(f"{text!r} begins with the home of a user who has none here: give the whole path")
    if path.is_absolute():
        return path
    try:
        return services.here() / path
    except services.Lacking as error:
        raise UserError(f"{text!r} begins nowhere, for {error}, or give the whole path") from None


def _tried(store: LocalStore) -> LocalStore:
    """The store, if it can be looked into: a mistake in an address is said in one sentence and at once."""
    try:
        store.top()
    except OSError as error:
        raise UserError(
            f"{store.address!r} cannot be reached ({error.strerror}): give a folder that can be read"
        ) from None
    return store


def copy(source: Store, target: Store, name: str) -> None:
    """Copies a file unless it is there; on one file system as a second name, which costs nothing."""
    if target.exists(name):
        return
    if isinstance(source, LocalStore) and isinstance(target, LocalStore):
        place = target.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            os.link(source.folder / name, place)
            return
    content = source.read(name)
    if content is not None:
        write(target, name, content)
