"""What stands in for a lock where there are none: on object stores, and on file systems without `flock`.

It is no more than it says: two runs that both get past it write the same bytes under the same names, and lose nothing
but time.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Protocol

RENEWED = 5.0
"""Seconds between two renewals of a lease."""

SILENT = 20.0
"""Seconds without a renewal after which a lease belongs to nobody: its run was killed."""


class Place(Protocol):
    """What holds one small file."""

    def read(self, name: str) -> bytes | None: ...
    def remove(self, name: str) -> None: ...
    def put(self, name: str, data: bytes, *, new: bool = False) -> bool:
        """Writes it whole; with `new`, only where there is none, and False says that there is one."""
        ...


class Taken(Exception):
    """Another run is going there."""


@contextmanager
def leased(place: Place, name: str) -> Generator[None]:
    """Keeps other runs out of a place; raises Taken where one is going, and what the place raises if it can't be
    written."""
    lease = _Lease(place, name)
    lease.take()
    try:
        yield
    finally:
        lease.give_back()


class _Lease:
    """A file that names its owner and is written anew every few seconds, as long as its owner lives.

    Whoever finds one watches it: if it changes, a run is going and this one is refused; if it does not, its run
    is dead and the lease is taken over. No clocks of two machines are compared.
    """

    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        self._name = name
        self._owner = uuid.uuid4().hex
        self._end = threading.Event()
        self._beats = 0
        self._renewing = threading.Thread(target=self._renew, daemon=True)

    def take(self) -> None:
        if not self._place.put(self._name, self._text(), new=True):
            if self._renewed_by_another():
                raise Taken
            self._place.put(self._name, self._text())
        self._renewing.start()

    def _renewed_by_another(self) -> bool:
        found = self._place.read(self._name)
        end = time.monotonic() + SILENT
        while found is not None and time.monotonic() < end:
            time.sleep(min(RENEWED, SILENT) / 5)
            if (now := self._place.read(self._name)) != found:
                return now is not None
        return False

    def give_back(self) -> None:
        self._end.set()
        self._renewing.join(RENEWED)  # or what it is writing would come to lie there after all
        if self._ours():
            self._place.remove(self._name)

    def _ours(self) -> bool:
        found = self._place.read(self._name)
        return found is not None and self._owner.encode() in found

    def _renew(self) -> None:
        while not self._end.wait(RENEWED):
            with suppress(Exception):  # a store that does not answer now may do so the next time
                if self._ours():
                    self._place.put(self._name, self._text())

    def _text(self) -> bytes:
        self._beats += 1
        who = {"owner": self._owner, "host": socket.gethostname(), "process": os.getpid(), "renewed": self._beats}
        return json.dumps(who).encode()
