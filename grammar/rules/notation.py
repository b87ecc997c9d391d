"""The notation: a production is a typed Python function; its signature is the type rule, its body is the template.

    production = Productions()

    @production(weight=2)
    def reduce_sum(x: Num[Array, "*a n *b"], axis: Static[int, "n"]) -> Num[Array, "*a *b"]:
        return either(jnp.sum(x, axis=axis), x.sum(axis=axis), x.sum(axis))

To a type checker `Float[Array, "*s"]` is `Array`; at run time it is an `ArrayPattern`. `either` lists spellings of one
meaning. A malformed production raises `GrammarError` with its file and line when its module is imported.
"""

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FunctionType
from typing import TypeVar, cast, get_args, get_origin

from grammar.errors import GrammarError, author, located
from grammar.rules import check
from grammar.rules.production import Magnitude, Parameter, Production, Registry, Relation
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
    "C",
    "Complex",
    "Float",
    "Float32",
    "Function",
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
    "Productions",
    "Real",
    "RefinementRule",
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
    "spelled",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

C = TypeVar("C")
"""Any pytree of arrays, as in `Tree[C, "~C"]`."""
Function = Callable[..., Array]
"""What makes an array; of which operands, the pattern says."""

_SPELLING = ContextVar("spelling", default=0)
"""Which of its spellings `either` means. A variable of the context and no argument, for it is the body of a production
that calls `either`, and that is plain Python as programs will hold it."""


def either(first: T, *others: T, weights: tuple[float, ...] = ()) -> T:
    """Spellings of one meaning: a template with `either(a, b)` is written as `a` or as `b`, alike or by weight."""
    return (first, *others)[min(_SPELLING.get(), len(others))]


@contextmanager
def spelled(at: int) -> Generator[None]:
    """Inside, `either` means its spelling number `at`, or its last one."""
    before = _SPELLING.set(at)
    try:
        yield
    finally:
        _SPELLING.reset(before)


class Productions(Registry):
    """The productions of one file, which it declares by calling this."""

    def __call__(
        self,
        misplaced: object = None,
        /,
        *,
        weight: float = 1.0,
        name: str = "",
        names: str = "",
        magnitude: Magnitude | None = None,
        relation: Relation | None = None,
        differentiable: bool = True,
        faithful: bool = True,
        additive: bool = False,
        signature: Mapping[str, Parameter | Pattern] | None = None,
    ) -> Callable[[F], F]:
        """Declares the function below as a production and returns it unchanged.

        The keywords are the fields of `Production`; blanks separate `names`, and `signature` has patterns by parameter
        (and "return") where a family computes them. GrammarError, with file and line, for what cannot be meant.
        """
        _check_keywords(misplaced)

        def register(function: F) -> F:
            plain = _plain(function)
            file, line = author()
            patterns, result = _signature(plain, signature, f"{file}:{line}: production {name or plain.__name__!r}")
            made = Production(
                name or plain.__name__,
                weight,
                Path(file).stem,
                plain,
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
            self.add(check.checked(made, self.values()))
            return function

        return register


def _check_keywords(misplaced: object) -> None:
    if misplaced is not None:
        with located():
            raise TypeError("production takes keywords alone; write @production() above the function")


def _plain(function: object) -> FunctionType:
    """The function, which a template can be made of."""
    if not isinstance(function, FunctionType):
        with located():
            raise TypeError(f"{function!r:.80} is no plain function; put @production() next to its `def`")
    return function


def _signature(
    function: FunctionType, signature: Mapping[str, Parameter | Pattern] | None, place: str
) -> tuple[dict[str, Parameter], Pattern]:
    """The patterns of parameters and result. GrammarError, beginning with the place, where they cannot be read."""
    try:
        patterns = dict(signature or inspect.get_annotations(function, eval_str=True))
        if "return" not in patterns:
            raise TypeError("the result has no pattern; annotate it")
        result = _result(patterns.pop("return"))
    except (ValueError, TypeError, NameError, SyntaxError) as error:
        raise GrammarError(f"{place}: the signature cannot be read: {error}") from None
    return cast("dict[str, Parameter]", patterns), result  # what is none, `checked` finds


def _result(annotation: object) -> Pattern:
    if isinstance(annotation, ArrayPattern | TreePattern | TuplePattern):
        return annotation
    if get_origin(annotation) in (tuple, list):
        return TuplePattern(tuple(_result(item) for item in get_args(annotation)))
    raise TypeError(f"result {annotation!r:.60} is neither an array, a tree nor a tuple of them")
