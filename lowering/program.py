"""A program's text executed, its arguments checked, and what goes wrong in it told as one sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from jax.core import Tracer

from lowering import _jax_internals as internals
from lowering.errors import (
    EntryError,
    InputError,
    LoweringError,
    NotLowerableError,
    NotTraceableError,
    SideEffectError,
    SourceError,
)
from lowering.leaves import Leaf, arguments
from lowering.spans import SourceSpans, inner_jaxprs


@dataclass(frozen=True)
class Program:
    """An executed module: its entry function, its globals and the file name its code carries."""

    function: Callable[..., Any]
    namespace: dict[str, Any]
    filename: str


def load(source: str, entry: str, filename: str | None = None) -> Program:
    """Compiles and executes a module's text; the file name defaults to one made from the text.

    Raises SourceError if it does not parse or raises, EntryError if it defines no function `entry`.
    """
    filename = filename or f"<program {blake2b(source.encode('utf-8', 'replace'), digest_size=8).hexdigest()}>"
    namespace: dict[str, Any] = {"__name__": "program"}
    _execute(source, filename, namespace)
    function = namespace.get(entry)
    if not callable(function):
        defined = ", ".join(sorted(n for n, v in namespace.items() if inspect.isfunction(v))) or "none"
        raise EntryError(f"the source defines no function {entry!r}: it defines {defined}")
    return Program(function, namespace, filename)


def _execute(source: str, filename: str, namespace: dict[str, Any]) -> None:
    try:
        # Whatever this Python was started with: without docstrings, some lines would be others (`python -OO`).
        code = compile(source, filename, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        what = getattr(error, "msg", None) or str(error)
        raise SourceError(f"the source does not parse{_at(line)}: {what}") from error
    try:
        exec(code, namespace)
    except Exception as error:
        line = _line_in(error, filename)
        raise SourceError(f"the source raises {_summary(error)} when executed{_at(line)}") from error


def check_arguments(function: Callable[..., Any], leaves: Sequence[Leaf]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments in the order of the signature; InputError if names do not match it."""
    values = arguments(leaves, function)
    parameters = inspect.signature(function).parameters
    required = [n for n, p in parameters.items() if p.default is p.empty and p.kind not in _VARIADIC]
    missing = [name for name in required if name not in values]
    unknown = [name for name in values if name not in parameters or parameters[name].kind in _VARIADIC]
    if missing or unknown:
        wrong = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise InputError(f"the input {' and '.join(wrong)}: the entry takes ({', '.join(parameters)})")
    return _in_order(parameters, values)


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _in_order(parameters: Any, values: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """By position until a default is left standing, by keyword after it."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name not in values:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY or len(args) < list(parameters).index(name):
            kwargs[name] = values[name]
        else:
            args.append(values[name])
    return tuple(args), kwargs


@contextmanager
def translated_errors(filename: str, *, lowering: bool = False) -> Generator[None]:
    """Whatever the program makes JAX raise becomes NotTraceableError, or NotLowerableError while lowering."""
    try:
        yield
    except LoweringError:
        raise
    except Exception as error:
        line = _line_in(error, filename)
        what, kind = ("lowered", NotLowerableError) if lowering else ("traced", NotTraceableError)
        message = f"the entry cannot be {what}{_at(line)}: {_summary(error)}"
        raise kind(message, type(error).__name__, line) from error


def refuse_effects(closed: Any, filename: str) -> None:
    """SideEffectError if the JAXPR prints, calls back, or has any other effect."""
    if not closed.effects:
        return
    kinds = ", ".join(sorted({type(effect).__name__ for effect in closed.effects}))
    primitive, line = _first_effect(closed.jaxpr, SourceSpans(filename))
    raise SideEffectError(
        f"the entry has a side effect ({kinds}) in {primitive}{_at(line)}: "
        "remove the print, callback or mutation, and return values instead"
    )


def _first_effect(jaxpr: Any, spans: SourceSpans) -> tuple[str, int | None]:
    equation = next(equation for equation in jaxpr.eqns if equation.effects)
    span = spans.of(internals.source_info(equation))
    for inner in inner_jaxprs(equation):
        if inner.effects and any(e.effects for e in inner.eqns):
            name, line = _first_effect(inner, spans)
            return name, line or (span.line if span else None)
    return equation.primitive.name, span.line if span else None


def refuse_leaks(namespace: dict[str, Any]) -> None:
    """SideEffectError if tracing left a traced value in a global, or in a list, set or dict that is one."""
    for name, value in namespace.items():
        if any(isinstance(item, Tracer) for item in _contents(value)):
            raise SideEffectError(f"the entry leaks a traced value into the global {name!r}: return it instead")


def _contents(value: Any) -> Sequence[Any]:
    if isinstance(value, dict) and "__builtins__" not in value:
        return list(value.values())
    return list(value) if isinstance(value, (list, set)) else [value]


def _summary(error: BaseException) -> str:
    """Type and first line of the message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__


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
