"""A run on an object store, or on anything else that fsspec reaches.

Object stores show an object when all of it has arrived, so nothing is renamed. They have no locks; `_Lease` stands
in for one, and is no more than it says: two runs that both get past it write the same bytes under the same names,
and lose nothing but time.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from fsspec.core import url_to_fs

from fuzzer.errors import UserError
from fuzzer.store import LOCK, in_use, not_writable

RENEWED = 5.0
"""Seconds between two renewals of a lease."""

SILENT = 20.0
"""Seconds without a renewal after which a lease belongs to nobody: its run was killed."""


def reached(address: str) -> RemoteStore:
    """The store of an address, tried once, so that a mistake in it is said in one sentence and at once."""
    store = RemoteStore(address.rstrip("/"))
    try:
        store.top()
    except ImportError as error:
        cure = "pip install 'jit-synthesis[s3]'" if address.startswith("s3:") else "install what it names"
        raise UserError(f"{address!r} needs a package that is not installed ({_first_line(error)}): {cure}") from None
    except ValueError as error:
        raise UserError(
            f"{address!r} is no address ({_first_line(error)}): give a path or one as s3://BUCKET/RUN"
        ) from None
    except Exception as error:  # every store has errors of its own
        raise UserError(
            f"{address!r} cannot be reached ({_first_line(error)}): check the address, the network and the credentials"
        ) from None
    return store


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


@dataclass(frozen=True)
class RemoteStore:
    """All below an address of fsspec. Workers get the address and connect for themselves."""

    address: str

    def _place(self, name: str = "") -> tuple[Any, str]:
        """File system and path of a file. What other processes did in between is to be seen, so nothing is cached."""
        system, root = cast("tuple[Any, str]", url_to_fs(self.address))
        system.invalidate_cache()
        return system, f"{root}/{name}" if name else root

    def is_file(self) -> bool:
        system, path = self._place()
        return system.isfile(path)

    def top(self) -> list[str]:
        system, path = self._place()
        try:
            found = system.ls(path, detail=False)
        except FileNotFoundError:
            return []
        return sorted(name for name in (self._inner(path, each) for each in found) if name)

    def files(self, folder: str = "") -> list[str]:
        system, root = self._place()
        return sorted(self._inner(root, path) for path in system.find(f"{root}/{folder}" if folder else root))

    def _inner(self, root: str, path: str) -> str:
        return path.strip("/").removeprefix(root.strip("/")).strip("/")

    def exists(self, name: str) -> bool:
        system, path = self._place(name)
        return system.isfile(path)

    def read(self, name: str) -> bytes | None:
        system, path = self._place(name)
        try:
            return system.cat_file(path)
        except FileNotFoundError:
            return None

    def open(self, name: str) -> BinaryIO:
        system, path = self._place(name)
        return system.open(path, "rb")

    @contextmanager
    def writing(self, name: str) -> Generator[BinaryIO]:
        # Through a file of this machine: its checksum is known before it leaves, and a shard need not fit in memory.
        system, path = self._place(name)
        with tempfile.NamedTemporaryFile() as file:
            yield cast(BinaryIO, file)
            file.flush()
            system.put_file(file.name, path)

    def remove(self, name: str) -> None:
        system, path = self._place(name)
        with suppress(FileNotFoundError):
            system.rm(path, recursive=True)

    def remove_parts(self) -> None:
        pass  # there are none

    @contextmanager
    def locked(self) -> Generator[None]:
        lease = _Lease(self)
        try:
            taken = lease.take()
        except Exception as error:
            raise not_writable(self.address, _first_line(error)) from None
        if not taken:
            raise in_use(self.address)
        try:
            yield
        finally:
            lease.give_back()

    def put(self, name: str, data: bytes, *, new: bool = False) -> bool:
        """Writes a small object; with `new`, only where there is none, and False says that there is one."""
        system, path = self._place(name)
        try:
            system.pipe_file(path, data, mode="create" if new else "overwrite")
        except FileExistsError:
            return False
        return True


class _Lease:
    """An object that names its owner and is written anew every few seconds, as long as its owner lives.

    Whoever finds one watches it: if it changes, a run is going and this one is refused; if it does not, its run
    is dead and the lease is taken over. No clocks of two machines are compared.
    """

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self._owner = uuid.uuid4().hex
        self._end = threading.Event()
        self._beats = 0

    def take(self) -> bool:
        if not self._store.put(LOCK, self._text(), new=True):
            if self._renewed_by_another():
                return False
            self._store.put(LOCK, self._text())
        threading.Thread(target=self._renew, daemon=True).start()
        return True

    def _renewed_by_another(self) -> bool:
        found = self._store.read(LOCK)
        end = time.monotonic() + SILENT
        while found is not None and time.monotonic() < end:
            time.sleep(min(RENEWED, SILENT) / 5)
            if (now := self._store.read(LOCK)) != found:
                return now is not None
        return False

    def give_back(self) -> None:
        self._end.set()
        if self._ours():
            self._store.remove(LOCK)

    def _ours(self) -> bool:
        found = self._store.read(LOCK)
        return found is not None and self._owner.encode() in found

    def _renew(self) -> None:
        while not self._end.wait(RENEWED):
            with suppress(Exception):  # a store that does not answer now may do so the next time
                if self._ours():
                    self._store.put(LOCK, self._text())

    def _text(self) -> bytes:
        self._beats += 1
        who = {"owner": self._owner, "host": socket.gethostname(), "process": os.getpid(), "renewed": self._beats}
        return json.dumps(who).encode()
