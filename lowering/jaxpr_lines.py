"""Which spans of the source each printed line of a JAXPR came from.

The printer reports which equation printed which columns of a line. An equation owns its first line, its last
and those of its parameters; a line of an equation inside one of its jaxprs belongs to that one. Jaxprs that
occur more than once, or are long, are printed first as `let name = {...} in`; lines of theirs without a span
of their own, or with that of one who refers to them (see `Nesting`), belong to all who refer to them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from lowering.spans import SourceSpans, Span

Regions = list[list[tuple[int, int, Any]]]

_SHARED = re.compile(r"^let (\S+) = \{ lambda ", re.MULTILINE)
_HOLDER = re.compile(r"\w=\w+\(\w+=(?:\{ lambda|let )")


def jaxpr_lines(text: str, regions: Regions, spans: SourceSpans) -> dict[Span, list[int]]:
    """Span -> numbers (from 1, ascending) of the lines of `text` that its equations print."""
    shared = _SHARED.findall(text) if text.startswith("let ") else []
    reader = _Reader(spans)
    starts = _definitions(text, shared) if shared else {}
    program = _line(text, text.find("\n{ lambda ") + 1)  # after shared jaxprs
    for numbers, parts in zip(_numbers(text, regions), regions, strict=True):
        if not parts or numbers[0] in starts or numbers[0] == program:
            reader.between(starts.get(numbers[0]))
        for start, _, source in parts:
            reader.read(numbers, start, source)
    if shared:
        reader.resolve(_references(text, shared))
    return reader.lines


def _numbers(text: str, regions: Regions) -> Sequence[Sequence[int]]:
    """The lines of text that each line of the printer takes: one, unless a parameter's own text has more."""
    if text.count("\n") + 1 == len(regions):
        return [(number,) for number in range(1, len(regions) + 1)]
    numbers: list[range] = []
    first, offset = 1, 0
    for parts in regions:
        end = text.find("\n", offset + (parts[-1][1] if parts else 0))
        count = text.count("\n", offset, end if end >= 0 else len(text)) + 1
        numbers.append(range(first, first + count))
        first, offset = first + count, end + 1
    return numbers


def _definitions(text: str, shared: list[str]) -> dict[int, str]:
    """Line number -> shared jaxpr whose definition starts there."""
    return {_line(text, match.start()): match.group(1) for match in _SHARED.finditer(text)}


def _references(text: str, shared: list[str]) -> list[tuple[int, str]]:
    """Line numbers and names of shared jaxprs in parameters; `name=` only says what a function is called.

    A jaxpr inside a named tuple is printed where it stands, beside its definition: no name refers to that.
    """
    names = "|".join(re.escape(name) for name in shared)
    pattern = re.compile(rf"(?:^ *|[\[( ]|jaxpr\w*=|branches=\(?)({names})(?=[\s\])]|$)", re.MULTILINE)
    matches = [match for match in pattern.finditer(text) if not text.endswith("let ", 0, match.start(1))]
    found = [(_line(text, match.start(1)), match.group(1)) for match in matches]
    unnamed = set(shared) - {name for _, name in found}
    if unnamed:
        holders = [_line(text, match.start()) for match in _HOLDER.finditer(text)]
        found += [(number, name) for name in sorted(unnamed) for number in holders]
    return found


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


class _Reader:
    """Walks the lines, keeping the open equations by the column they start in."""

    def __init__(self, spans: SourceSpans) -> None:
        self.lines: defaultdict[Span, list[int]] = defaultdict(list)
        self._spans = spans
        self._definition: str | None = None  # the shared jaxpr that the current line is part of
        self._open: list[tuple[int, Any, Span | None]] = []
        self._innermost: dict[int, Span | str | None] = {}  # line -> span, or the shared jaxpr it is part of
        self._shared: defaultdict[str, list[tuple[Span | None, Sequence[int]]]] = defaultdict(list)

    def between(self, definition: str | None) -> None:
        """The first line of a jaxpr, or one that no equation printed: it ends what was open."""
        self._open.clear()
        self._definition = definition

    def read(self, numbers: Sequence[int], start: int, source: Any) -> None:
        span = self._enter(start, source)
        self._innermost.update(dict.fromkeys(numbers, span or self._definition))
        if self._definition is not None:
            self._shared[self._definition].append((span, numbers))
        if span is not None:
            lines = self.lines[span]
            if not lines or lines[-1] != numbers[-1]:
                lines += numbers

    def _enter(self, start: int, source: Any) -> Span | None:
        """The span of a region, its own or that of the equation around it; the region stays open."""
        stack = self._open
        for i in range(len(stack) - 1, -1, -1):
            if stack[i][1] is source and stack[i][0] <= start:
                del stack[i + 1 :]
                return stack[i][2]
        while stack and stack[-1][0] >= start:
            stack.pop()
        span = self._spans.of(source) or (stack[-1][2] if stack else self._outermost())
        stack.append((start, source, span))
        return span

    def _outermost(self) -> Span | None:
        return None if self._definition else self._spans.entry

    def resolve(self, references: list[tuple[int, str]]) -> None:
        """Gives the lines of shared jaxprs that have no span, or a referring one, to all spans that refer to them."""
        callers: defaultdict[str, set[Span | str]] = defaultdict(set)
        for number, name in references:
            caller = self._innermost.get(number)
            if caller is not None:
                callers[name].add(caller)
        for name, parts in self._shared.items():
            sites = _sites(name, callers, set())
            numbers = {number for span, lines in parts if span is None or span in sites for number in lines}
            for span in sites if numbers else ():
                self.lines[span] = sorted(numbers.union(self.lines[span]))


def _sites(name: str, callers: dict[str, set[Span | str]], seen: set[str]) -> set[Span]:
    """The spans that refer to a shared jaxpr, directly or through others."""
    seen.add(name)
    sites: set[Span] = set()
    for caller in callers[name]:
        if isinstance(caller, Span):
            sites.add(caller)
        elif caller not in seen:
            sites |= _sites(caller, callers, seen)
    return sites
