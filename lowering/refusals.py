"""What goes wrong in a program, or is refused of it, told as one sentence with the program's line."""

from __future__ import annotations

import dis
from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Any

from lowering import _jax_internals as internals
from lowering.errors import LoweringError, NotLowerableError, NotTraceableError, SideEffectError, explained
from lowering.spans import SourceSpans, inner_jaxprs


@contextmanager
def translated_errors(filename: str, *, lowering: bool = False) -> Generator[None]:
    """Whatever the program makes JAX raise becomes NotTraceableError, or NotLowerableError while lowering."""
    try:
        yield
    except LoweringError:
        raise
    except BaseException as error:
        refuse_interrupts(error, filename)
        line = line_in(error, filename)
        what, kind = ("lowered", NotLowerableError) if lowering else ("traced", NotTraceableError)
        message = f"the entry cannot be {what}{at_line(line)}: {explained(error)}"
        raise kind(message, type(error).__name__, line) from error


def refuse_interrupts(error: BaseException, filename: str) -> None:
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
        f"the entry has a side effect ({', '.join(kinds)}) in {primitive}{at_line(line)}: "
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


def at_line(line: int | None) -> str:
    return f" at line {line}" if line is not None else ""


def line_in(error: BaseException, filename: str) -> int | None:
    """The innermost line of the program in the traceback of `error` or of what it was raised from."""
    line: int | None = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    cause = error.__cause__
    return line if line is not None or cause is None else line_in(cause, filename)
