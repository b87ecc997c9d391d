"""What a process that lowers many programs does around them: one setting, and forgetting now and then."""

from __future__ import annotations

import gc
import linecache
from collections.abc import Generator
from contextlib import contextmanager

import jax

from lowering._jax_internals import forget_filenames

_FRAMES = "jax_traceback_in_locations_limit"


@contextmanager
def short_locations() -> Generator[None]:
    """Inside, JAX keeps the eight innermost frames of a location instead of a hundred.

    Texts and fingerprints are the same inside and outside. So is the source map, unless the program calls a
    library that is over seven frames deep where it calls JAX: what comes of that then has no span of its own.
    """
    before = getattr(jax.config, _FRAMES)
    jax.config.update(_FRAMES, 8)  # one would do but for NumPy, through which JAX calls itself
    try:
        yield
    finally:
        jax.config.update(_FRAMES, before)


def forget() -> None:
    """Drops what JAX and Python remember of programs lowered so far, so that memory stays flat.

    No later result changes by it. It costs about 100 ms of work done again: call it every 100 programs or so.
    """
    jax.clear_caches()
    forget_filenames()
    for name in [name for name in linecache.cache if name.startswith("<")]:
        del linecache.cache[name]
    gc.collect()
