"""Whether a value fits an operand's pattern, and what follows for the other operands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from grammar.derive.graph import Arguments, Literal, Var
from grammar.rules.production import Production
from grammar.values.binding import Binding
from grammar.values.dims import Sizes
from grammar.values.patterns import ArrayPattern
from grammar.values.types import IMPLIES, ArrayType


def bind_array(pattern: ArrayPattern, of: ArrayType, binding: Binding) -> list[Binding]:
    """The bindings under which an array of this type is an operand of this pattern."""
    rule = pattern.refinement
    if of.dtype not in pattern.dtypes or rule.name not in IMPLIES[of.refinement.name]:
        return []
    if not pattern.mixed and binding.dtypes.get(pattern.family, of.dtype) != of.dtype:
        return []
    sizes = binding.sizes
    if rule.bound is not None:
        (name,) = rule.bound.names or ("",)
        if name and name not in sizes:
            sizes = {**sizes, name: of.refinement.bound}
        if of.refinement.bound > rule.bound.size(sizes):
            return []
    found = pattern.dims.matches(of.shape, sizes, bounded=binding.bounded)
    if not found:
        return []
    with_dtype = binding.with_dtype(pattern.family, of.dtype)
    return [with_dtype.with_sizes(each) for each in found]


def bind_arrays(patterns: Mapping[str, ArrayPattern], operands: Mapping[str, Var]) -> Binding | None:
    """The first binding under which each of these variables is the operand of its name; None where there is none."""
    binding = Binding({})
    for name, pattern in patterns.items():
        found = bind_array(pattern, operands[name].type, binding)
        if not found:
            return None
        binding = found[0]
    return binding


def unbound(pattern: ArrayPattern, sizes: Sizes) -> list[str]:
    """The names of a pattern, its bound included, whose size is not known yet."""
    bound = pattern.refinement.bound
    names = pattern.dims.unbound(sizes)
    return names if bound is None else names + [name for name in bound.names if name not in (*sizes, *names)]


def in_bounds(production: Production, arguments: Arguments, sizes: Sizes) -> bool:
    """Whether index operands stay below their bound now that every dimension is known."""
    for name, pattern in production.arrays:
        bound, tree = pattern.refinement.bound, arguments[name]
        if bound is not None and isinstance(tree, Var) and tree.type.refinement.bound > bound.size(sizes):
            return False
    return True


def reduces_scalars(production: Production, arguments: Arguments) -> bool:
    """Whether a reduction, which nobody writes for one number, has nothing to reduce."""
    result = production.result
    if not isinstance(result, ArrayPattern) or result.dims.text:
        return False
    reduced = [arguments[name] for name, pattern in production.arrays if pattern.dims.stars]
    return bool(reduced) and all(isinstance(tree, Literal) or tree.type.shape == () for tree in reduced)


def turns(production: Production, name: str, value: object) -> int:
    """How often a loop over a parameter runs; the leaves of a tree are few."""
    if isinstance(value, Var) and isinstance(production.params[name], ArrayPattern):
        return value.type.shape[0] if value.type.shape else 0
    return (
        value if isinstance(value, int) else len(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else 0
    )
