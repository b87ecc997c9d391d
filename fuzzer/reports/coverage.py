"""What of JAX and of Python the programs are made of, beside how often real code uses it."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import libcst as cst

from fuzzer.base import markdown
from fuzzer.base.environment import collecting_rarely
from fuzzer.base.options import BLOCK
from fuzzer.base.schema import Row
from fuzzer.families.family import resolve
from fuzzer.families.programs import programs
from fuzzer.making.block import draw_block
from grammar.text import printer, syntax
from grammar.text.expression import name
from grammar.text.template import Template

USAGE: Final = Path(__file__).parent / "real_usage"
LEAST_CALLS = 2
"""Calls of JAX in a function that counts, here as in the real code."""
KINDS = ("function", "transform", "tree")
"""Of names in the real code: what a program calls; the others are types, constants and what needs several devices."""
MOST = 40
"""Names in a list of what is missing."""


def coverage(profile: str, seed: int, draws: int) -> str:
    """Markdown: what of real code some program can have, and what the programs drawn do have.

    The usage-weighted coverage is its first two lines: the uses, in real code, of the functions of JAX that some
    production can write, and of those that are written, by the uses of all.
    """
    family: Any = resolve(programs(profile))
    productions = {production.name: production for production in family.grammar.tables.productions}
    seen = Seen()
    for production in productions.values():
        for source in spellings(production.template):
            seen.writable.note(SourceModule(source))
    with collecting_rarely():
        for begin in range(0, draws, BLOCK):
            indices = range(begin, min(begin + BLOCK, draws))
            for row in draw_block(family, seed, indices, per_structure=BLOCK).rows:
                seen.take(row)
    return _text(seen, f"# {seen.rows:,} programs of seed {seed} beside real code\n", productions)


@dataclass
class Names:
    """Names that stood in sources."""

    dotted: set[str] = field(default_factory=set[str])
    """As JAX documents them."""
    methods: set[str] = field(default_factory=set[str])

    def note(self, module: SourceModule) -> None:
        """Takes in those of a module."""
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute):
                dotted = module.dotted(node)
                if dotted:
                    self.dotted.add(dotted)
                else:
                    self.methods.add(f".{node.attr}")


@dataclass
class Seen:
    """What can stand in programs, and what stood in those that were drawn."""

    writable: Names = field(default_factory=Names)
    written: Names = field(default_factory=Names)
    primitives: set[str] = field(default_factory=set[str])
    productions: set[str] = field(default_factory=set[str])
    features: Counter[str] = field(default_factory=Counter[str])
    functions: int = 0
    """Those that call JAX often enough to count."""
    rows: int = 0

    def take(self, row: Row) -> None:
        """Takes in a program that was drawn."""
        module = SourceModule(row["source"])
        self.rows += 1
        self.written.note(module)
        self.primitives.update(count["name"] for count in row["primitives"])
        self.productions.update(count["name"] for count in row["productions"])
        for function in module.functions():
            if module.calls_of_jax(function) >= LEAST_CALLS:
                self.functions += 1
                self.features.update(features(function))


class SourceModule:
    """A source, and what its imports mean."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self._meaning: dict[str, str] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                self._meaning |= {alias.asname or alias.name: origin + alias.name for alias in node.names}

    def dotted(self, node: ast.expr) -> str:
        """The full name of what an expression takes from a module; empty if it takes nothing from one."""
        if isinstance(node, ast.Name):
            return self._meaning.get(node.id, "")
        if isinstance(node, ast.Attribute) and (root := self.dotted(node.value)):
            return f"{root}.{node.attr}"
        return ""

    def functions(self) -> list[ast.FunctionDef]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)]

    def calls_of_jax(self, function: ast.FunctionDef) -> int:
        called = [self.dotted(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
        return sum(label.startswith("jax.") for label in called)


# --- what a template can be written as ----------------------------------------------------------------------------


def spellings(template: Template) -> Iterator[str]:
    """A source for every way to write a template; its holes are names."""
    params = cst.Parameters([syntax.param(label) for label in sorted(template.params)])
    env = {label: name(label) for label in (*template.params, *template.locals, *template.modules)}
    imports = {*template.imports, *template.modules.values()}
    ahead: list[tuple[int, ...]] = [()]
    while ahead:
        pick = _Choices(ahead.pop())
        statements = [*template.statements(env, pick), syntax.returns(template.result(env, pick))]
        yield printer.module(imports, [printer.definition(syntax.function("entry", params, statements))])
        ahead += pick.others()


class _Choices:
    """Chooses as a prefix says, then always the first."""

    def __init__(self, prefix: tuple[int, ...]) -> None:
        self._prefix = prefix
        self._offered: list[int] = []

    def __call__(self, cumulative: Sequence[float]) -> int:
        at = len(self._offered)
        self._offered.append(len(cumulative))
        return self._prefix[at] if at < len(self._prefix) else 0

    def others(self) -> list[tuple[int, ...]]:
        """The prefixes of those that choose otherwise, each for the first time behind this one's."""
        begin = len(self._prefix)
        chosen = self._prefix + (0,) * (len(self._offered) - begin)
        places = range(begin, len(chosen))
        return [(*chosen[:at], other) for at in places for other in range(1, self._offered[at])]


# --- features of Python -------------------------------------------------------------------------------------------

Feature = Callable[[ast.FunctionDef, Sequence[ast.AST]], bool]
"""Whether a function has it, given the nodes inside the function."""


def _any(*kinds: type[ast.AST]) -> Feature:
    return lambda function, inside: any(isinstance(node, kinds) for node in inside)


def _returns(kind: type[ast.expr]) -> Feature:
    return lambda function, inside: any(isinstance(n.value, kind) for n in inside if isinstance(n, ast.Return))


def _unpacks(function: ast.FunctionDef, inside: Sequence[ast.AST]) -> bool:
    assigned = [target for node in inside if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(target, ast.Tuple) for target in assigned)


def _annotates(function: ast.FunctionDef, inside: Sequence[ast.AST]) -> bool:
    return any(isinstance(node, ast.arg) and node.annotation for node in inside)


FEATURES: Final[Mapping[str, Feature]] = {
    "operator expression": _any(ast.BinOp),
    "subscript": _any(ast.Subscript),
    "tuple unpacking": _unpacks,
    "comparison": _any(ast.Compare),
    "docstring": lambda function, inside: ast.get_docstring(function) is not None,
    "if statement": _any(ast.If),
    "nested def": _any(ast.FunctionDef),
    "annotated args": _annotates,
    "return annotation": lambda function, inside: function.returns is not None,
    "decorated": lambda function, inside: bool(function.decorator_list),
    "slice": _any(ast.Slice),
    "dict literal": _any(ast.Dict),
    "returns tuple": _returns(ast.Tuple),
    "default args": lambda function, inside: bool(function.args.defaults) or any(function.args.kw_defaults),
    "for loop": _any(ast.For),
    "lambda": _any(ast.Lambda),
    "assert": _any(ast.Assert),
    "f-string": _any(ast.JoinedStr),
    "comprehension": _any(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    "raise": _any(ast.Raise),
    "conditional expression": _any(ast.IfExp),
    "with": _any(ast.With),
    "augmented assignment": _any(ast.AugAssign),
    "starred": _any(ast.Starred),
    "keyword-only args": lambda function, inside: bool(function.args.kwonlyargs),
    "annotated assignment": _any(ast.AnnAssign),
    "returns dict": _returns(ast.Dict),
    "walrus": _any(ast.NamedExpr),
}


def features(function: ast.FunctionDef) -> list[str]:
    """The features of Python that a function has, as `real_usage/syntax.tsv` names them."""
    inside = [node for node in ast.walk(function) if node is not function]
    return [label for label, has in FEATURES.items() if has(function, inside)]


# --- beside real code ---------------------------------------------------------------------------------------------


def _text(seen: Seen, head: str, productions: Collection[str]) -> str:
    names = {row["api"]: int(row["uses"]) for row in _read("api") if row["kind"] in KINDS}
    methods = {row["method"]: int(row["uses"]) for row in _read("methods")}
    primitives = [row["primitive"] for row in _read("primitives")]
    writable = seen.writable.dotted | seen.written.dotted
    methods_writable = seen.writable.methods | seen.written.methods
    counted = [
        _share("functions of JAX that can be written, by uses", names, writable),
        _share("functions of JAX, in the programs drawn, by uses", names, seen.written.dotted),
        _share("functions of JAX that can be written", dict.fromkeys(names, 1), writable),
        _share("functions of JAX, in the programs drawn", dict.fromkeys(names, 1), seen.written.dotted),
        _share("methods and attributes of arrays that can be written, by uses", methods, methods_writable),
        _share("methods and attributes of arrays, in the programs drawn, by uses", methods, seen.written.methods),
        _share("primitives, in the programs drawn", dict.fromkeys(primitives, 1), seen.primitives),
        _share("productions, in the programs drawn", dict.fromkeys(productions, 1), seen.productions),
    ]
    why = {row["api"]: f" ({row['reason']})" for row in _read("out_of_reach")}
    unable = [f"`{label}` {uses:,}{why.get(label, '')}" for label, uses in names.items() if label not in writable]
    rare = [f"`{label}` {uses:,}" for label, uses in names.items() if label in writable - seen.written.dotted]
    return "\n".join(
        [
            head,
            markdown.table(["of real code and of JAX", "covered", "of", "share"], counted),
            "",
            markdown.table(["functions with", "real code", "here"], _features(seen)),
            "",
            f"What neither a production nor a program drawn has, with its uses: {'; '.join(unable[:MOST])}.",
            f"What some production has and no program drawn, with its uses: {'; '.join(rare[:MOST]) or 'nothing'}.",
            f"Methods: {_missing(methods, methods_writable)}.",
            f"Primitives: {_missing(primitives, seen.primitives)}.",
            f"Productions: {_missing(productions, seen.productions)}.",
        ]
    )


def _read(table: str) -> list[dict[str, str]]:
    with (USAGE / f"{table}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _share(label: str, weights: Mapping[str, int], seen: Collection[str]) -> list[object]:
    covered, whole = sum(weight for key, weight in weights.items() if key in seen), sum(weights.values())
    return [label, covered, whole, f"{covered / whole:.1%}"]


def _features(seen: Seen) -> list[list[object]]:
    real = {row["feature"].removeprefix("fn with "): float(row["per_function"]) for row in _read("syntax")}
    return [[key, f"{real[key]:.1%}", f"{seen.features[key] / max(1, seen.functions):.1%}"] for key in FEATURES]


def _missing(wanted: Collection[str], seen: Collection[str]) -> str:
    left = [label for label in wanted if label not in seen]
    more = f" and {len(left) - MOST:,} more" if len(left) > MOST else ""
    return ", ".join(left[:MOST]) + more if left else "none is missing"
