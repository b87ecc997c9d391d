"""Dimension patterns: one object that infers a shape from sizes by name, and these from a shape.

    "n"      one dimension of at least 2 elements
    "*s"     any number of dimensions
    "*#s"    any number of dimensions that broadcast against the other operands' `s`
    "3"      a dimension of exactly that many elements
    "m+n"    a sum of named and constant dimensions

`Dims.matches` runs a pattern from a shape to the sizes that explain it; `Dims.build` the other way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Shape = tuple[int, ...]
Sizes = Mapping[str, Any]
"""What names stand for: an int for one dimension, a tuple of ints for a star."""

_TOKEN = re.compile(r"\*#?[a-z]\w*|([a-z]\w*|\d+)(\+([a-z]\w*|\d+))*")
_SPLITS = 256
"""Ways to divide a size into a sum that are looked at: half a million of them would take 60 MB."""


@dataclass(frozen=True, slots=True)
class Term:
    """One token of a pattern: a star, or a sum of names and a constant."""

    text: str
    star: str = ""
    broadcast: bool = False
    names: tuple[str, ...] = ()
    constant: int = 0

    @staticmethod
    def parse(token: str) -> Term:
        """Reads one token; ValueError when it is none."""
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"{token!r} is no dimension: write a name, *name, *#name, a number or a sum such as m+n")
        if token[0] == "*":
            return Term(token, star=token.lstrip("*#"), broadcast=token[1] == "#")
        parts = token.split("+")
        names = tuple(part for part in parts if not part.isdigit())
        return Term(token, names=names, constant=sum(int(part) for part in parts if part.isdigit()))

    def matches(self, size: int, sizes: Sizes) -> Sequence[Sizes]:
        """Extensions of the sizes under which this (starless) term is `size`: all of them, or some evenly spaced
        ones where a sum divides a large size in very many ways."""
        if len(self.names) == 1 and not self.constant:
            name = self.names[0]
            if name not in sizes:
                return ({**sizes, name: size},) if size > 1 else ()
            return (sizes,) if sizes[name] == size else ()
        unknown = [name for name in self.names if name not in sizes]
        rest = size - self.constant - sum(sizes[name] for name in self.names if name in sizes)
        if not unknown:
            return (sizes,) if rest == 0 else ()
        if len(set(unknown)) == 1:
            share, left_over = divmod(rest, len(unknown))
            return ({**sizes, unknown[0]: share},) if share > 1 and not left_over else ()
        first, second, *more = unknown
        if more:
            return ()
        return [{**sizes, first: part, second: rest - part} for part in range(2, rest - 1, 1 + rest // _SPLITS)]

    def size(self, sizes: Sizes) -> int:
        """How many elements this (starless) term has."""
        return self.constant + sum(sizes[name] for name in self.names)


def broadcast(left: Shape, right: Shape) -> Shape | None:
    """NumPy's broadcast of two shapes, or None where they do not fit."""
    if left == right:
        return left
    if len(left) < len(right):
        left, right = right, left
    gap = len(left) - len(right)
    out = list(left)
    for at, size in enumerate(right, gap):
        if out[at] == 1:
            out[at] = size
        elif size != out[at] and size != 1:
            return None
    return tuple(out)


@dataclass(frozen=True, slots=True)
class Dims:
    """A parsed pattern."""

    text: str
    terms: tuple[Term, ...]
    fixed: int = field(compare=False)
    """How many terms are no star."""
    stars: tuple[str, ...] = field(compare=False)
    """The names of the stars."""

    @staticmethod
    def parse(text: str) -> Dims:
        """Reads a pattern such as "*a n *b"; ValueError names the token that is none."""
        terms = tuple(Term.parse(token) for token in text.split())
        stars = tuple(term.star for term in terms if term.star)
        return Dims(" ".join(text.split()), terms, len(terms) - len(stars), stars)

    @property
    def broadcasts(self) -> bool:
        return any(term.broadcast for term in self.terms)

    def exact(self) -> Dims:
        """The same pattern without broadcasting."""
        return _exact(self)

    @property
    def names(self) -> Iterator[str]:
        """Every name of the pattern, in order."""
        for term in self.terms:
            yield from (term.star,) if term.star else term.names

    def fits_rank(self, rank: int) -> bool:
        """Whether an array of this rank can match."""
        return rank == self.fixed or (rank > self.fixed and bool(self.stars))

    def matches(self, shape: Shape, sizes: Sizes, *, bounded: bool = False) -> list[Sizes]:
        """All extensions of `sizes` under which this pattern is `shape`; where they are bounded, a star that broadcasts
        does not grow beyond what is known of it."""
        if not self.fixed and len(self.stars) == 1:
            extended = _bind_star(self.terms[0], shape, sizes, bounded)
            return [] if extended is None else [extended]
        if not self.fits_rank(len(shape)):
            return []
        found: list[Sizes] = []
        self._search(0, shape, 0, len(shape) - self.fixed, sizes, bounded, found.append)
        return found

    def _search(
        self,
        term_at: int,
        shape: Shape,
        at: int,
        slack: int,
        sizes: Sizes,
        bounded: bool,
        found: Callable[[Sizes], None],
    ) -> None:
        while term_at < len(self.terms):
            term = self.terms[term_at]
            term_at += 1
            if term.star:
                last = not any(later.star for later in self.terms[term_at:])
                for taken in (slack,) if last else range(slack + 1):
                    extended = _bind_star(term, shape[at : at + taken], sizes, bounded)
                    if extended is not None:
                        self._search(term_at, shape, at + taken, slack - taken, extended, bounded, found)
                return
            extensions = term.matches(shape[at], sizes)
            at += 1
            if len(extensions) != 1:
                for extended in extensions:
                    self._search(term_at, shape, at, slack, extended, bounded, found)
                return
            sizes = extensions[0]
        found(sizes)

    def unbound(self, sizes: Sizes) -> list[str]:
        """The names that `sizes` does not know yet."""
        return [name for name in self.names if name not in sizes]

    def build(self, sizes: Sizes) -> Shape:
        """The shape where the sizes of all names are known."""
        out: list[int] = []
        for term in self.terms:
            if term.star:
                out.extend(sizes[term.star])
            else:
                out.append(term.size(sizes))
        return tuple(out)

    def position(self, name: str, sizes: Sizes) -> int:
        """At which axis the dimension `name` stands (the first axis of a star)."""
        at = 0
        for term in self.terms:
            if name == term.star or name in term.names:
                return at
            at += len(sizes[term.star]) if term.star else 1
        raise KeyError(name)


@cache
def _exact(dims: Dims) -> Dims:
    return Dims.parse(dims.text.replace("#", ""))


def _bind_star(term: Term, part: Shape, sizes: Sizes, bounded: bool) -> Sizes | None:
    known = sizes.get(term.star)
    if known is None:
        return {**sizes, term.star: part}
    if not term.broadcast:
        return sizes if known == part else None
    joined = broadcast(known, part)
    if joined is None or (joined != known and bounded):
        return None
    return sizes if joined == known else {**sizes, term.star: joined}
