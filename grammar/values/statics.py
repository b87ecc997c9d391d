"""Static parameters: Python values that a template writes as literals (axes, extents, shapes, options).

`Static[int, "n"]` is the axis at which dimension n stands; the functions below say everything else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grammar.choices import Choices
from grammar.errors import located
from grammar.values.binding import Binding
from grammar.values.dims import Dims, Term


class DtypeName(str):
    """A dtype as a value: JAX takes it as a string, templates write it as `jnp.float32`."""


class StaticSpec(ABC):
    """How the value of a static parameter is found."""

    @property
    def binds(self) -> tuple[str, ...]:
        """Dimensions that this parameter gives a value to where no operand has them."""
        return ()

    @property
    def stars(self) -> tuple[str, ...]:
        """Those of them that are stars."""
        return ()

    @property
    def draws(self) -> tuple[str, ...]:
        """Those of them whose value `draw` finds itself."""
        return ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Dimensions that others of the signature must have."""
        return ()

    @abstractmethod
    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> Any:
        """The value under a binding, beside array operands of these dimensions."""

    def bind(self, value: Any, binding: Binding) -> Binding:
        """The binding with what follows from the value that was drawn."""
        return binding


@dataclass(frozen=True)
class AxisOf(StaticSpec):
    """Position of a dimension in the first operand that has it; the last one is often written -1."""

    name: str
    negative: bool = True

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> int:
        dims = next(dims for dims in operands if self.name in dims.names)
        at = dims.position(self.name, binding.sizes)
        rank = len(dims.build(binding.sizes))
        return at - rank if self.negative and choices.chance(0.7 if at == rank - 1 else 0.1) else at


@dataclass(frozen=True)
class AxesOf(StaticSpec):
    """Positions of all dimensions of a star, as a tuple."""

    star: str

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.star,)

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> tuple[int, ...]:
        dims = next(dims for dims in operands if self.star in dims.names)
        at = dims.position(self.star, binding.sizes)
        return tuple(range(at, at + len(binding.sizes[self.star])))


@dataclass(frozen=True)
class SizeOf(StaticSpec):
    """Extent of a dimension or of a sum of them."""

    term: Term

    @property
    def binds(self) -> tuple[str, ...]:
        return self.term.names

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> int:
        return self.term.size(binding.sizes)


@dataclass(frozen=True)
class ShapeOf(StaticSpec):
    """A shape, as a tuple."""

    dims: Dims

    @property
    def binds(self) -> tuple[str, ...]:
        return tuple(self.dims.names)

    @property
    def stars(self) -> tuple[str, ...]:
        return self.dims.stars

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> tuple[int, ...]:
        return self.dims.build(binding.sizes)


@dataclass(frozen=True)
class Among(StaticSpec):
    """One of a few values."""

    values: tuple[Any, ...]

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> Any:
        return choices.item(self.values)


@dataclass(frozen=True)
class Between(StaticSpec):
    """An integer between two bounds, both included; a bound may be a dimension of the signature, such as "n"."""

    low: Term
    high: Term
    name: str = ""

    @property
    def reads(self) -> tuple[str, ...]:
        return (*self.low.names, *self.high.names)

    @property
    def binds(self) -> tuple[str, ...]:
        return (self.name,) if self.name else ()

    @property
    def draws(self) -> tuple[str, ...]:
        return self.binds

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> int:
        low, high = self.low.size(binding.sizes), self.high.size(binding.sizes)
        if self.name in binding.sizes:
            return binding.sizes[self.name]
        return choices.between(low, max(low, high))

    def bind(self, value: int, binding: Binding) -> Binding:
        return binding.having(**{self.name: value}) if self.name else binding


@dataclass(frozen=True)
class Bound(StaticSpec):
    """What a relation found for a name."""

    name: str

    @property
    def binds(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.name,)

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> Any:
        return binding.sizes[self.name]


@dataclass(frozen=True)
class DtypeOf(StaticSpec):
    """The dtype that a dtype class of the signature stands for."""

    family: str

    def draw(self, binding: Binding, operands: Sequence[Dims], choices: Choices) -> DtypeName:
        return DtypeName(binding.dtypes[self.family])


def spec_of(item: Any) -> StaticSpec:
    """The second item of `Static[...]`: a spec, or a dimension's name for its axis."""
    if isinstance(item, StaticSpec):
        return item
    if isinstance(item, str):
        return AxisOf(item.lstrip("*"))
    raise TypeError(f"static {item!r} is neither a dimension's name nor one of the functions of grammar.values.statics")


def axis(name: str, *, negative: bool = True) -> StaticSpec:
    """Where dimension `name` stands."""
    return AxisOf(name.lstrip("*"), negative)


def axes(star: str) -> StaticSpec:
    """Where the dimensions of a star stand."""
    return AxesOf(star.lstrip("*"))


def size(of: str) -> StaticSpec:
    """Extent of a dimension, or of a sum such as "m+n"."""
    with located():
        return SizeOf(Term.parse(of))


def shape(of: str) -> StaticSpec:
    """A shape written out, such as shape("*a n")."""
    with located():
        return ShapeOf(Dims.parse(of))


def among(*values: Any) -> StaticSpec:
    """One of these values."""
    return Among(values)


def between(low: int | str, high: int | str) -> StaticSpec:
    """An integer from low to high; each may be a dimension's name."""
    return _between(low, high)


def new_size(name: str, low: int = 2, high: int | str = 8) -> StaticSpec:
    """A dimension that no operand has: its extent is drawn (or known from the result) and bound to `name`."""
    return _between(low, high, name)


def _between(low: int | str, high: int | str, name: str = "") -> StaticSpec:
    with located():
        if isinstance(low, int) and isinstance(high, int) and low > high:
            raise ValueError(f"nothing lies between {low} and {high}; give the lower bound first")
        return Between(Term.parse(str(low)), Term.parse(str(high)), name)


def bound(name: str) -> StaticSpec:
    """What the production's relation bound to `name`."""
    return Bound(name)


def dtype(family: str) -> StaticSpec:
    """The dtype of a class, such as dtype("Float")."""
    return DtypeOf(family)
