"""What a process does around the programs it lowers: JAX's settings fixed, and forgetting now and then."""

from __future__ import annotations

import gc
import linecache
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import jax
import numpy as np

from lowering._jax_internals import forget_filenames, taken_for_users

_FRAMES = "jax_traceback_in_locations_limit"
_FEWEST, _MOST = 8, 100
"""Frames of a location: of short ones, and as many as JAX keeps by default."""

_SETTINGS: dict[str, Any] = {
    "jax_pprint_use_color": False,
    "jax_include_full_tracebacks_in_locations": True,
    "jax_hlo_source_file_canonicalization_regex": None,
    "jax_use_shardy_partitioner": True,
    "jax_use_simplified_jaxpr_constants": False,
    "jax_ragged_dot_use_ragged_dot_instruction": True,
}
"""How JAX prints, where it says that something came from, and by which of several rules it lowers an equation. JAX
colours what it prints by `repr` (a jaxpr inside a tuple) where standard output is a terminal, and in a notebook."""

_PRINTING: dict[str, Any] = {
    "edgeitems": 3,
    "floatmode": "maxprec",
    "formatter": None,
    "infstr": "inf",
    "legacy": False,
    "linewidth": 75,
    "nanstr": "nan",
    "precision": 8,
    "sign": "-",
    "suppress": False,
    "threshold": 1000,
}
"""NumPy's defaults for arrays that stand in texts."""

_fresh = jax.make_user_context()


class _Settings:
    """What is set for the whole process while any thread is inside `settled`; the last to leave puts it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: dict[str, Any] = {}

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            for name, value in _wanted().items():
                before = getattr(jax.config, name)
                if before != value:
                    self._before[name] = before
                    jax.config.update(name, value)

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside:
                return
            while self._before:
                jax.config.update(*self._before.popitem())


def _wanted() -> dict[str, Any]:
    frames = getattr(jax.config, _FRAMES)
    return _SETTINGS | {_FRAMES: frames if frames >= _FEWEST else _MOST}


_settings = _Settings()


@contextmanager
def settled(filename: str = "") -> Generator[None]:
    """Inside, texts and source maps are those of JAX's and NumPy's own settings, whatever the process has set.

    Code in `filename` counts as the user's, wherever it is installed. What changes the program rather than its
    texts (`jax_enable_x64`, a default precision, a kind of PRNG keys) stays the caller's. All is put back at the end.
    """
    _settings.enter()
    try:
        with np.printoptions(**_PRINTING), taken_for_users(filename):
            yield
    finally:
        _settings.leave()


@contextmanager
def traced_anew() -> Generator[None]:
    """Inside, JAX traces every function, whatever it remembers of it from outside."""
    with _fresh(object()):
        yield


@contextmanager
def deep(calls: int = 20_000) -> Generator[None]:
    """Inside, so many more calls may nest than this process allows.

    Whatever JAX could trace within its limit can so be printed and read, which nests deeper than tracing.
    """
    _allow(calls)
    try:
        yield
    finally:
        _allow(-calls)


def _allow(calls: int) -> None:
    with _recursion, suppress(RecursionError, ValueError):  # where a program has set a limit of its own
        sys.setrecursionlimit(sys.getrecursionlimit() + calls)


_recursion = threading.Lock()


@contextmanager
def short_locations() -> Generator[None]:
    """Inside, JAX keeps the eight innermost frames of a location instead of a hundred.

    Texts and fingerprints are the same inside and outside. So is the source map, unless the program calls a
    library that is over seven frames deep where it calls JAX: what comes of that then has no span of its own.
    """
    before = getattr(jax.config, _FRAMES)
    jax.config.update(_FRAMES, _FEWEST)  # one would do but for NumPy, through which JAX calls itself
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
