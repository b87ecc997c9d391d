"""The notation: a production is a typed Python function; its signature is the type rule, its body is the template.

    @production(weight=2)
    def reduce_sum(x: Num[Array, "*a n *b"], axis: Static[int, "n"]) -> Num[Array, "*a *b"]:
        return either(jnp.sum(x, axis=axis), x.sum(axis=axis), x.sum(axis))

To a type checker `Float[Array, "*s"]` is `Array`; at run time it is an `ArrayPattern`. `either` lists spellings of one
meaning. A malformed production raises `GrammarError` with its file and line when its module is imported.
"""

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CellType, FunctionType
from typing import Any, TypeVar, get_args, get_origin

from grammar.errors import GrammarError, located
from grammar.rules import check
from grammar.rules.production import Magnitude, Production, Registry, Relation, registered, result_arrays, separate
from grammar.values.patterns import (
    SPD,
    Anything,
    Array,
    ArrayPattern,
    Body,
    BodyPattern,
    Bool,
    Complex,
    Float,
    Float32,
    Helper,
    Index,
    Inexact,
    Int,
    Int32,
    Key,
    Like,
    Mixed,
    NonNegative,
    Num,
    Pattern,
    Positive,
    Probability,
    Real,
    RefinementRule,
    SignOf,
    Simplex,
    Smooth,
    Static,
    Tree,
    TreePattern,
    Triangular,
    TuplePattern,
    UInt32,
    Unit,
)

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
    "registered",
    "result_arrays",
    "separate",
    "spelled",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


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

    The keywords are the fields of `Production`; blanks separate `names`, and `signature` has patterns by parameter (and
    "return") where a family computes them. Raises GrammarError, with file and line, for what cannot be meant.
    """
    _check_keywords(misplaced)

    def register(function: F) -> F:
        file, line = where or _place(function)
        patterns, result = _signature(function, signature, f"{file}:{line}: production {name or function.__name__!r}")
        made = Production(
            name or function.__name__,
            weight,
            group or Path(file).stem,
            _with_own_cells(function),
            patterns,
            result,
            tuple(str(names).split()),
            magnitude,
            relation,
            differentiable,
            faithful,
            additive,
            f"{file}:{line}",
        )
        registered().add(check.checked(made, function))
        return function

    return register


def _check_keywords(misplaced: object) -> None:
    if misplaced is not None:
        with located():
            raise TypeError("production takes keywords alone; write @production() above the function")


def _place(function: object) -> tuple[str, int]:
    """File and line of a function."""
    if not isinstance(function, FunctionType):
        with located():
            raise TypeError(f"{function!r:.80} is no plain function; put @production() next to its `def`")
    return function.__code__.co_filename, function.__code__.co_firstlineno


def _signature(
    function: Callable[..., Any], signature: Mapping[str, Any] | None, place: str
) -> tuple[dict[str, Any], Pattern]:
    """The patterns of parameters and result. GrammarError, beginning with the place, where they cannot be read."""
    try:
        patterns = dict(signature or inspect.get_annotations(function, eval_str=True))
        if "return" not in patterns:
            raise TypeError("the result has no pattern; annotate it")
        return patterns, _result(patterns.pop("return"))
    except (ValueError, TypeError, NameError, SyntaxError) as error:
        raise GrammarError(f"{place}: the signature cannot be read: {error}") from None


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
