"""What stands in the signature of a production: patterns of arrays, pytrees and functions, and refinements.

To a type checker `Float[Array, "*s"]` is `Array`; at run time it is an `ArrayPattern`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from grammar.errors import located
from grammar.values import types
from grammar.values.binding import MIXED
from grammar.values.dims import Dims, Sizes, Term
from grammar.values.statics import StaticSpec, spec_of

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
    "Mixed",
    "NonNegative",
    "Num",
    "Pattern",
    "Positive",
    "Probability",
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
]


# --- refinements in a signature --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefinementRule:
    """What a signature says of values: a refinement by name, an index bound, or that of another operand."""

    name: str = ""
    bound: Term | None = None
    source: str = ""
    """The operand whose refinement is kept, for `Like` and `SignOf`."""
    kept: tuple[str, ...] = ()

    def wanted(self, sizes: Sizes) -> types.Refinement:
        """The refinement under these sizes; without a bound while its dimension is unknown."""
        if self.bound is None:
            return types.Refinement(self.name)
        known = all(name in sizes for name in self.bound.names)
        return types.Refinement(self.name, self.bound.size(sizes) if known else 0)


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
        return self.family == MIXED


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
                    raise TypeError(f"{rule!r} is no refinement; use those of grammar.rules.notation, such as Positive")
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
