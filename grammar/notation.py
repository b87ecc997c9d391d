"""The notation: a production is a typed Python function; its signature is the type rule, its body is the template.

    @production(weight=2)
    def reduce_sum(x: Num[Array, "*a n *b"], axis: Static[int, "n"]) -> Num[Array, "*a *b"]:
        return either(jnp.sum(x, axis=axis), x.sum(axis=axis), x.sum(axis))

To a type checker `Float[Array, "*s"]` is `Array`; at run time it is an `ArrayPattern`. `either` lists spellings of one
meaning. A malformed production raises `GrammarError` with its file and line when its module is imported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from keyword import iskeyword
from math import inf
from pathlib import Path
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin

from grammar import types
from grammar.choices import Choices
from grammar.dims import Binding, Dims, Term
from grammar.errors import GrammarError, located
from grammar.names import RESERVED
from grammar.statics import Among, AxesOf, AxisOf, Bound, DtypeOf, StaticSpec, spec_of
from grammar.template import Template, writable

if TYPE_CHECKING:
    from typing import Annotated as Anything
    from typing import Annotated as Body
    from typing import Annotated as Bool
    from typing import Annotated as Complex
    from typing import Annotated as Float
    from typing import Annotated as Float32
    from typing import Annotated as Inexact
    from typing import Annotated as Int
    from typing import Annotated as Int32
    from typing import Annotated as Key
    from typing import Annotated as Mixed
    from typing import Annotated as Num
    from typing import Annotated as Real
    from typing import Annotated as Static
    from typing import Annotated as Tree
    from typing import Annotated as UInt32

    from jax import Array

__all__ = [
    "SPD",
    "Anything",
    "Array",
    "ArrayPattern",
    "Body",
    "BodyPattern",
    "Bool",
    "Complex",
    "Float",
    "Float32",
    "Helper",
    "Index",
    "Inexact",
    "Int",
    "Int32",
    "Key",
    "Like",
    "Magnitude",
    "Mixed",
    "NonNegative",
    "Num",
    "Pattern",
    "Positive",
    "Probability",
    "Production",
    "Real",
    "RefinementRule",
    "Registry",
    "SignOf",
    "Simplex",
    "Smooth",
    "Static",
    "Tree",
    "TreePattern",
    "Triangular",
    "TuplePattern",
    "UInt32",
    "Unit",
    "either",
    "production",
    "refined",
    "registered",
    "result_arrays",
    "separate",
    "spelled",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_UNLIKE_A_RULE = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE


# --- refinements in a signature --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefinementRule:
    """What a signature says of values: a refinement by name, an index bound, or that of another operand."""

    name: str = ""
    bound: Term | None = None
    source: str = ""
    """The operand whose refinement is kept, for `Like` and `SignOf`."""
    kept: tuple[str, ...] = ()

    def wanted(self, binding: Mapping[str, Any]) -> types.Refinement:
        """The refinement under a binding; without a bound while its dimension is unknown."""
        if self.bound is None:
            return types.Refinement(self.name)
        known = all(name in binding for name in self.bound.names)
        return types.Refinement(self.name, self.bound.size(binding) if known else 0)


Positive = RefinementRule("positive")
NonNegative = RefinementRule("nonnegative")
Unit = RefinementRule("unit")
Probability = RefinementRule("probability")
Simplex = RefinementRule("simplex")
SPD = RefinementRule("spd")
Triangular = RefinementRule("triangular")


def Index(size: str) -> RefinementRule:
    """Integers in [0, size), where `size` is a dimension of the signature or a number."""
    with located():
        return RefinementRule("index", bound=Term.parse(size))


def Like(operand: str) -> RefinementRule:
    """Elements of `operand`, moved or picked: what holds of every element there holds here."""
    return RefinementRule(source=operand, kept=types.ELEMENTWISE)


def SignOf(operand: str) -> RefinementRule:
    """Sums or means of elements of `operand`: their sign is kept."""
    return RefinementRule(source=operand, kept=types.SIGNS)


# --- patterns --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArrayPattern:
    """Arrays of a dtype class and a dimension pattern. Patterns of one class in one signature share their dtype,
    except `Mixed`, whose dtypes are promoted to the result's."""

    family: str
    dtypes: tuple[str, ...]
    dims: Dims
    refinement: RefinementRule = field(default=RefinementRule())

    @property
    def mixed(self) -> bool:
        return self.family == "Mixed"


@dataclass(frozen=True, slots=True)
class TreePattern:
    """Any pytree of arrays; patterns with one name are the same type."""

    name: str


@dataclass(frozen=True, slots=True)
class TuplePattern:
    """A tuple (or list) of values, unpacked where it is assigned."""

    items: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class BodyPattern:
    """A function that the derivation writes: types of its parameters and results.

    `helper` asks for a module-level function that captures nothing; other bodies may be lambdas, nested functions
    or names of existing functions, and may capture what is in scope.
    """

    params: tuple[ArrayPattern | TreePattern, ...]
    results: tuple[ArrayPattern | TreePattern, ...]
    helper: bool = False
    smooth: bool = False
    """Whether it is differentiated, so that nothing in it may lack a derivative."""


Pattern = ArrayPattern | TreePattern | TuplePattern


@dataclass(frozen=True, slots=True)
class _DtypeClass:
    """What stands before the bracket: `Float[Array, "*s", Positive]` makes an `ArrayPattern`."""

    name: str
    dtypes: tuple[str, ...]

    def __getitem__(self, item: tuple[Any, ...]) -> ArrayPattern:
        with located():
            if not isinstance(cast("Any", item), tuple) or not 2 <= len(item) <= 3 or not isinstance(item[1], str):
                raise TypeError(f'{self.name}[...] takes Array, dimensions such as "*s", and one refinement at most')
            _, dims, *refinement = item
            for rule in refinement:
                if not isinstance(rule, RefinementRule):
                    raise TypeError(f"{rule!r} is no refinement; use those of grammar.notation, such as Positive")
            return ArrayPattern(self.name, self.dtypes, Dims.parse(dims), *refinement)


class _TreeClass:
    def __getitem__(self, item: tuple[Any, str]) -> TreePattern:
        with located():
            if not isinstance(cast("Any", item), tuple) or not str(item[1]).startswith("~"):
                raise TypeError('Tree[...] takes Any and a name that starts with "~", such as "~C"')
            return TreePattern(item[1])


class _StaticClass:
    def __getitem__(self, item: tuple[Any, Any]) -> StaticSpec:
        with located():
            _, spec = item
            return spec_of(spec)


class _BodyClass:
    def __getitem__(self, item: tuple[Any, ...]) -> BodyPattern:
        with located():
            _, signature, *marks = item
            before, arrow, after = signature.partition("->")
            if not arrow:
                raise ValueError(f"body {signature!r} has no '->': write parameters -> results")
            for mark in marks:
                if mark not in (Helper, Smooth):
                    raise ValueError(f"{mark!r} is no mark of a body; use Helper or Smooth")
            return BodyPattern(_items(before), _items(after), "helper" in marks, "smooth" in marks)


def _items(text: str) -> tuple[ArrayPattern | TreePattern, ...]:
    return tuple(_item(part.split()) for part in text.split(","))


def _item(tokens: list[str]) -> ArrayPattern | TreePattern:
    if tokens and tokens[0][0] == "~":
        return TreePattern(tokens[0])
    family = _CLASSES["Float"]
    if tokens and tokens[0] in _CLASSES:
        family, tokens = _CLASSES[tokens[0]], tokens[1:]
    return ArrayPattern(family.name, family.dtypes, Dims.parse(" ".join(tokens)))


_CLASSES = {
    name: _DtypeClass(name, dtypes)
    for name, dtypes in {
        "Float": types.FLOATS,
        "Int": types.INTS,
        "Real": types.FLOATS + types.INTS,
        "Num": types.FLOATS + types.INTS + types.COMPLEX,
        "Inexact": types.FLOATS + types.COMPLEX,
        "Complex": types.COMPLEX,
        "Bool": types.BOOL,
        "Any": types.FLOATS + types.INTS + types.COMPLEX + types.BOOL,
        "Mixed": types.FLOATS + types.INTS,
        "Float32": ("float32",),
        "Int32": ("int32",),
        "UInt32": ("uint32",),
        "Key": (types.KEY,),
    }.items()
}

Helper = "helper"
"""Third item of a `Body`: it becomes a module-level function that other places may call too."""
Smooth = "smooth"
"""Third item of a `Body`: it is differentiated."""

if not TYPE_CHECKING:
    Float, Int, Real, Num, Inexact = (_CLASSES[name] for name in ("Float", "Int", "Real", "Num", "Inexact"))
    Complex, Bool, Anything, Mixed = (_CLASSES[name] for name in ("Complex", "Bool", "Any", "Mixed"))
    Float32, Int32, UInt32, Key = (_CLASSES[name] for name in ("Float32", "Int32", "UInt32", "Key"))
    Tree, Static, Body = _TreeClass(), _StaticClass(), _BodyClass()
    Array = "Array"
else:
    pass


def either(first: T, *others: T, weights: tuple[float, ...] = ()) -> T:
    """Spellings of one meaning: a template with `either(a, b)` is written as `a` or as `b`, alike or by weight."""
    return (first, *others)[min(_spelling[-1], len(others))]


_spelling = [0]


@contextmanager
def spelled(at: int) -> Generator[None]:
    """Inside, `either` means its spelling number `at`, or its last one."""
    _spelling.append(at)
    try:
        yield
    finally:
        _spelling.pop()


# --- productions -----------------------------------------------------------------------------------

Magnitude = Callable[..., float]
Relation = Callable[[Binding, Choices], bool]


@dataclass(frozen=True)
class Production:
    """One rule of the grammar. Its name is unique; `function` runs, `template` writes."""

    name: str
    weight: float
    group: str
    function: Callable[..., Any]
    params: Mapping[str, ArrayPattern | TreePattern | BodyPattern | StaticSpec]
    result: Pattern
    names: tuple[str, ...]
    magnitude: Magnitude | None
    relation: Relation | None
    differentiable: bool
    faithful: bool
    additive: bool
    where: str

    def fail(self, message: str) -> GrammarError:
        """The error that points at this production."""
        return GrammarError(f"{self.where}: production {self.name!r}: {message}")

    @cached_property
    def template(self) -> Template:
        """The body, compiled once, at the first use."""
        return Template(self.function, frozenset(self.params), self.fail)

    @cached_property
    def operands(self) -> tuple[tuple[str, ArrayPattern | TreePattern], ...]:
        """The parameters that take values, in order."""
        return tuple((k, p) for k, p in self.params.items() if isinstance(p, ArrayPattern | TreePattern))

    @cached_property
    def arrays(self) -> tuple[tuple[str, ArrayPattern], ...]:
        """The parameters that take one array."""
        return tuple((k, p) for k, p in self.params.items() if isinstance(p, ArrayPattern))

    @cached_property
    def statics(self) -> tuple[tuple[str, StaticSpec], ...]:
        return tuple((k, p) for k, p in self.params.items() if isinstance(p, StaticSpec))

    @cached_property
    def smooth(self) -> bool:
        """Whether derivatives flow through it: it has some, and results that can carry them."""
        linked = {*types.FLOATS, *types.COMPLEX}
        carried = (isinstance(p, TreePattern) or linked & set(p.dtypes) for p in result_arrays(self.result))
        return self.differentiable and any(carried)

    @cached_property
    def bodies(self) -> tuple[tuple[str, BodyPattern], ...]:
        return tuple((k, p) for k, p in self.params.items() if isinstance(p, BodyPattern))

    @cached_property
    def magnitude_arguments(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.magnitude).parameters) if self.magnitude else ()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class Registry(dict[str, Production]):
    """Productions by name."""

    def add(self, production: Production) -> None:
        """Takes a production; GrammarError when its name stands elsewhere already."""
        if (known := self.get(production.name)) is not None:
            raise production.fail(f"the name is taken by {known.where}; give one of them another")
        self[production.name] = production


_registries = [Registry()]


def registered() -> Registry:
    """The productions of all modules imported so far."""
    return _registries[-1]


@contextmanager
def separate() -> Generator[Registry]:
    """Productions declared inside go to a registry of their own (for grammars of tests and of other packages)."""
    _registries.append(Registry())
    try:
        yield _registries[-1]
    finally:
        _registries.pop()


def production(
    misplaced: object = None,
    /,
    *,
    weight: float = 1.0,
    name: str = "",
    names: str = "",
    group: str = "",
    magnitude: Magnitude | None = None,
    relation: Relation | None = None,
    differentiable: bool = True,
    faithful: bool = True,
    additive: bool = False,
    signature: Mapping[str, Any] | None = None,
    where: tuple[str, int] | None = None,
) -> Callable[[F], F]:
    """Declares the function below as a production and returns it unchanged.

    weight: how often it is drawn, relative to the others that fit.
    name: the name of the production where the function's own will not do (families).
    names: what a person would call the result, separated by blanks; one name a value where it is a tuple.
    group: what profiles multiply as a whole; the module's name when not given.
    magnitude: log2 of the bound of |result| from those of the operands (by parameter name; a dimension's name gives
        log2 of its extent, a static's its value). Without it: the largest among the operands.
    relation: the escape for what dimension patterns cannot say: completes a binding, or refuses it.
    faithful: whether the result changes when its operands do; False for what rounds, selects or saturates.
    additive: whether it changes with any one of them, whatever the others are, as a sum does and a product does not.
    signature: patterns by parameter (and "return") where a family computes them.
    where: file and line to name in errors, for families; the function's own when not given.
    differentiable: whether JAX can differentiate it in both modes, with derivatives inside its domain that are
        finite and not all zero.
    Raises GrammarError with file and line when the declaration cannot be meant.
    """
    if misplaced is not None:
        with located():
            raise TypeError("production takes keywords alone; write @production() above the function")

    def register(function: F) -> F:
        plain: Any = function
        if not isinstance(plain, FunctionType):
            with located():
                raise TypeError(f"{function!r:.80} is no plain function; put @production() next to its `def`")
        code = plain.__code__
        file, line = where or (code.co_filename, code.co_firstlineno)
        place = f"{file}:{line}"
        label = name or plain.__name__
        try:
            patterns = dict(signature or inspect.get_annotations(function, eval_str=True))
            if "return" not in patterns:
                raise TypeError("the result has no pattern; annotate it")
            result = _result(patterns.pop("return"))
        except (ValueError, TypeError, NameError, SyntaxError) as error:
            raise GrammarError(f"{place}: production {label!r}: the signature cannot be read: {error}") from None
        home = group or Path(file).stem
        made = Production(
            label,
            weight,
            home,
            _with_own_cells(function),
            patterns,
            result,
            tuple(str(names).split()),
            magnitude,
            relation,
            differentiable,
            faithful,
            additive,
            place,
        )
        _check_function(made, plain)
        _check_settings(made)
        _check_declaration(made)
        registered().add(made)
        return function

    return register


def _with_own_cells(function: Any) -> Any:
    """The function with its captured values as they are now: a loop that declares a family goes on to change them."""
    if function.__closure__ is None:
        return function
    cells = tuple(CellType(cell.cell_contents) for cell in function.__closure__)
    return FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)


def _result(annotation: Any) -> Pattern:
    if isinstance(annotation, ArrayPattern | TreePattern):
        return annotation
    if get_origin(annotation) in (tuple, list):
        return TuplePattern(tuple(_result(item) for item in get_args(annotation)))
    raise TypeError(f"result {annotation!r:.60} is neither an array, a tree nor a tuple of them")


def result_arrays(pattern: Pattern) -> Iterator[ArrayPattern | TreePattern]:
    """The arrays and trees a result is made of, in order."""
    if isinstance(pattern, TuplePattern):
        for item in pattern.items:
            yield from result_arrays(item)
    else:
        yield pattern


def refined(made: Production) -> Iterator[Production]:
    """The production with positive numbers for an operand whose refinement its result keeps: does it keep it?"""
    sources = {p.refinement.source for p in result_arrays(made.result) if isinstance(p, ArrayPattern)}
    for key, pattern in made.arrays:
        if key in sources and not pattern.refinement.name and set(types.FLOATS) & set(pattern.dtypes):
            floats = tuple(dtype for dtype in pattern.dtypes if dtype in types.FLOATS)
            sharper = replace(pattern, dtypes=floats, refinement=Positive)
            yield replace(made, params={**made.params, key: sharper})


def _check_function(made: Production, function: FunctionType) -> None:
    """The function is one whose parameters all have a pattern."""
    code = function.__code__
    if code.co_flags & _UNLIKE_A_RULE or code.co_kwonlyargcount or code.co_posonlyargcount:
        raise made.fail("it is no plain function of positional parameters; write it as the others are")
    if function.__defaults__:
        raise made.fail("its parameters have default values, which no program sees; drop them, or use among(...)")
    taken = code.co_varnames[: code.co_argcount]
    for key in taken:
        if not isinstance(made.params.get(key), ArrayPattern | TreePattern | BodyPattern | StaticSpec):
            raise made.fail(f"parameter {key!r} has no pattern; annotate it as in the other productions")
    for key in made.params:
        if key not in taken:
            raise made.fail(f"its signature has {key!r}, which is no parameter of the function; drop it")


def _check_settings(made: Production) -> None:
    """Weight, names and rules are what they must be."""
    if not isinstance(cast("Any", made.weight), int | float) or not 0 <= made.weight < inf:
        raise made.fail(f"weight {made.weight!r} is not a number of at least 0; give it one")
    if not made.name.isidentifier():
        raise made.fail("its name is no identifier, which a profile could name; give it one")
    for word in made.names:
        if not word.isidentifier() or iskeyword(word) or word in RESERVED:
            raise made.fail(f"names has {word!r}, which cannot name a variable; give words that can")
    if isinstance(made.result, TuplePattern) and len(made.names) > len(made.result.items):
        raise made.fail(f"it names {len(made.names)} values, but returns {len(made.result.items)}; give each one name")
    for what, rule in (("magnitude", made.magnitude), ("relation", made.relation)):
        if rule is not None and not _is_rule(rule):
            raise made.fail(f"its {what} is {rule!r:.60}, which is no Python function; write a lambda")


def _is_rule(rule: Any) -> bool:
    """Whether something can be called, and says by which names."""
    try:
        return bool(inspect.signature(rule))
    except (ValueError, TypeError):
        return False


def _check_declaration(made: Production) -> None:
    """What it says of dimensions, values and statics can be found."""
    _check_sources(made)
    known = {name for _, pattern in made.operands for name in _pattern_names(pattern)} | set(made.params)
    known |= {name for _, spec in made.statics for name in spec.binds}
    for asked in made.magnitude_arguments:
        if asked not in known and made.relation is None:
            raise made.fail(
                f"magnitude asks for {asked!r}, which is neither a parameter nor a dimension; name one of them"
            )
    if made.relation is not None:
        return
    bound = {name for _, pattern in made.operands for name in _pattern_names(pattern)}
    bound |= {name for _, spec in made.statics for name in spec.binds}
    bound |= {name for _, body in made.bodies for item in body.results for name in _pattern_names(item)}
    for item in result_arrays(made.result):
        for dimension in _pattern_names(item):
            if dimension not in bound:
                raise made.fail(
                    f"result dimension {dimension!r} appears in no operand; name it in one or give a relation"
                )
    for label, spec in made.statics:
        for dimension in spec.reads:
            if dimension not in bound:
                raise made.fail(f"static {label!r} asks for dimension {dimension!r}, which no operand has; name one")
    for pattern in _arrays_of(made):
        for dimension in pattern.refinement.bound.names if pattern.refinement.bound else ():
            if dimension not in bound:
                raise made.fail(f"Index asks for dimension {dimension!r}, which no operand has; name one")


def _check_sources(made: Production) -> None:
    """What a result, a static or a refinement takes from an operand is there to be taken."""
    operands = {name for name, _ in made.operands}
    families = {pattern.family for pattern in _arrays_of(made)}
    for pattern in _arrays_of(made):
        source = pattern.refinement.source
        if source and source not in operands:
            raise made.fail(f"a refinement is that of {source!r}, which is no operand; name one of them")
    for label, spec in made.statics:
        if isinstance(spec, DtypeOf) and spec.family not in families:
            raise made.fail(f"static {label!r} asks for the dtype of {spec.family!r}, which no pattern has; name one")
        if isinstance(spec, Bound) and made.relation is None:
            raise made.fail(f"static {label!r} is what a relation binds, and there is none; give one")
        if isinstance(spec, Among):
            _check_values(made, label, spec)
        if isinstance(spec, AxisOf | AxesOf) and not any(spec.reads[0] in p.dims.names for _, p in made.arrays):
            raise made.fail(
                f"static {label!r} asks for dimension {spec.reads[0]!r}, which no operand has; name one that has it"
            )
    for pattern in _arrays_of(made):
        if pattern.refinement.name and not _can_be(pattern):
            raise made.fail(
                f"{pattern.family} {pattern.dims.text!r} cannot be {pattern.refinement.name}; correct one of them"
            )
    for name, pattern in made.arrays:
        if pattern.refinement.source:
            raise made.fail(f"operand {name!r} has a refinement of results (Like, SignOf); give it one of its own")
    for item in result_arrays(made.result):
        if isinstance(item, ArrayPattern) and item.dims.broadcasts:
            raise made.fail(f"result {item.dims.text!r} broadcasts, which only operands do; drop the #")


def _can_be(pattern: ArrayPattern) -> bool:
    """Whether arrays of such a dtype and shape can be what their refinement says."""
    name, dims = (
        pattern.refinement.name,
        [term.text for term in pattern.dims.terms if not term.star or term is pattern.dims.terms[-1]],
    )
    if name == "index":
        return set(pattern.dtypes) <= set(types.INTS)
    if name in ("spd", "triangular"):
        return len(dims) > 1 and dims[-1] == dims[-2]
    if name == "simplex":
        return bool(dims) and dims[-1][0] != "*"
    return not {*types.BOOL, types.KEY} & set(pattern.dtypes)


def _check_values(made: Production, label: str, spec: Among) -> None:
    if not spec.values:
        raise made.fail(f"static {label!r} is among no values; give one")
    for value in spec.values:
        if not writable(value):
            raise made.fail(
                f"static {label!r} may be {value!r:.60}, which cannot be written out; give numbers or strings"
            )


def _arrays_of(made: Production) -> list[ArrayPattern]:
    """The patterns of arrays among its operands and results."""
    results = [pattern for pattern in result_arrays(made.result) if isinstance(pattern, ArrayPattern)]
    return [pattern for _, pattern in made.arrays] + results


def _pattern_names(pattern: ArrayPattern | TreePattern) -> Iterator[str]:
    if isinstance(pattern, TreePattern):
        yield pattern.name
    else:
        yield from pattern.dims.names
