"""Whether a worker can do its work at all: asked before a program is blamed for what failed in one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import lowering
from fuzzer.errors import RunError

KNOWN_GOOD = """\
import jax.numpy as jnp


def known_good(x):
    return jnp.cumsum(jnp.sin(x)) @ jnp.where(x > 0, x, 0.0)
"""

LIMITS = (
    ("RLIMIT_DATA", "--worker-memory", 2**20, " MB"),
    ("RLIMIT_AS", "ulimit -v", 2**20, " MB"),
    ("RLIMIT_STACK", "ulimit -s", 2**20, " MB"),
    ("RLIMIT_NPROC", "ulimit -u", 1, " processes"),
    ("RLIMIT_NOFILE", "ulimit -n", 1, " open files"),
)
"""What a worker may run into: name, what sets it, unit."""


def check() -> None:
    """Raises RunError, which names the limits of this process, unless a program that is known to be good lowers here.

    Whatever a program did to deserve its blame, it did not do it to this one.
    """
    try:
        lowered = lowering.extract_source(KNOWN_GOOD, "known_good", [lowering.Leaf("x", "float32", (8,))])
        _ = lowered.stablehlo
    except Exception as error:
        raise unfit(f"{error}") from None


def unfit(why: str, memory: int | None = None) -> RunError:
    """What is said where workers fail at what is known to be good; `memory` is what they may allocate, in megabytes."""
    return RunError(
        f"a worker fails at a program that is known to be good ({why:.200}), so no program is to blame: its limits are"
        f" {_limits(memory)}; raise what is too small and start the same command again"
    )


def _limits(memory: int | None) -> str:
    told = [] if memory is None else [f"{memory:,} MB (--worker-memory)"]
    try:
        resource: Any = import_module("resource")
    except ImportError:  # not a Unix
        return " and ".join(told) or "not known"
    for name, setter, unit, word in LIMITS:
        soft, _ = resource.getrlimit(getattr(resource, name)) if hasattr(resource, name) else (-1, -1)
        if soft != resource.RLIM_INFINITY and not (memory is not None and name == "RLIMIT_DATA"):
            told.append(f"{soft // unit:,}{word} ({setter})")
    return ", ".join(told) or "none"
