"""A run in a folder. Files appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from fuzzer.storage.base import in_use, not_writable, write
from fuzzer.storage.lease import Taken, leased
from fuzzer.storage.names import LOCK, PART, part, strange
from processes import services

ATTEMPTS = 100
"""Times that a lock may be lost to the one who removes it, before its file system is taken for one without locks."""


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
