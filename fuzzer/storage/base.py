"""What a store is, whatever holds its bytes, and what is done with any."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from processes.errors import UserError

SEAL = hashlib.sha256().digest_size
"""Bytes of the checksum that ends a sealed file."""


class Store(Protocol):
    """The files of one run, by their names in it (`programs/train-00000-of-00001.parquet`). Picklable."""

    @property
    def address(self) -> str:
        """As a user writes it."""
        ...

    def is_file(self) -> bool:
        """Whether the address is that of a file, so that nothing can lie in it."""
        ...

    def top(self) -> list[str]:
        """Names of the files and folders that lie directly in it; none if it is not there."""
        ...

    def files(self, folder: str = "") -> list[str]:
        """Names of all files below it, or below a folder of it; in order."""
        ...

    def exists(self, name: str) -> bool: ...

    def read(self, name: str) -> bytes | None:
        """The content; None where there is none."""
        ...

    def open(self, name: str) -> BinaryIO:
        """For reading, in any order."""
        ...

    def writing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file, to be read too, that appears when the block ends, and not at all when the block fails."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file or a folder with all that is in it, if it is there."""
        ...

    def remove_parts(self) -> None:
        """Removes what killed writers left behind; call it only while no other process writes there."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Makes the place and keeps other runs out of it."""
        ...


def write(store: Store, name: str, data: bytes) -> None:
    """Writes a file whole or not at all."""
    with store.writing(name) as file:
        file.write(data)


def write_sealed(store: Store, name: str, data: bytes) -> None:
    """Writes data followed by its sha256, for `read_sealed`."""
    write(store, name, data + hashlib.sha256(data).digest())


def read_sealed(store: Store, name: str) -> bytes | None:
    """The data of a sealed file; None where it is missing, truncated or altered."""
    content = store.read(name)
    if content is None:
        return None
    data, seal = content[:-SEAL], content[-SEAL:]
    return data if hashlib.sha256(data).digest() == seal else None


def sha256(store: Store, name: str) -> str:
    """Checksum of a file."""
    with store.open(name) as file:
        return sha256_of(file)


def sha256_of(file: BinaryIO) -> str:
    """Checksum of all that is in an open file, read in pieces."""
    file.seek(0)
    total = hashlib.sha256()
    while piece := file.read(2**20):
        total.update(piece)
    return total.hexdigest()


def in_use(address: str) -> UserError:
    """What is said of a place that another run holds."""
    return UserError(f"output folder {address!r} is in use by another run: wait for it, or give another with --out")


def not_writable(address: str, reason: str) -> UserError:
    """What is said of a place where nothing can be written."""
    return UserError(f"output folder {address!r} cannot be written ({reason}): give another folder with --out")
