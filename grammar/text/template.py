"""Templates: the body of a production, compiled once into functions that build libcst nodes around its holes.

A hole is where the name of a parameter stands. Only the nodes above the holes are built anew; those that hold none are
shared between all programs.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from types import ModuleType
from typing import Any

import libcst as cst

from grammar.errors import GrammarError
from grammar.text import lint, printer, syntax
from grammar.text.expression import Expr, literal, needed, precedence_of, writable
from grammar.text.source import Statement, source_of, statements_of, stored_names, values_of

# Fields that label something; a name there is never a hole.
_LABELS = frozenset({"keyword", "attr"})
# Fields that say how something is set out; no name stands there.
_LAYOUT = frozenset({"comma", "semicolon", "equal", "dot", "lbracket", "rbracket", "lpar", "rpar", "header", "footer"})
# Inside these a hole is evaluated later or often, so only a name may stand for it.
_SCOPES = (cst.Lambda, cst.FunctionDef, cst.CompFor, cst.ListComp, cst.GeneratorExp, cst.DictComp)


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The names of the constructor's arguments of a node."""
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _syntax_fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node in which a hole may stand."""
    left_out = _LAYOUT | _LABELS | ({"name"} if kind is cst.ImportAlias else set())
    return tuple(key for key in _fields(kind) if key not in left_out and "whitespace" not in key and "lines" not in key)


Env = Mapping[str, Expr]
Pick = Callable[[Sequence[float]], int]
BuildExpr = Callable[[Env, Pick], Expr]
Build = Callable[[Env, Pick], Any]  # a node or a list of nodes, of any type that libcst's constructors take


class Template:
    """A compiled body: `statements` before its last line, and `result`, the expression behind `return`.

    Both take `env`, which maps holes, local names and renamed modules to expressions, and `pick`, which chooses among
    spellings by the running sums of their weights.
    """

    def __init__(
        self, function: Callable[..., object], params: frozenset[str], fail: Callable[[str], GrammarError]
    ) -> None:
        try:
            text, definition, self._import_lines = source_of(function)
        except (OSError, KeyError):
            raise fail("its source cannot be read; write it as a `def` in a file") from None
        for fault in lint.faults(definition):
            raise fail(fault)
        self._fail = fail
        self._values = values_of(function)
        self.params = params
        stored = stored_names(definition)
        self.locals = tuple(sorted(stored - params - {"_"}))
        """Names that the body binds, sorted; `_`, which keeps its name, is none of them."""
        self.rebound = stored & params
        """Parameters that the body assigns to: they need a variable of their own."""
        self.counts: dict[str, int] = {}
        """How often each hole stands in the template."""
        self.nested: set[str] = set()
        """Holes inside a function or comprehension of the template, where only names may stand."""
        self.iterated: set[str] = set()
        """Holes that a Python loop runs over, or that say how often it runs."""
        self.called: set[str] = set()
        """Holes that the template calls as a function."""
        self.spellings = 1
        """The number of spellings of the place that has the most."""
        self.imports: set[str] = set()
        """The import statements of what it takes from modules, but for those in `modules`."""
        self.modules: dict[str, str] = {}
        """The import statement of every alias of a module imported by `from`, which a program may write in full."""
        self._depth = 0
        self._compile(self._parsed(text, definition))

    def _parsed(self, text: str, definition: ast.FunctionDef) -> list[Statement]:
        try:
            statements = statements_of(text, definition)
        except cst.ParserSyntaxError:
            raise self._fail("its body cannot be read; write one statement a line, below its `def`") from None
        if any(_is_idle(statement, self.locals) for statement in statements[:-1]):
            raise self._fail("a statement of its body assigns nothing; assign its value or drop it")
        return statements

    def _compile(self, statements: list[Statement]) -> None:
        *self.preceding, last = statements
        try:
            printer.check(self.preceding)
            self._builds = [self._builder(statement) for statement in self.preceding]
            self.result = self._expression(printer.unwrapped(syntax.return_value(last)))
        except NotImplementedError as error:
            raise self._fail(str(error)) from None

    def statements(self, env: Env, pick: Pick) -> list[cst.BaseStatement]:
        """The statements before the result."""
        pairs = zip(self.preceding, self._builds, strict=True)
        return [statement if build is None else build(env, pick) for statement, build in pairs]

    # --- compiling ---

    def _expression(self, node: cst.BaseExpression) -> BuildExpr:
        """A function that builds a whole expression with its precedence and width."""
        options = _options(node)
        if options is not None:
            return self._choice(*options)
        if isinstance(node, cst.Name) and node.value in self.params:
            self._count(node.value)
            key = node.value
            return lambda env, pick: env[key]
        before = dict(self.counts)
        build, precedence = self._builder(node), precedence_of(node)
        uses = list(self._counts_since(before).items())
        width = len(printer.text(node)) - sum(len(key) * n for key, n in uses)
        if build is None:
            constant = Expr(node, precedence, width)
            return lambda env, pick: constant
        return lambda env, pick: Expr(
            build(env, pick), precedence, width + sum(env[key].width * n for key, n in uses if key in env)
        )

    def _choice(self, options: Sequence[cst.BaseExpression], cumulative: Sequence[float]) -> BuildExpr:
        """A function that builds one of the spellings; a hole counts as often as it stands in the one with most."""
        self.spellings = max(self.spellings, len(options))
        before = dict(self.counts)
        most = dict(before)
        builds: list[BuildExpr] = []
        for option in options:
            self.counts = dict(before)
            builds.append(self._expression(option))
            for key, n in self.counts.items():
                most[key] = max(most.get(key, 0), n)
        self.counts = most
        return lambda env, pick: builds[pick(cumulative)](env, pick)

    def _count(self, hole: str) -> None:
        self.counts[hole] = self.counts.get(hole, 0) + 1
        if self._depth:
            self.nested.add(hole)

    def _counts_since(self, before: Mapping[str, int]) -> dict[str, int]:
        """How often holes were counted after the counts were as `before`."""
        return {key: n - before.get(key, 0) for key, n in self.counts.items() if n > before.get(key, 0)}

    def _builder(self, node: object, parent: cst.CSTNode | None = None, field: str = "") -> Build | None:
        """A function that builds the node or nodes; None where nothing in them changes from program to program."""
        if isinstance(node, cst.Name):
            if isinstance(parent, cst.Call) and field == "func":
                self.called.add(node.value)
            return self._name(node.value, needed(parent, field))
        if isinstance(node, tuple | list):
            return self._sequence(node, parent, field)
        if isinstance(node, cst.Call) and _options(node) is not None:
            build, least = self._expression(node), needed(parent, field)
            return lambda env, pick: build(env, pick).at_least(least)
        return self._rebuilder(node) if isinstance(node, cst.CSTNode) else None

    def _rebuilder(self, node: cst.CSTNode) -> Build | None:
        """A function that builds the node around those of its fields that hold holes."""
        kind = type(node)
        self._depth += kind in _SCOPES
        builds = [(key, self._field(node, key)) for key in _syntax_fields(kind)]
        self._depth -= kind in _SCOPES
        changing = {key: build for key, build in builds if build is not None}
        if not changing:
            return None
        constant = {key: getattr(node, key) for key in _fields(kind) if key not in changing}
        if len(changing) == 1:  # most have one, and a display takes time
            ((only, build_only),) = changing.items()
            return lambda env, pick: kind(**constant, **{only: build_only(env, pick)})
        pairs = tuple(changing.items())
        return lambda env, pick: kind(**constant, **{key: build(env, pick) for key, build in pairs})

    def _field(self, node: cst.CSTNode, key: str) -> Build | None:
        """A function that builds what stands in a field of the node; the holes of what a loop runs over are noted."""
        child = getattr(node, key)
        before = dict(self.counts) if key == "iter" else {}
        build = self._builder(child, node, key)
        if key == "iter" and isinstance(child, cst.Name | cst.Call):
            self.iterated.update(self._counts_since(before))
        return build

    def _sequence(self, items: Sequence[object], parent: cst.CSTNode | None, field: str) -> Build | None:
        builds = [self._builder(item, parent, field) for item in items]
        if not any(builds):
            return None
        pairs = list(zip(items, builds, strict=True))
        return lambda env, pick: [item if build is None else build(env, pick) for item, build in pairs]

    def _name(self, text: str, least: int) -> Build | None:
        """A function that builds what stands for a name, in a place that needs the precedence `least`."""
        if text in self.params:
            self._count(text)
            return lambda env, pick: env[text].at_least(least)
        if text in self.locals:
            return lambda env, pick: env[text].node
        if text == "_":
            return None
        if text not in self._values:
            if hasattr(builtins, text):
                return None
            raise self._fail(f"hole {text!r} is not in the signature; add it as a parameter or import it")
        spelled = self._spell(text)
        if isinstance(spelled, cst.Name):
            if spelled.value in self.modules:
                return lambda env, pick: env[spelled.value].node
            return None if spelled.value == text else lambda env, pick: spelled
        if isinstance(spelled, cst.Attribute) and isinstance(spelled.value, cst.Name):
            alias, attribute = spelled.value.value, spelled.attr
            if alias in self.modules:
                return lambda env, pick: cst.Attribute(env[alias].node, attribute)
        return lambda env, pick: spelled

    def _spell(self, text: str) -> cst.BaseExpression:
        """How a global or a captured value is written in a program."""
        value = self._values[text]
        if text in self._import_lines:
            self._note_import(text)
            return cst.Name(text)
        return self.literal(value)

    def _note_import(self, alias: str) -> None:
        statement = self._import_lines[alias]
        if statement.startswith("from ") and isinstance(self._values[alias], ModuleType):
            self.modules[alias] = statement
        else:
            self.imports.add(statement)

    def literal(self, value: object) -> cst.BaseExpression:
        """How a captured Python value is written: a function by the alias of its module, another as a literal."""
        if callable(value):
            return self._function(value)
        if not writable(value):
            raise self._fail(
                f"{value!r:.60} cannot be written out; import it by name at the top of the file, or make it a number"
            )
        return literal(value).node

    def _function(self, value: Callable[..., object]) -> cst.BaseExpression:
        label = getattr(value, "__name__", "")  # what `functools.partial` makes has none
        modules = {alias: module for alias, module in self._values.items() if isinstance(module, ModuleType)}
        for alias, module in modules.items():
            if getattr(module, label, None) is value:
                self._note_import(alias)
                return cst.Attribute(cst.Name(alias), cst.Name(label))
        for dotted in _SUBMODULES:
            alias, _, path = dotted.partition(".")
            if alias in modules and getattr(_member(modules[alias], path), label, None) is value:
                self._note_import(alias)
                return cst.parse_expression(f"{dotted}.{label}")
        raise self._fail(f"{value!r} is in none of the imported modules; import the one that has it")


def _member(of: object, path: str) -> object:
    """What stands in a module under a dotted path; None where nothing does."""
    for part in path.split("."):
        of = getattr(of, part, None)
    return of


_SUBMODULES = (
    "jnp.linalg",
    "jnp.fft",
    "jax.nn",
    "jax.nn.initializers",
    "jax.random",
    "jax.scipy.special",
    "jax.scipy.linalg",
    "lax.linalg",
)


def _options(node: cst.BaseExpression) -> tuple[list[cst.BaseExpression], list[float]] | None:
    """The spellings and running weights of an `either(...)` call, or None for anything else."""
    if not (isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "either"):
        return None
    options = [arg.value for arg in node.args if arg.keyword is None]
    keywords = [arg.value for arg in node.args if arg.keyword is not None]
    weights = ast.literal_eval(printer.text(keywords[0])) if keywords else [1.0] * len(options)
    return options, list(accumulate(float(weight) for weight in weights))


def _is_idle(statement: cst.BaseStatement, local: Sequence[str]) -> bool:
    """Whether a statement is an expression whose value is dropped; a method call on a local name is none."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    values = [small.value for small in statement.body if isinstance(small, cst.Expr)]
    return not all(
        isinstance(value, cst.Call)
        and isinstance(value.func, cst.Attribute)
        and printer.text(value.func.value) in local
        for value in values
    )
