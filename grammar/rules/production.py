"""A production as the derivation sees it: patterns, weight, magnitude, template; and the registry of all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import FunctionType

from grammar.choices import Choices
from grammar.errors import GrammarError
from grammar.text.template import Template
from grammar.values import types
from grammar.values.binding import Binding
from grammar.values.dims import Dims
from grammar.values.patterns import ArrayPattern, BodyPattern, Pattern, Positive, TreePattern, TuplePattern
from grammar.values.statics import StaticSpec

Relation = Callable[[Binding, Choices], Binding | None]
Parameter = ArrayPattern | TreePattern | BodyPattern | StaticSpec
"""What a signature says of a parameter."""


@dataclass(frozen=True)
class ProductOf:
    """The magnitude of a product: the sum of those of these operands and dimensions."""

    names: tuple[str, ...]

    def __call__(self, *magnitudes: float) -> float:
        return sum(magnitudes)


# Spelled out by arity, so that the type checker knows the parameters of a lambda.
Magnitude = (
    ProductOf
    | Callable[[], float]
    | Callable[[float], float]
    | Callable[[float, float], float]
    | Callable[[float, float, float], float]
    | Callable[[float, float, float, float], float]
    | Callable[[float, float, float, float, float], float]
)


@dataclass(frozen=True, eq=False)
class Production:
    """One rule of the grammar. Its name is unique; `function` runs, `template` writes."""

    name: str
    """That of the function, or one that a family gives it."""
    weight: float
    """How often it is drawn, relative to the others that fit."""
    group: str
    """What profiles multiply as a whole."""
    function: FunctionType
    params: Mapping[str, Parameter]
    result: Pattern
    names: tuple[str, ...]
    """What a person would call the result; one name a value where it is a tuple."""
    magnitude: Callable[..., float] | None
    """log2 of the bound of |result| from those of the operands (by parameter name; a dimension's name gives log2 of its
    extent, a static's its value). Without it: the largest among the operands."""
    relation: Relation | None
    """The escape for what dimension patterns cannot say: a binding with what follows from another, or None where it
    refuses that. Backwards it is asked before the operands are known, and again when they are."""
    differentiable: bool
    """Whether JAX can differentiate it in both modes, with derivatives inside its domain that are finite and not all
    zero."""
    faithful: bool
    """Whether the result changes when its operands do; False for what rounds, selects or saturates."""
    additive: bool
    """Whether it changes with any one of them, whatever the others are, as a sum does and a product does not."""
    where: str
    """File and line of its declaration."""

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
    def operand_dims(self) -> tuple[Dims, ...]:
        """The dimensions of these, in order."""
        return tuple(pattern.dims for _, pattern in self.arrays)

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
        """The operands, statics and dimensions that it is a function of."""
        if isinstance(self.magnitude, ProductOf):
            return self.magnitude.names
        return tuple(inspect.signature(self.magnitude).parameters) if self.magnitude else ()


class Registry(dict[str, Production]):
    """Productions by name."""

    def add(self, production: Production) -> None:
        """Takes a production; GrammarError when its name stands elsewhere already."""
        if (known := self.get(production.name)) is not None:
            raise production.fail(f"the name is taken by {known.where}; give one of them another")
        self[production.name] = production


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
