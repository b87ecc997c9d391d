"""The state of type inference: what the names of a signature stand for, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from grammar.values.dims import Sizes
from grammar.values.types import Type

MIXED = "Mixed"
"""The dtype class whose operands keep their own dtypes, which are promoted to that of the result."""


class Binding(NamedTuple):
    """Nothing changes a binding: what finds out more makes another one.

    What a draw calls most names all fields, which is faster than `_replace`.
    """

    sizes: Sizes
    """Dimensions by name: a number of elements, or a shape for a star; and what a relation says of static arguments."""
    dtypes: Mapping[str, str] = {}
    """Dtype class -> dtype, such as "Float" -> "float32"."""
    promoted: tuple[str, ...] = ()
    """The dtypes of the operands of class `MIXED`, in order."""
    trees: Mapping[str, Type] = {}
    """Tree pattern -> type, such as "~C" -> a tuple of two arrays."""
    bounded: bool = False
    """Whether inference runs backwards from a result, so that no operand may be larger than what is known."""

    def having(self, **sizes: Any) -> Binding:
        """With these values for these names, whatever was known of them."""
        return self.with_sizes({**self.sizes, **sizes})

    def agreeing(self, **sizes: Any) -> Binding | None:
        """With these values for these names; None where one of them is known to be another."""
        known = self.sizes
        return self.having(**sizes) if all(known.get(name, value) == value for name, value in sizes.items()) else None

    def with_sizes(self, sizes: Sizes) -> Binding:
        """With all that is known of dimensions replaced by this."""
        return Binding(sizes, self.dtypes, self.promoted, self.trees, self.bounded)

    def with_dtype(self, family: str, dtype: str) -> Binding:
        """With this dtype for the class; one more for `MIXED`."""
        if family == MIXED:
            return self._replace(promoted=(*self.promoted, dtype))
        if self.dtypes.get(family) == dtype:
            return self
        return Binding(self.sizes, {**self.dtypes, family: dtype}, self.promoted, self.trees, self.bounded)

    def with_tree(self, name: str, of: Type) -> Binding:
        """With this type for the tree pattern."""
        return self._replace(trees={**self.trees, name: of})

    def dtype(self, family: str) -> str | None:
        """The dtype that the class stands for; of `MIXED` that of the first operand. None where it is not known."""
        if family == MIXED:
            return self.promoted[0] if self.promoted else None
        return self.dtypes.get(family)
