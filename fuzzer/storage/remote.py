"""A run on an object store, or on anything else that fsspec reaches.

Object stores show an object when all of it has arrived, so nothing is renamed. They have no locks: a lease stands in
for one.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from fsspec.core import url_to_fs

from fuzzer.storage.base import in_use, not_writable
from fuzzer.storage.lease import Taken, leased
from fuzzer.storage.names import LOCK
from processes import services
from processes.commands import one_line
from processes.errors import UserError


def reached(address: str) -> RemoteStore:
    """The store of an address, tried once, so that a mistake in it is said in one sentence and at once."""
    store = RemoteStore(address.rstrip("/"))
    try:
        store.top()
    except ImportError as error:
        cure = "pip install 'jit-synthesis[s3]'" if address.startswith("s3:") else "install what it names"
        raise UserError(f"{address!r} needs a package that is not installed ({_cause(error)}): {cure}") from None
    except ValueError as error:
        raise UserError(f"{address!r} is no address ({_cause(error)}): give a path or one as s3://BUCKET/RUN") from None
    except Exception as error:  # every store has errors of its own
        raise UserError(
            f"{address!r} cannot be reached ({_cause(error)}): check the address, the network and the credentials"
        ) from None
    return store


def _cause(error: Exception) -> str:
    return one_line(str(error)) or type(error).__name__


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
        with services.temporary(named=True) as file:
            yield file
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
        with ExitStack() as held:
            try:
                held.enter_context(leased(self, LOCK))
            except Taken:
                raise in_use(self.address) from None
            except Exception as error:
                raise not_writable(self.address, _cause(error)) from None
            yield

    def put(self, name: str, data: bytes, *, new: bool = False) -> bool:
        """Writes a small object; with `new`, only where there is none, and False says that there is one."""
        system, path = self._place(name)
        try:
            system.pipe_file(path, data, mode="create" if new else "overwrite")
        except FileExistsError:
            return False
        return True
