"""Files of a run: written whole under a dot-name and renamed, so that none is ever seen half-written."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

SEAL = hashlib.sha256().digest_size


@contextmanager
def writing(path: Path) -> Generator[BinaryIO]:
    """A file that appears under its name when the block ends, and not at all when the block fails.

    The dot-name carries the process id: two processes that make the same file never write into one another's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def write(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all."""
    with writing(path) as file:
        file.write(data)


def write_sealed(path: Path, data: bytes) -> None:
    """Writes data followed by its sha256, for `read_sealed`."""
    with writing(path) as file:
        file.write(data)
        file.write(hashlib.sha256(data).digest())


def read_sealed(path: Path) -> bytes | None:
    """The data of a sealed file; None where it is missing, truncated or altered."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    data, seal = content[:-SEAL], content[-SEAL:]
    return data if hashlib.sha256(data).digest() == seal else None


def sha256(path: Path) -> str:
    """Checksum of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_parts(folder: Path) -> None:
    """Removes what killed writers left behind; call it only while no other process writes there."""
    for part in folder.rglob(".*.part"):
        part.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Removes a folder and what is in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)
