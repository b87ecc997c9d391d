"""A grammar: productions with a profile's weights, indexed by what they accept and what they produce."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Generic, TypeVar

from grammar.choices import Choices
from grammar.errors import GrammarError, ProfileError
from grammar.profile import Profile
from grammar.rules.production import Production, result_arrays
from grammar.values.dims import Dims
from grammar.values.patterns import ArrayPattern, TreePattern
from grammar.values.types import FLOATS, IMPLIES, KEY, SIGNS, ArrayType

T = TypeVar("T")
U = TypeVar("U")
NEVER_IN_TREES = ("spd",)
"""Refinements of arrays that are no leaves of a pytree of parameters or state."""


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """Options with weights."""

    options: tuple[T, ...]
    cumulative: tuple[float, ...]

    @staticmethod
    def of(pairs: Iterable[tuple[U, float]]) -> Table[U]:
        kept = [(option, weight) for option, weight in pairs if weight > 0]
        return Table(tuple(o for o, _ in kept), tuple(accumulate(w for _, w in kept)))

    def only(self, holds: Callable[[T], bool]) -> Table[T]:
        """The options of which something holds."""
        weights = (high - low for low, high in pairwise((0.0, *self.cumulative)))
        return Table.of((o, w) for o, w in zip(self.options, weights, strict=True) if holds(o))

    def pick(self, choices: Choices) -> T | None:
        """One option, by weight; None when there is none."""
        return self.options[choices.weighted(self.cumulative)] if self.options else None


class Tables:
    """The indices of a grammar: which productions accept or produce a type, and those that link any two arrays."""

    def __init__(self, productions: Sequence[Production], profile: Profile) -> None:
        self.productions = tuple(productions)
        self.profile = profile
        self.weight = {p.name: _weight(p, profile) for p in productions}
        _check_names(productions, profile)
        self._accepting: dict[tuple[str, int, str], Table[tuple[Production, str]]] = {}
        self._producing: dict[tuple[str, int, str], Table[Production]] = {}
        self.combine = self._linking(2, to_scalar=False)
        self.add = self._linking(2, to_scalar=False, additive=True)
        self.collapse = self._linking(1, to_scalar=True)
        self.cast = Table.of((p, self.weight[p.name]) for p in productions if _is_cast(p))
        self.squash = Table.of((p, self.weight[p.name]) for p in productions if _bends(p, ("unit", "probability")))
        self.bend = Table.of((p, self.weight[p.name]) for p in productions if _bends(p, SIGNS) and _grows(p))

    def accepting(self, of: ArrayType) -> Table[tuple[Production, str]]:
        """Productions with an operand that a value of this type can be, and which one."""
        key = (of.dtype, len(of.shape), of.refinement.name)
        table = self._accepting.get(key)
        if table is None:
            table = self._accepting[key] = Table.of(self._accepts(*key))
        return table

    def _accepts(self, dtype: str, rank: int, refinement: str) -> Iterable[tuple[tuple[Production, str], float]]:
        implied = IMPLIES[refinement]
        in_tree = dtype in FLOATS and refinement not in NEVER_IN_TREES
        for production in self.productions:
            fitting = [
                name
                for name, pattern in production.operands
                if (
                    in_tree
                    if isinstance(pattern, TreePattern)
                    else dtype in pattern.dtypes and pattern.dims.fits_rank(rank) and pattern.refinement.name in implied
                )
            ]
            for name in fitting:
                yield (production, name), self.weight[production.name] / len(fitting)

    def producing(self, goal: ArrayType) -> Table[Production]:
        """Productions whose (only) result can be a value of this type."""
        key = (goal.dtype, len(goal.shape), goal.refinement.name)
        table = self._producing.get(key)
        if table is None:
            table = self._producing[key] = Table.of(self._produces(*key))
        return table

    def _produces(self, dtype: str, rank: int, refinement: str) -> Iterable[tuple[Production, float]]:
        for production in self.productions:
            pattern = production.result
            if not isinstance(pattern, ArrayPattern) or production.bodies:
                continue
            rule = pattern.refinement
            may_keep = bool(rule.source) and refinement in rule.kept
            if (
                dtype in pattern.dtypes
                and pattern.dims.fits_rank(rank)
                and (refinement in IMPLIES.get(rule.name, ()) or may_keep)
            ):
                yield production, self.weight[production.name]

    def _linking(self, operands: int, *, to_scalar: bool, additive: bool = False) -> Table[Production]:
        linking = [p for p in self.productions if _links(p, operands, to_scalar=to_scalar)]
        return Table.of((p, self.weight[p.name]) for p in linking if p.additive or not additive)

    def check(self) -> None:
        """GrammarError when a derivation could not be finished or a production can never be drawn."""
        for table, what in (
            (self.combine, "combines two arrays by broadcasting (two operands '*#s', result '*s')"),
            (self.collapse, "reduces an array to a scalar (operand '*s', result '')"),
            (self.squash, "bounds an array (Float '*s' to Float '*s' with Unit or Probability)"),
        ):
            if not table.options:
                raise GrammarError(
                    f"grammar: no production of weight in profile {self.profile.name!r} {what}; give it one"
                )
        made = _reachable_kinds(self.productions)
        for production in self.productions:
            for name, pattern in production.arrays:
                if not any((dtype, pattern.refinement.name) in made for dtype in pattern.dtypes):
                    raise production.fail(
                        f"nothing can reach it: no argument or result is {pattern.refinement.name or pattern.family} "
                        f"as operand {name!r} asks; declare a production that gives one"
                    )


def _reachable_kinds(productions: Sequence[Production]) -> set[tuple[str, str]]:
    """(dtype, refinement) of everything an argument or a result can be."""
    arguments = {(dtype, r) for dtype in (*ARGUMENT_DTYPES, KEY) for r in ARGUMENT_REFINEMENTS}
    for production in productions:
        for item in result_arrays(production.result):
            if isinstance(item, ArrayPattern):
                arguments |= {(d, r) for d in item.dtypes for r in IMPLIES.get(item.refinement.name, ("",))}
    return arguments


ARGUMENT_DTYPES = (*FLOATS, "int32", "bool", "complex64", "uint32", "uint8", "int8", "int16", "uint16")
ARGUMENT_REFINEMENTS = ("", "positive", "nonnegative", "probability", "unit", "index", "spd", "key")


def _weight(production: Production, profile: Profile) -> float:
    return production.weight * profile.weights.get(production.name, 1.0) * profile.weights.get(production.group, 1.0)


def _check_names(productions: Sequence[Production], profile: Profile) -> None:
    known = {p.name for p in productions} | {p.group for p in productions}
    for name in profile.weights:
        if name not in known:
            raise ProfileError(
                f"profile {profile.name!r}: [weights] names {name!r}, "
                "which is no production or group; use the names in grammar/productions"
            )


def _plain(production: Production) -> bool:
    """Whether a production needs nothing but its arrays, none of them refined."""
    return (
        len(production.arrays) == len(production.operands)
        and not production.bodies
        and production.relation is None
        and all(not pattern.refinement.name for _, pattern in production.arrays)
        and isinstance(production.result, ArrayPattern)
    )


_SCALAR = Dims.parse("")


def _links(production: Production, operands: int, *, to_scalar: bool) -> bool:
    if not _plain(production) or not production.faithful or production.statics or len(production.arrays) != operands:
        return False
    result = production.result
    assert isinstance(result, ArrayPattern)
    dims = {pattern.dims.text for _, pattern in production.arrays}
    wanted = "*s" if to_scalar else "*#s"
    if dims != {wanted} or result.dims.text != ("" if to_scalar else "*s"):
        return False
    return all(p.family == result.family for _, p in production.arrays) and "float32" in result.dtypes


def _grows(production: Production) -> bool:
    """Whether a function without negative values is large where its operand is and small where that is small, as
    squares and absolute values are: it is flat on neither side, unlike a softplus."""
    size = production.magnitude
    return size is None or (size(8.0) >= 8.0 and size(-64.0) <= -64.0)


def _is_cast(production: Production) -> bool:
    if not _plain(production) or len(production.arrays) != 1:
        return False
    ((_, pattern),) = production.arrays
    result = production.result
    assert isinstance(result, ArrayPattern)
    return (
        pattern.dims.text == result.dims.text == "*s" and pattern.family != result.family and result.family == "Float"
    )


def _bends(production: Production, kinds: Sequence[str]) -> bool:
    """Whether it is a function of an array that is not linear, for no linear one has results of such a kind."""
    if not (_plain(production) and production.faithful and production.differentiable):
        return False
    if len(production.arrays) != 1 or production.statics:
        return False
    ((_, pattern),) = production.arrays
    result = production.result
    assert isinstance(result, ArrayPattern)
    return (
        pattern.dims.text == result.dims.text == "*s"
        and result.refinement.name in kinds
        and "float32" in pattern.dtypes
        and pattern.family == result.family
    )


def quantile(quantiles: Sequence[int], choices: Choices) -> int:
    """An integer drawn from the distribution with these quantiles (0, 10, 25, 50, 75, 90, 100 %)."""
    step = bisect_right(_SHARES, choices.below(1000) / 1000) - 1
    low, high = quantiles[step], quantiles[step + 1]
    return choices.between(low, high)


_SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
