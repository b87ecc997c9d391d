"""Which transforms make sense of an entry: derivation asks before it chooses one."""

from __future__ import annotations

from grammar.derive.graph import Block, type_of
from grammar.values.types import FLOATS, ArrayType, Type, leaves

SCALAR = frozenset({"grad", "value_and_grad"})
"""Transforms of functions with a scalar result."""
DIFFERENTIATING = SCALAR | {"jvp", "vjp", "jacfwd", "jacrev"}
BATCHES = (2, 3, 4, 8, 16)
"""Sizes of the axis that `vmap` adds."""
_LARGEST_JACOBIAN = 2**15


def applies(transform: str, entry: Block, most: int) -> bool:
    """Whether a transform makes sense of an entry, with no array above `most` elements."""
    assert entry.result is not None
    params = [type_of(param.tree) for param in entry.params]
    result = type_of(entry.result)
    smooth = [is_float(param) for param in params]
    if transform in SCALAR:
        return any(smooth) and isinstance(result, ArrayType) and result.shape == () and result.dtype in FLOATS
    if transform == "vmap":
        largest = max(var.type.size for var in entry.scope)
        return largest <= min(2**14, most // BATCHES[-1]) and not any(
            leaf.refinement.name == "spd" for p in params for _, leaf in leaves(p)
        )
    if transform == "jvp":
        return all(smooth) and is_float(result)
    if transform == "vjp":
        return all(smooth) and isinstance(result, ArrayType) and result.dtype in FLOATS
    if transform in ("jacfwd", "jacrev"):
        first = params[0]
        if not (isinstance(first, ArrayType) and isinstance(result, ArrayType) and smooth[0] and is_float(result)):
            return False
        largest = max(var.type.size for var in entry.scope)
        columns = first.size if transform == "jacfwd" else result.size
        return first.size > 1 and first.size * result.size <= _LARGEST_JACOBIAN and columns * largest <= most
    return transform == "none"


def is_float(of: Type) -> bool:
    """Whether all leaves are numbers that can be differentiated."""
    return all(leaf.dtype in FLOATS for _, leaf in leaves(of))
