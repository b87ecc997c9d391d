"""What the system lets this process have: said where something fails for want of it, not for what it was given."""

from __future__ import annotations

import errno
from importlib import import_module
from typing import Any, Final

KNOWN: Final = (
    ("RLIMIT_DATA", "ulimit -d", 2**20, " MB"),
    ("RLIMIT_AS", "ulimit -v", 2**20, " MB"),
    ("RLIMIT_STACK", "ulimit -s", 2**20, " MB"),
    ("RLIMIT_NPROC", "ulimit -u", 1, " processes"),
    ("RLIMIT_NOFILE", "ulimit -n", 1, " open files"),
)
"""What a process may run into: name, what sets it, unit."""

WANTS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""Errors of calls that fail for what the process has already, whatever they are asked."""


def listing(memory: int | None = None) -> str:
    """The limits of this process as one lists them; `memory` is what a run lets workers allocate, in megabytes."""
    limits = [] if memory is None else [f"{memory:,} MB (--worker-memory)"]
    try:
        resource: Any = import_module("resource")
    except ImportError:  # not a Unix
        return ", ".join(limits) or "not known"
    for name, setter, unit, word in KNOWN:
        soft, _ = resource.getrlimit(getattr(resource, name)) if hasattr(resource, name) else (-1, -1)
        if soft != resource.RLIM_INFINITY and not (memory is not None and name == "RLIMIT_DATA"):
            limits.append(f"{soft // unit:,}{word} ({setter})")
    return ", ".join(limits) or "none"
