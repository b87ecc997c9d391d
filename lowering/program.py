"""A program's text executed, and what goes wrong in it told as one sentence."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from types import ModuleType
from typing import Any

from lowering import _jax_internals as internals
from lowering.errors import (
    EntryError,
    LoweringError,
    NotLowerableError,
    NotTraceableError,
    SideEffectError,
    SourceError,
    explained,
    summary,
)
from lowering.spans import SourceSpans, inner_jaxprs


@dataclass(frozen=True)
class Program:
    """An executed module: its entry function, itself and the file name its code carries."""

    function: Callable[..., Any]
    module: ModuleType
    filename: str


def load(source: str, entry: str, filename: str | None = None) -> Program:
    """Compiles and executes a module's text; the file name defaults to one made from the text.

    Raises SourceError if it does not parse or raises, EntryError if it defines no function `entry`.
    """
    filename = filename or f"<program {blake2b(source.encode('utf-8', 'replace'), digest_size=8).hexdigest()}>"
    module = ModuleType("program")
    _execute(source, filename, module)
    namespace = vars(module)
    function = namespace.get(entry)
    if not callable(function):
        defined = ", ".join(sorted(n for n, v in namespace.items() if inspect.isfunction(v))) or "none"
        raise EntryError(f"the source defines no function {entry!r}: it defines {defined}")
    return Program(function, module, filename)


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


def _execute(source: str, filename: str, module: ModuleType) -> None:
    try:
        # Whatever this Python was started with: without docstrings, some lines would be others (`python -OO`).
        code = compile(source, filename, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        what = getattr(error, "msg", None) or str(error)
        raise SourceError(f"the source does not parse{_at(line)}: {what}") from error
    except (RecursionError, MemoryError) as error:
        raise SourceError(
            f"the source nests deeper than Python compiles ({type(error).__name__}): name parts of its expressions"
        ) from error
    try:
        with importable(module):
            exec(code, vars(module))
    except BaseException as error:
        _refuse_interrupts(error, filename)
        line = _line_in(error, filename)
        raise SourceError(f"the source raises {summary(error)} when executed{_at(line)}") from error


def _refuse_interrupts(error: BaseException, filename: str) -> None:
    """Raises a KeyboardInterrupt again, unless the program's own `raise` made it: it is for the caller."""
    if isinstance(error, KeyboardInterrupt) and not _raised_in(error, filename):
        raise error


def _raised_in(error: BaseException, filename: str) -> bool:
    """Whether the innermost frame of the traceback stands at a `raise` of the program."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or traceback.tb_frame.f_code.co_filename != filename:
        return False
    return traceback.tb_frame.f_code.co_code[traceback.tb_lasti] == dis.opmap["RAISE_VARARGS"]


@contextmanager
def translated_errors(filename: str, *, lowering: bool = False) -> Generator[None]:
    """Whatever the program makes JAX raise becomes NotTraceableError, or NotLowerableError while lowering."""
    try:
        yield
    except LoweringError:
        raise
    except BaseException as error:
        _refuse_interrupts(error, filename)
        line = _line_in(error, filename)
        what, kind = ("lowered", NotLowerableError) if lowering else ("traced", NotTraceableError)
        message = f"the entry cannot be {what}{_at(line)}: {explained(error)}"
        raise kind(message, type(error).__name__, line) from error


_MUTATES = "take the value of the mutable array and return the new one, or make it inside the entry by jax.new_ref"
_EFFECT_CURES = {
    "AccumEffect": _MUTATES,
    "ReadEffect": _MUTATES,
    "WriteEffect": _MUTATES,
    "ErrorEffect": "let jax.experimental.checkify.checkify make the entry return its errors",
}


def refuse_effects(closed: Any, filename: str) -> None:
    """SideEffectError if the JAXPR prints, calls back, or has any other effect."""
    outer = [effect for effect in closed.effects if not internals.stays_inside(effect)]
    if not outer:
        return
    kinds = sorted({type(effect).__name__ for effect in outer})
    primitive, line = _first_effect(closed.jaxpr, SourceSpans(filename))
    raise SideEffectError(
        f"the entry has a side effect ({', '.join(kinds)}) in {primitive}{_at(line)}: "
        f"{_EFFECT_CURES.get(kinds[0], 'remove the print, callback or mutation, and return values instead')}"
    )


def refuse_callbacks(primitives: Collection[str]) -> None:
    """SideEffectError if one of the primitives calls a Python function at run time: to JAX that is no effect."""
    for name in primitives:
        if name.endswith("_callback"):
            raise SideEffectError(f"the entry calls back into Python ({name}): write what it calls in JAX instead")


def _first_effect(jaxpr: Any, spans: SourceSpans) -> tuple[str, int | None]:
    equation = next(equation for equation in jaxpr.eqns if equation.effects)
    span = spans.of(internals.source_info(equation))
    for inner in inner_jaxprs(equation):
        if inner.effects and any(e.effects for e in inner.eqns):
            name, line = _first_effect(inner, spans)
            return name, line or (span.line if span else None)
    return equation.primitive.name, span.line if span else None


def _at(line: int | None) -> str:
    return f" at line {line}" if line is not None else ""


def _line_in(error: BaseException, filename: str) -> int | None:
    """The innermost line of the program in the traceback of `error` or of what it was raised from."""
    line: int | None = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    cause = error.__cause__
    return line if line is not None or cause is None else _line_in(cause, filename)
