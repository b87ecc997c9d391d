"""Reductions: the forms in which one is declared, and how large their results are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grammar.choices import Choices
from grammar.rules.notation import Array, RefinementRule, Static, production
from grammar.values.binding import Binding
from grammar.values.statics import bound

Growth = Callable[[float, float], float]
"""The magnitude of a result, from that of the operand and log2 of the elements that are reduced."""

_FREE = RefinementRule()
_AXIS: Any = Static[int, "n"]
_AXES: Any = Static[tuple[int, int], bound("axes")]


def same(x: float, n: float) -> float:
    """The bound of a mean or of a picked element."""
    return x


def total(x: float, n: float) -> float:
    """The bound of a sum over 2^n elements."""
    return x + n


def product(x: float, n: float) -> float:
    """The bound of a product of 2^n elements."""
    return max(x, 0.0) * 2**n


def log_total(x: float, n: float) -> float:
    """The bound of a log-sum-exp over 2^n elements."""
    return max(x, n) + 1


def _two_axes(binding: Binding, choices: Choices) -> Binding | None:
    """Puts the positions of the dimensions m and n under "axes"."""
    sizes = binding.sizes
    if "a" not in sizes or "b" not in sizes:
        return None
    first, rank = len(sizes["a"]), len(sizes["a"]) + 2 + len(sizes["b"])
    negative = choices.chance(0.6 if first + 2 == rank else 0.05)
    return binding.having(axes=(first - rank, first + 1 - rank) if negative else (first, first + 1))


def _lax_axes(binding: Binding, choices: Choices) -> Binding | None:
    """The same as lax takes them: never negative."""
    a = binding.sizes.get("a")
    return None if a is None else binding.having(axes=(len(a), len(a) + 1))


class Reduction:
    """Declares the productions of one reduction; a form says what is reduced and what remains."""

    def __init__(
        self,
        of: Any,
        to: Any = None,
        weight: float = 1.0,
        grow: Growth = same,
        keep: RefinementRule = _FREE,
        names: str = "",
        differentiable: bool = True,
    ) -> None:
        self.of, self.to, self.weight, self.grow, self.keep = of, to or of, weight, grow, keep
        self.names, self.differentiable = names, differentiable

    def __call__(self, form: str, share: float = 1.0, name: str = "") -> Any:
        """The decorator for one form, a key of `_FORMS`; "all" takes scalars too."""
        before, after = _FORMS[form]
        signature = {"x": self.of[Array, before]}
        signature |= {"axes": _AXES} if form[:4] == "pair" else {} if form in ("whole", "all") else {"axis": _AXIS}
        grow = self.grow
        magnitudes: dict[str, Any] = {
            "all": lambda x, s: grow(x, s),
            "whole": lambda x, n, s: grow(x, n + s),
            "pair": lambda x, m, n: grow(x, m + n),
        }
        return production(
            name=name,
            weight=self.weight * share,
            names=self.names,
            magnitude=magnitudes.get(form.split()[0], lambda x, n: grow(x, n)),
            relation=_two_axes if form in ("pair", "pair kept") else _lax_axes if form == "pair lax" else None,
            differentiable=self.differentiable,
            signature={**signature, "return": self.to[Array, after, self.keep]},
        )


_FORMS = {
    "all": ("*s", ""),
    "whole": ("n *s", ""),
    "axis": ("*a n *b", "*a *b"),
    "kept": ("*a n *b", "*a 1 *b"),
    "pair": ("*a m n *b", "*a *b"),
    "pair kept": ("*a m n *b", "*a 1 1 *b"),
    "pair lax": ("*a m n *b", "*a *b"),
    "along": ("*a n *b", "*a n *b"),
}
