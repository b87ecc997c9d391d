"""From equations to the spans of the program's source that they came from.

JAX keeps the frames of every equation, and a function traced for its own jaxpr starts a new stack: inside
JAX's own jitted functions (`_where`, `_var`), which are traced once and cached, no frame is the program's. So
an equation has a span of its own where a frame of it lies in the program's file, and otherwise that of the
equation it is in. One that is in none is the call of an entry that is itself jitted: its span is the entry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, NamedTuple, cast

from lowering import _jax_internals as internals
from lowering.callables import python_function


class Span(NamedTuple):
    """A range of the source: lines from 1, columns in UTF-8 bytes from 0, the end excluded, as in `ast`."""

    line: int
    column: int
    end_line: int
    end_column: int


def body_span(function: Callable[..., Any], filename: str) -> Span | None:
    """The whole body of a function in a file, from its first expression to its last; None where there is none."""
    inner = python_function(function)
    if inner is None or inner.__code__.co_filename != filename:
        return None
    places = list(_places(inner.__code__))
    return Span(*min(start for start, _ in places), *max(end for _, end in places)) if places else None


def _places(code: CodeType) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Start and end of every instruction but those that only begin a function: they stand at its first line."""
    for line, end_line, column, end_column in code.co_positions():
        if line is None or end_line is None or column is None or end_column is None:
            continue
        if (line, column) > (code.co_firstlineno, 0):
            yield (line, column), (end_line, end_column)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _places(constant)


class SourceSpans:
    """The spans of one program's equations, looked up once for each traceback.

    `entry` is the span of what no equation of the program's own surrounds.
    """

    def __init__(self, filename: str, entry: Span | None = None) -> None:
        self.filename = filename
        self.entry = entry
        self._known: dict[int, Span | None] = {}
        self._kept: list[Any] = []  # an id holds only as long as its object lives

    def of(self, traceback: Any) -> Span | None:
        """The innermost frame of a traceback that lies in the program's file."""
        if traceback is None:
            return None
        key = id(traceback)
        if key not in self._known:
            self._known[key] = self._read(traceback)
            self._kept.append(traceback)
        return self._known[key]

    def _read(self, traceback: Any) -> Span | None:
        codes, offsets = internals.raw_frames(traceback)
        for code, offset in zip(codes, offsets, strict=True):
            if code.co_filename == self.filename:
                return Span(*internals.position(traceback, code, offset))
        return None


class Nesting:
    """Which spans lie inside which, as the JAXPR nests its equations.

    `within[span]` holds the spans of all equations in the inner jaxprs of that span's equations: it tells a
    location inside an operation or call from one that a cached function has kept from another caller.
    `all` holds the spans of every equation.

    A span inside a jaxpr that is also the span of an equation holding it tells nothing: JAX traces the reducers of
    scatters once, with the frames of whichever call comes first, and other calls share them.
    """

    def __init__(self, closed: Any, spans: SourceSpans) -> None:
        self.within: dict[Span, set[Span]] = {}
        self._spans = spans
        self._seen: dict[int, set[Span]] = {}
        self._holders: defaultdict[int, set[Span | None]] = defaultdict(set)
        self._note_holders(closed.jaxpr)
        self.all: set[Span] = set()
        for equation in closed.jaxpr.eqns:
            self.all |= self._read_equation(equation, spans.entry)

    def _note_holders(self, jaxpr: Any) -> None:
        for equation in jaxpr.eqns:
            for inner in inner_jaxprs(equation):
                new = id(inner) not in self._holders
                self._holders[id(inner)].add(self._spans.of(internals.source_info(equation)))
                if new:
                    self._note_holders(inner)

    def _read(self, jaxpr: Any) -> set[Span]:
        """The spans of all equations in a jaxpr, inner scopes included."""
        known = self._seen.get(id(jaxpr))
        if known is None:
            known = self._seen[id(jaxpr)] = set()
            for equation in jaxpr.eqns:
                known |= self._read_equation(equation)
            known.difference_update(self._holders[id(jaxpr)])
        return known

    def _read_equation(self, equation: Any, otherwise: Span | None = None) -> set[Span]:
        span = self._spans.of(internals.source_info(equation)) or otherwise
        inner = {s for jaxpr in inner_jaxprs(equation) for s in self._read(jaxpr)}
        if span is None:
            return inner
        self.within.setdefault(span, set()).update(inner)
        return inner | {span}


def inner_jaxprs(equation: Any) -> Iterator[Any]:
    """The jaxprs among an equation's parameters, open ones."""
    for value in equation.params.values():
        kind = type(value)
        if kind is internals.ClosedJaxpr or kind is internals.Jaxpr:
            yield getattr(value, "jaxpr", value)
        elif isinstance(value, (tuple, list)):
            yield from (j.jaxpr for j in cast("list[Any]", value) if type(j) is internals.ClosedJaxpr)
