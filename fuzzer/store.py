"""Where a run lies: a folder of this machine, or any address that fsspec knows. Files appear whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

from fuzzer.errors import UserError, out_of_space

Address: TypeAlias = "str | Path"
"""A path, or a URL such as `s3://bucket/run`."""

LOCK = ".lock"
SEAL = hashlib.sha256().digest_size


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


def at(address: Address) -> Store:
    """The store of an address; raises UserError for one that cannot be reached."""
    text = str(address).removeprefix("file://")
    _, scheme, place = text.rpartition("://")
    if not (place.strip("/") if scheme else place):
        raise UserError(f"{str(address)!r} names no place: give a folder or an address as s3://BUCKET/RUN")
    if scheme:
        from fuzzer.remote import reached  # fsspec is not for those who write to their own disk

        return reached(text)
    return _tried(LocalStore(text, Path(os.path.expanduser(text)).absolute()))


def _tried(store: LocalStore) -> LocalStore:
    """The store, if it can be looked into: a mistake in an address is said in one sentence and at once."""
    try:
        store.top()
    except OSError as error:
        raise UserError(
            f"{store.address!r} cannot be reached ({error.strerror}): give a folder that can be read"
        ) from None
    return store


@dataclass(frozen=True)
class LocalStore:
    """A folder of this machine, or of a file system that all machines of a run share."""

    address: str
    folder: Path
    """The same, wherever a worker is started."""

    def is_file(self) -> bool:
        return self.folder.exists() and not self.folder.is_dir()

    def top(self) -> list[str]:
        try:
            return sorted(os.listdir(self.folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def files(self, folder: str = "") -> list[str]:
        found = (self.folder / folder).rglob("*")
        return sorted(path.relative_to(self.folder).as_posix() for path in found if path.is_file())

    def exists(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def open(self, name: str) -> BinaryIO:
        return (self.folder / name).open("rb")

    @contextmanager
    def writing(self, name: str) -> Generator[BinaryIO]:
        # The dot-name carries the process id: two processes that make the same file never write into one another's.
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with part.open("w+b") as file:
                yield file
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise

    def remove(self, name: str) -> None:
        path = self.folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def remove_parts(self) -> None:
        for part in self.folder.rglob(".*.part"):
            part.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Generator[None]:
        # The kernel drops the lock with the process that holds it, so a killed run is no obstacle to the next.
        existed = self.folder.exists()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = self._open_lock()
        except BlockingIOError:
            raise in_use(self.address) from None
        except OSError as error:
            if out_of_space(error):
                raise
            raise not_writable(self.address, str(error.strerror)) from None
        try:
            yield
        finally:
            self.remove(LOCK)
            os.close(lock)
            if not existed:
                with suppress(OSError):
                    self.folder.rmdir()  # only succeeds where nothing was written

    def _open_lock(self) -> int:
        """An exclusive lock on a file that still has its name: its last holder may just have removed it."""
        path = self.folder / LOCK
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(handle).st_ino == path.stat().st_ino:
                    return handle
            except FileNotFoundError:
                pass
            except OSError:
                os.close(handle)
                raise
            os.close(handle)


def in_use(address: str) -> UserError:
    """What is said of a place that another run holds."""
    return UserError(f"output folder {address!r} is in use by another run: wait for it, or give another with --out")


def not_writable(address: str, reason: str) -> UserError:
    """What is said of a place where nothing can be written."""
    return UserError(f"output folder {address!r} cannot be written ({reason}): give another folder with --out")


def write(store: Store, name: str, data: bytes) -> None:
    """Writes a file whole or not at all."""
    with store.writing(name) as file:
        file.write(data)


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
        return digest(file)


def digest(file: BinaryIO) -> str:
    """Checksum of all that is in an open file, read in pieces."""
    file.seek(0)
    total = hashlib.sha256()
    while piece := file.read(2**20):
        total.update(piece)
    return total.hexdigest()
