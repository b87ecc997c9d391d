"""Where a run lies: a folder of this machine, or any address that fsspec knows. Files appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

from fuzzer.errors import UserError
from fuzzer.lease import Taken, leased
from fuzzer.names import LOCK, PART, part, strange
from processes import services

Address: TypeAlias = "str | Path"
"""A path, or a URL such as `s3://bucket/run`."""

ATTEMPTS = 100
"""Times that a lock may be lost to the one who removes it, before its file system is taken for one without locks."""

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
        return sorted(path.relative_to(self.folder).as_posix() for path in found if os.path.isfile(path))

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
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(part(path.name, os.getpid()))
        try:
            with unfinished.open("w+b") as file:
                yield file
            unfinished.replace(path)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise

    def remove(self, name: str) -> None:
        path = self.folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def remove_parts(self) -> None:
        for path in self.folder.rglob(".*.part"):
            if PART.fullmatch(path.name) and not strange(path.relative_to(self.folder).as_posix()):
                path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Generator[None]:
        existed = self.folder.exists()
        with ExitStack() as held:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                held.callback(self._remove_again, existed)
                held.enter_context(self._lock())
            except (BlockingIOError, Taken):
                raise in_use(self.address) from None
            except OSError as error:
                if services.full(error):
                    raise
                raise not_writable(self.address, _reason(self.folder, error)) from None
            yield

    def _remove_again(self, existed: bool) -> None:
        if not existed:
            with suppress(OSError):
                self.folder.rmdir()  # only succeeds where nothing was written

    def _lock(self) -> AbstractContextManager[None]:
        """A lock of the kernel, which drops it with the process that holds it, so a killed run is no obstacle to the
        next; a lease where the file system or the machine has none. BlockingIOError or Taken where another run goes."""
        return leased(self, LOCK) if (handle := self._flocked()) is None else self._kept(handle)

    @contextmanager
    def _kept(self, handle: int) -> Generator[None]:
        try:
            yield
        finally:
            self.remove(LOCK)
            os.close(handle)

    def _flocked(self) -> int | None:
        """A file that is locked and still has its name, for its last holder may just have removed it; None without
        locks. Whether there are any is tried on a file without a name: one that is left there would look like a lease.
        """
        with tempfile.TemporaryFile(prefix=".", dir=self.folder) as nameless:
            attempts = ATTEMPTS if _flock(nameless.fileno()) else 0
        path = self.folder / LOCK
        for _ in range(attempts):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if _flock(handle) and os.fstat(handle).st_ino == path.stat().st_ino:
                    return handle
            except FileNotFoundError:
                pass
            except OSError:
                os.close(handle)
                raise
            os.close(handle)
        return None

    def put(self, name: str, data: bytes, *, new: bool = False) -> bool:
        """Writes a small file; with `new`, only where there is none, and False says that there is one."""
        if not new:
            write(self, name, data)
            return True
        try:
            with (self.folder / name).open("xb") as file:
                file.write(data)
        except FileExistsError:
            return False
        return True


def _flock(handle: int) -> bool:
    """Locks an open file; False where machine or file system have no locks, BlockingIOError where another holds one."""
    try:
        fcntl: Any = import_module("fcntl")  # Windows has none
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):  # file systems have several names for what they do not know
        return False
    return True


def _reason(folder: Path, error: OSError) -> str:
    """Why a folder cannot be made or written. What the system says of a link to nothing is no help."""
    broken = next((path for path in (folder, *folder.parents) if path.is_symlink() and not path.exists()), None)
    if broken is None:
        return str(error.strerror)
    return f"{str(broken)!r} is a link to {os.readlink(broken)!r}, which is not there"


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
