"""What a system usually gives a process and may lack: done without, or named in one sentence.

In containers and on clusters a user may have no home and no name, no semaphores, no folder for temporary files.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import BinaryIO, cast


class Lacking(Exception):
    """The system lacks what cannot be done without: one sentence with the cure."""


def here() -> Path:
    """The working directory; Lacking where it was removed."""
    try:
        return Path.cwd()
    except OSError as error:
        raise Lacking(f"the working directory is gone ({error.strerror}): change to one that is there") from None


def check_semaphores(context: BaseContext) -> None:
    """Raises Lacking where there are none to share with workers."""
    try:
        context.RLock()
    except (ImportError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Lacking(
            f"workers need semaphores, which this system does not give ({reason}): mount /dev/shm, with some room"
        ) from None


@contextmanager
def temporary(*, named: bool = False) -> Generator[BinaryIO]:
    """A file of this machine that goes with the block, whose name nobody sees unless it is to be `named`.

    Raises Lacking where none can be had, or where its disk gets full.
    """
    make = tempfile.NamedTemporaryFile if named else tempfile.TemporaryFile
    try:
        with ExitStack() as kept:
            try:
                file = kept.enter_context(make())
            except OSError as error:
                raise Lacking(
                    f"no temporary file can be made ({error.strerror}): set TMPDIR to a folder that can be written"
                ) from None
            yield cast(BinaryIO, file)
    except OSError as error:
        if not full(error):
            raise
        raise Lacking(
            f"no space left for temporary files in {tempfile.gettempdir()!r}: make room there, or set TMPDIR to another"
            " folder"
        ) from None


def full(error: OSError) -> bool:
    """Whether a write failed because the disk, or the share of it that we may use, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def home() -> Generator[None]:
    """A home for libraries that ask for it when they are imported, if only to know its name."""
    if _has_home():
        yield
        return
    os.environ["HOME"] = os.sep
    try:
        yield
    finally:
        del os.environ["HOME"]


def _has_home() -> bool:
    with suppress(RuntimeError):
        return Path.home().is_absolute()
    return False
