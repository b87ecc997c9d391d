"""Whether a value fits an operand's pattern, and what follows for the other operands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grammar.derive.graph import Literal, Var
from grammar.rules.production import Production
from grammar.values.dims import Binding
from grammar.values.patterns import ArrayPattern
from grammar.values.types import IMPLIES, ArrayType


def bind_array(pattern: ArrayPattern, of: ArrayType, binding: Binding) -> list[Binding]:
    """The bindings under which an array of this type is an operand of this pattern."""
    rule = pattern.refinement
    if of.dtype not in pattern.dtypes or rule.name not in IMPLIES[of.refinement.name]:
        return []
    key = ":" + pattern.family
    if pattern.mixed:
        binding = {**binding, key: (*binding.get(key, ()), of.dtype)}
    elif binding.get(key, of.dtype) != of.dtype:
        return []
    else:
        binding = {**binding, key: of.dtype}
    if rule.bound is not None:
        (name,) = rule.bound.names or ("",)
        if name and name not in binding:
            binding[name] = of.refinement.bound
        if of.refinement.bound > rule.bound.size(binding):
            return []
    return pattern.dims.matches(of.shape, binding)


def with_dtype(pattern: ArrayPattern, goal: ArrayType, binding: Binding) -> Binding:
    """The binding with the dtype of what was found for an operand."""
    key = ":" + pattern.family
    if pattern.mixed:
        return {**binding, key: (*binding.get(key, ()), goal.dtype)}
    return {**binding, key: goal.dtype}


def reduces_scalars(production: Production, arguments: Mapping[str, Any]) -> bool:
    """Whether a reduction, which nobody writes for one number, has nothing to reduce."""
    result = production.result
    if not isinstance(result, ArrayPattern) or result.dims.text:
        return False
    reduced = [arguments[name] for name, pattern in production.arrays if pattern.dims.stars]
    return bool(reduced) and all(isinstance(tree, Literal) or tree.type.shape == () for tree in reduced)


def turns(production: Production, name: str, value: Any) -> int:
    """How often a loop over a parameter runs; the leaves of a tree are few."""
    if isinstance(value, Var) and isinstance(production.params[name], ArrayPattern):
        return value.type.shape[0] if value.type.shape else 0
    return value if isinstance(value, int) else len(value) if isinstance(value, tuple) else 0


def dimensions(binding: Binding) -> int:
    """How many dimensions a binding knows (its other keys start with a sign)."""
    return sum(key[0].isalpha() for key in binding)


def unbound(pattern: ArrayPattern, binding: Binding) -> list[str]:
    """The names of a pattern, its bound included, that a binding does not know yet."""
    bound = pattern.refinement.bound
    names = pattern.dims.unbound(binding)
    return names if bound is None else names + [name for name in bound.names if name not in (*binding, *names)]
