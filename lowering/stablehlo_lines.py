"""StableHLO printed once with locations: the plain text, the operations, and the spans they came from.

A location counts where the JAXPR agrees: at the top of `main`, and inside an operation or a private function
only if the JAXPR nests that span in the span of the operation or of a call. Any other location was left in a
cached function by an earlier caller; what carries it belongs to the operation around it, or to every call of
the function.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from lowering.spans import Nesting, SourceSpans, Span

_CALL_SITE = r"callsite\(#loc\d* at #loc\d*\)"
_LOCATION = re.compile(rf' loc\((?:#loc\d*|unknown|{_CALL_SITE}|"[^"]*"(?:\(#loc\d*\))?)\)')
_ALIAS_LINE = re.compile(r"^#loc\d* = .*\n", re.MULTILINE)
_LINE = re.compile(
    r'^ *(?:(?:(%[\w$.-]+)(?::\d+)?(?:, %[\w$.-]+)* = )?"?([a-z_]\w*\.[\w.$]+|call|return|module)\b'
    r'(?: (?:public |private )?@("[^"]*"|[\w.$-]+))?)?(?:.* loc\((#loc\d*|unknown|'
    rf"{_CALL_SITE})\)|.*)$",
    re.MULTILINE,
)
"""One line: its first result, operation and symbol if it starts one, and the location it ends with."""

_SHORT: dict[str, str] = {"call": "func.call", "return": "func.return"}
_FRAME = frozenset({"module", "func.func", "func.return", "stablehlo.return"})

Spans = tuple[Span, ...]


class Operation:
    """A printed operation: its own lines (from 1, without those of operations inside it) and those inside."""

    __slots__ = ("inner", "lines", "location", "name", "result", "symbol")

    def __init__(self, name: str, result: str, symbol: str, location: str, number: int) -> None:
        self.name = name
        self.result = result
        self.symbol = symbol
        self.location = location
        self.lines = [number]
        self.inner: list[Operation] = []


@dataclass(frozen=True)
class StableHLOModule:
    """A module's plain text, and the same read: functions by name, counts of operations, where aliases point.

    Counted is what is printed, but for the module, its functions and the returns.
    """

    text: str
    debug: str
    functions: dict[str, Operation]
    counts: Counter[str]


def read_module(debug: str) -> StableHLOModule:
    """Reads a module printed with debug information; the plain text is what printing without it gives."""
    body = _ALIAS_LINE.sub("", debug)
    functions: dict[str, Operation] = {}
    counts: Counter[str] = Counter()
    lines: list[tuple[str, str, str, str]] = _LINE.findall(body)
    stack: list[Operation] = []  # operations whose location, and with it their end, is still to come
    for number, (result, name, symbol, location) in enumerate(lines, 1):
        if name:
            operation = Operation(_SHORT.get(name, name), result, symbol, location, number)
            counts[operation.name] += 1
            if stack:
                stack[-1].inner.append(operation)
            if not location:
                stack.append(operation)
        elif stack:
            _continue(stack, number, location)
        if name == "func.func":
            functions[symbol] = stack[-1]
    return StableHLOModule(_LOCATION.sub("", body), debug, functions, _without_frame(counts))


def _continue(stack: list[Operation], number: int, location: str) -> None:
    """A line such as `} do {`, `^bb0(...):` or the closing one, which bears the location."""
    stack[-1].lines.append(number)
    if location:
        stack.pop().location = location


def _without_frame(counts: Counter[str]) -> Counter[str]:
    for name in _FRAME:
        counts.pop(name, None)
    return counts


def locations(debug: str, filename: str) -> dict[str, Span]:
    """Alias of a location -> the innermost span in the program's file, for aliases that have one.

    JAX writes `"file":1:2 to :3`, `"name"(#loc1)` and `callsite(#loc1 at #loc2)`, children before parents.
    """
    name = re.escape(_escaped(filename))
    alias = re.compile(
        rf'^(#loc\d*) = loc\((?:"{name}":(\d+):(\d+)(?: to (\d*):(\d+))?'
        r'|(?:"[^"]*"|callsite)\((#loc\d*)(?: at (#loc\d*))?\))\)$',
        re.MULTILINE,
    )
    spans: dict[str, Span] = {}
    for key, line, column, end_line, end_column, child, caller in alias.findall(debug):
        if line:
            spans[key] = Span(int(line), int(column), int(end_line or line), int(end_column or column))
        elif child in spans:
            spans[key] = spans[child]
        elif caller in spans:
            spans[key] = spans[caller]
    return spans


def _escaped(name: str) -> str:
    """A string as MLIR prints it between quotes: what is not plain ASCII as two hex digits."""
    plain = (chr(b) if 0x20 <= b < 0x7F and b not in b'"' else f"\\{b:02X}" for b in name.encode())
    return "".join("\\\\" if character == "\\" else character for character in plain)


def stablehlo_lines(module: StableHLOModule, nesting: Nesting, spans: SourceSpans) -> dict[Span, list[int]]:
    """Span -> numbers, from 1, of the lines of the plain text that it became."""
    return _Attribution(module, nesting, spans).run()


class _Attribution:
    """Top-down from `main`: each function after all functions that call it."""

    def __init__(self, module: StableHLOModule, nesting: Nesting, spans: SourceSpans) -> None:
        self._functions = module.functions
        self._text = module.text.split("\n")
        self._located = locations(module.debug, spans.filename)
        self._outermost = () if spans.entry is None else (spans.entry,)
        self._nesting = nesting
        self._sites: dict[str, set[Span]] = {}
        self._lines: dict[Span, list[int]] = {}

    def run(self) -> dict[Span, list[int]]:
        for name in self._callers_first():
            around = None if name == "main" else tuple(self._sites.get(name, ()))
            self._block(self._functions[name].inner, around)
        return self._lines

    def _callers_first(self) -> list[str]:
        """Function names in reverse postorder of the call graph, from `main`."""
        order: list[str] = []
        self._visit("main", set(), order)
        return order[::-1]

    def _visit(self, name: str, seen: set[str], order: list[str]) -> None:
        seen.add(name)
        for callee in _callees(self._functions[name]):
            if callee not in seen:
                self._visit(callee, seen, order)
        order.append(name)

    def _block(self, operations: list[Operation], around: Spans | None) -> None:
        """Attributes the operations of one block; `around` is None at the top of `main` alone.

        A constant that has no more precise location than its block belongs to the operation that uses it, and
        so does anything without a location at the top of `main`; what is used by none is the entry's.
        """
        spans_here = self._nesting.all if around is None else self._inside(around)
        waiting: list[Operation] = []
        for operation in operations:
            own = self._located.get(operation.location)
            known = own in spans_here and (around is not None or operation.name not in _FRAME)
            spans = (own,) if known and own is not None else around or ()
            if not spans or (not known and operation.name == "stablehlo.constant"):
                waiting.append(operation)
                continue
            if waiting:
                waiting = self._claim(waiting, operation, spans)
            self._assign(operation, spans)
        for operation in waiting:
            if around is not None or operation.name not in _FRAME:
                self._assign(operation, around or self._outermost)

    def _inside(self, around: Spans) -> set[Span]:
        return {inner for span in around for inner in self._nesting.within.get(span, ())}

    def _claim(self, waiting: list[Operation], user: Operation, spans: Spans) -> list[Operation]:
        """Gives `user` those waiting operations whose result it reads, directly or through one another."""
        text = self._text[user.lines[0] - 1]
        left: list[Operation] = []
        for operation in reversed(waiting):
            if operation.result and _reads(text, operation.result):
                self._assign(operation, spans)
                text += self._text[operation.lines[0] - 1]
            else:
                left.append(operation)
        return left[::-1]

    def _assign(self, operation: Operation, spans: Spans) -> None:
        for span in spans:
            if span in self._lines:
                self._lines[span] += operation.lines
            else:
                self._lines[span] = operation.lines[:]
        if operation.name == "func.call":
            self._sites.setdefault(operation.symbol, set()).update(spans)
        if operation.inner:
            self._block(operation.inner, spans)


def _callees(operation: Operation) -> list[str]:
    found: list[str] = []
    for inner in operation.inner:
        if inner.name == "func.call":
            found.append(inner.symbol)
        if inner.inner:
            found += _callees(inner)
    return found


def _reads(text: str, result: str) -> bool:
    """Whether a line uses a result, not merely one whose name is longer."""
    position = text.find(result)
    while position >= 0:
        after = text[position + len(result) : position + len(result) + 1]
        if not (after.isalnum() or after in ("_", "$", ".", "-")):
            return True
        position = text.find(result, position + 1)
    return False
