"""Templates: the body of a production, compiled once into functions that build libcst nodes around its holes.

Only the spine above the holes is rebuilt; what holds no hole is shared between all programs. Parentheses are put
where Python's precedence asks for them and nowhere else.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from types import ModuleType
from typing import Any

import libcst as cst

from grammar.errors import GrammarError
from grammar.text import lint, printer
from grammar.text.expression import Expr, literal, needed, precedence_of, writable
from grammar.text.source import source_of, statements_of, stored_names, values_of

# Fields that label something; a name there is never a hole.
_LABELS = frozenset({"keyword", "attr"})
# Fields that say how something is set out; no name stands there.
_LAYOUT = frozenset({"comma", "semicolon", "equal", "dot", "lbracket", "rbracket", "lpar", "rpar", "header", "footer"})
# Inside these a hole is evaluated later or often, so only a name may stand for it.
_SCOPES = (cst.Lambda, cst.FunctionDef, cst.CompFor, cst.ListComp, cst.GeneratorExp, cst.DictComp)


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The constructor's arguments of a node."""
    return tuple(key for key in kind.__dataclass_fields__ if key != "__slots__")  # type: ignore[attr-defined]


@cache
def _syntax_fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node in which a hole may stand."""
    left_out = _LAYOUT | _LABELS | ({"name"} if kind is cst.ImportAlias else set())
    return tuple(key for key in _fields(kind) if key not in left_out and "whitespace" not in key and "lines" not in key)


Env = Mapping[str, Expr]
Pick = Callable[[Sequence[float]], int]
Build = Callable[[Env, Pick], Any]


class Template:
    """A compiled body.

    `statements(env, pick)` are the libcst statements before the result, `result(env, pick)` the expression behind
    `return`. `env` maps holes, local names and renamed modules to expressions; `pick` chooses among spellings by
    running sums of weights.
    """

    def __init__(
        self, function: Callable[..., Any], params: frozenset[str], fail: Callable[[str], GrammarError]
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
        """Names the body makes, in a fixed order; `_` keeps its name."""
        self.rebound = stored & params
        """Parameters that the body assigns to: they need a variable of their own."""
        self.counts: dict[str, int] = {}
        """How often each hole stands in the template."""
        self.nested: set[str] = set()
        """Holes inside a function or comprehension of the template, where only names may stand."""
        self.iterated: set[str] = set()
        """Holes that say how often a Python loop runs: numbers, or arrays that it runs over."""
        self.called: set[str] = set()
        """Holes that the template calls as a function."""
        self.spellings = 1
        """The most that one place of it can be written as."""
        self.imports: set[str] = set()
        self.modules: dict[str, str] = {}
        """Modules imported by `from`, which a program may write out: alias and import statement."""
        self._depth = 0
        self._compile(self._parsed(text, definition))

    def _parsed(self, text: str, definition: ast.FunctionDef) -> list[Any]:
        try:
            statements = statements_of(text, definition)
        except cst.ParserSyntaxError:
            raise self._fail("its body cannot be read; write one statement a line, below its `def`") from None
        if any(_is_idle(statement, self.locals) for statement in statements[:-1]):
            raise self._fail("a statement of its body assigns nothing; assign its value or drop it")
        return statements

    def _compile(self, statements: list[Any]) -> None:
        *self.before_raw, last = statements
        try:
            printer.check(self.before_raw)
            self.before = [self._builder(statement) for statement in self.before_raw]
            self.result = self._expression(printer.unwrapped(last.body[0].value))
        except NotImplementedError as error:
            raise self._fail(str(error)) from None

    def statements(self, env: Env, pick: Pick) -> list[Any]:
        """The statements before the result."""
        return [
            raw if build is None else build(env, pick) for raw, build in zip(self.before_raw, self.before, strict=True)
        ]

    # --- compiling ---

    def _expression(self, node: cst.BaseExpression) -> Callable[[Env, Pick], Expr]:
        """A builder of a whole expression with its precedence and width."""
        options = _options(node)
        if options is not None:
            return self._choice(*options)
        if isinstance(node, cst.Name) and node.value in self.params:
            self._count(node.value)
            key = node.value
            return lambda env, pick: env[key]
        counts_before = dict(self.counts)
        build, precedence = self._builder(node), precedence_of(node)
        uses = [(key, n - counts_before.get(key, 0)) for key, n in self.counts.items()]
        uses = [(key, n) for key, n in uses if n]
        width = len(printer.text(node)) - sum(len(key) * n for key, n in uses)
        if build is None:
            fixed = Expr(node, precedence, width)
            return lambda env, pick: fixed
        return lambda env, pick: Expr(
            build(env, pick), precedence, width + sum(env[key].width * n for key, n in uses if key in env)
        )

    def _choice(
        self, options: Sequence[cst.BaseExpression], cumulative: Sequence[float]
    ) -> Callable[[Env, Pick], Expr]:
        self.spellings = max(self.spellings, len(options))
        before = dict(self.counts)
        most = dict(before)
        builders: list[Callable[[Env, Pick], Expr]] = []
        for option in options:
            self.counts = dict(before)
            builders.append(self._expression(option))
            for key, n in self.counts.items():
                most[key] = max(most.get(key, 0), n)
        self.counts = most
        return lambda env, pick: builders[pick(cumulative)](env, pick)

    def _count(self, hole: str) -> None:
        self.counts[hole] = self.counts.get(hole, 0) + 1
        if self._depth:
            self.nested.add(hole)

    def _builder(self, node: Any, parent: Any = None, field: str = "") -> Build | None:
        """A builder of the node, or None when nothing in it changes from program to program."""
        if isinstance(node, cst.Name):
            if isinstance(parent, cst.Call) and field == "func":
                self.called.add(node.value)
            return self._name(node.value, needed(parent, field))
        if isinstance(node, tuple | list):
            return self._sequence(node, parent, field)
        if hasattr(node, "__dataclass_fields__"):  # any node; asking for the abstract class costs ten times as much
            if _options(node) is not None:
                build, least = self._expression(node), needed(parent, field)  # type: ignore[arg-type]
                return lambda env, pick: build(env, pick).at_least(least)
            return self._spine(node)
        return None

    def _spine(self, node: cst.CSTNode) -> Build | None:
        kind = type(node)
        self._depth += kind in _SCOPES
        parts: dict[str, Build] = {}
        for key in _syntax_fields(kind):
            iterated = key == "iter" and isinstance(node.iter, cst.Name | cst.Call)  # type: ignore[attr-defined]
            before = dict(self.counts) if iterated else {}
            build = self._builder(getattr(node, key), node, key)
            if iterated:
                self.iterated |= {hole for hole, n in self.counts.items() if n > before.get(hole, 0)}
            if build is not None:
                parts[key] = build
        self._depth -= kind in _SCOPES
        if not parts:
            return None
        fixed = {key: getattr(node, key) for key in _fields(kind) if key not in parts}
        if len(parts) == 1:
            ((only, build_only),) = parts.items()
            return lambda env, pick: kind(**fixed, **{only: build_only(env, pick)})
        pairs = tuple(parts.items())
        return lambda env, pick: kind(**fixed, **{key: build(env, pick) for key, build in pairs})

    def _sequence(self, items: Sequence[Any], parent: Any, field: str) -> Build | None:
        builds = [self._builder(item, parent, field) for item in items]
        if not any(builds):
            return None
        pairs = list(zip(items, builds, strict=True))
        return lambda env, pick: [item if build is None else build(env, pick) for item, build in pairs]

    def _name(self, text: str, least: int) -> Build | None:
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
        root = spelled.value if isinstance(spelled, cst.Attribute) else spelled
        if isinstance(root, cst.Name) and root.value in self.modules:
            alias = root.value
            if root is spelled:
                return lambda env, pick: env[alias].node
            return lambda env, pick: cst.Attribute(env[alias].node, spelled.attr)  # type: ignore[union-attr]
        return None if isinstance(spelled, cst.Name) and spelled.value == text else lambda env, pick: spelled

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

    def literal(self, value: Any) -> cst.BaseExpression:
        """The expression of a captured Python value: a function by the alias of its module, else a literal."""
        if callable(value):
            return self._function(value)
        if not writable(value):
            raise self._fail(
                f"{value!r:.60} cannot be written out; import it by name at the top of the file, or make it a number"
            )
        return literal(value).node

    def _function(self, value: Any) -> cst.BaseExpression:
        label = getattr(value, "__name__", "")
        for alias, module in self._values.items():
            if isinstance(module, ModuleType) and getattr(module, label, None) is value:
                self._note_import(alias)
                return cst.Attribute(cst.Name(alias), cst.Name(label))
        for dotted in _SUBMODULES:
            alias, *path = dotted.split(".")
            module = self._values.get(alias)
            for part in path:
                module = getattr(module, part, None)
            if module is not None and getattr(module, label, None) is value:
                self._note_import(alias)
                return cst.parse_expression(f"{dotted}.{label}")
        raise self._fail(f"{value!r} is in none of the imported modules; import the one that has it")


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


def _options(node: Any) -> tuple[list[cst.BaseExpression], list[float]] | None:
    """The spellings and running weights of an `either(...)` call, or None for anything else."""
    if not (isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "either"):
        return None
    options = [arg.value for arg in node.args if arg.keyword is None]
    given = [arg.value for arg in node.args if arg.keyword is not None]
    weights = ast.literal_eval(printer.text(given[0])) if given else [1.0] * len(options)
    return options, list(accumulate(float(weight) for weight in weights))


def _is_idle(statement: Any, local: Sequence[str]) -> bool:
    """Whether a statement is an expression whose value goes nowhere, methods of what the body made left aside."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    values = [small.value for small in statement.body if isinstance(small, cst.Expr)]
    return not all(
        isinstance(value, cst.Call)
        and isinstance(value.func, cst.Attribute)
        and printer.text(value.func.value) in local
        for value in values
    )
