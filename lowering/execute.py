"""A program's text executed."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from types import ModuleType
from typing import Any

from lowering.errors import EntryError, SourceError, summary
from lowering.refusals import at_line, line_in, refuse_interrupts


@dataclass(frozen=True)
class ExecutedModule:
    """An executed module: its entry function, itself and the file name its code carries."""

    function: Callable[..., Any]
    module: ModuleType
    filename: str


def execute(source: str, entry: str, filename: str | None = None) -> ExecutedModule:
    """Compiles and executes a module's text; the file name defaults to one made from the text.

    Raises SourceError if it does not parse or raises, EntryError if it defines no function `entry`.
    """
    filename = filename or f"<program {blake2b(source.encode('utf-8', 'replace'), digest_size=8).hexdigest()}>"
    module = ModuleType("program")
    _run(source, filename, module)
    namespace = vars(module)
    function = namespace.get(entry)
    if not callable(function):
        defined = ", ".join(sorted(n for n, v in namespace.items() if inspect.isfunction(v))) or "none"
        raise EntryError(f"the source defines no function {entry!r}: it defines {defined}")
    return ExecutedModule(function, module, filename)


@contextmanager
def importable(module: ModuleType) -> Generator[None]:
    """Inside, Python finds the module by its name, as `dataclasses`, `typing` and `pickle` look for it."""
    name = module.__name__
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        sys.modules.pop(name, None)
        if before is not None:
            sys.modules[name] = before


def _run(source: str, filename: str, module: ModuleType) -> None:
    try:
        # Whatever this Python was started with: without docstrings, some lines would be others (`python -OO`).
        code = compile(source, filename, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        what = getattr(error, "msg", None) or str(error)
        raise SourceError(f"the source does not parse{at_line(line)}: {what}") from error
    except (RecursionError, MemoryError) as error:
        raise SourceError(
            f"the source nests deeper than Python compiles ({type(error).__name__}): name parts of its expressions"
        ) from error
    try:
        with importable(module):
            exec(code, vars(module))
    except BaseException as error:
        refuse_interrupts(error, filename)
        line = line_in(error, filename)
        raise SourceError(f"the source raises {summary(error)} when executed{at_line(line)}") from error
