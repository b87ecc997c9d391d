"""Whether a worker can do its work at all: asked before a program is blamed for what failed in one."""

from __future__ import annotations

import lowering
from fuzzer.base.errors import RunError
from processes import limits

KNOWN_GOOD = """\
import jax.numpy as jnp


def known_good(x):
    return jnp.cumsum(jnp.sin(x)) @ jnp.where(x > 0, x, 0.0)
"""


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
        f" {limits.listing(memory)}; raise what is too small and start the same command again"
    )
