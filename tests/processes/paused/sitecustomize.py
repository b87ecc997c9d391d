"""With this folder on PYTHONPATH, a process and those it starts pause at a place: where signals are to meet them.

PAUSE is `module:attribute`, the function that is to be called, or `module:`, where its import begins. The first that
comes there makes the file PAUSED and sleeps for PAUSE_SECONDS.
"""

from __future__ import annotations

import os
import sys
import time
from functools import reduce, wraps
from importlib.machinery import PathFinder
from typing import Any

MODULE, _, ATTRIBUTE = os.environ["PAUSE"].partition(":")


def pause() -> None:
    try:
        os.close(os.open(os.environ["PAUSED"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    end = time.monotonic() + float(os.environ["PAUSE_SECONDS"])
    while time.monotonic() < end:
        time.sleep(0.1)


class Finder:
    """Finds one module, and puts the pause into it."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        spec = PathFinder.find_spec(name, path) if name == MODULE else None
        if spec and spec.loader:
            run = spec.loader.exec_module
            spec.loader.exec_module = lambda module: load(run, module)
        return spec


def load(run: Any, module: Any) -> None:
    if not ATTRIBUTE:
        pause()
    run(module)
    if ATTRIBUTE:
        *outer, name = ATTRIBUTE.split(".")
        holder = reduce(getattr, outer, module)
        setattr(holder, name, pausing(getattr(holder, name)))


def pausing(function: Any) -> Any:
    @wraps(function)
    def paused(*arguments: Any, **named: Any) -> Any:
        pause()
        return function(*arguments, **named)

    return paused


sys.meta_path.insert(0, Finder)
