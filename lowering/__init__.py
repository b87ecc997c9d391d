"""From a function, or source text, to JAXPR, StableHLO, fingerprints and a source map between them.

    lowered = lowering.extract(function, jax.ShapeDtypeStruct((3,), "float32"))
    lowered.traced.jaxpr, lowered.stablehlo, lowered.traced.id, lowered.source_map

In two stages, so that a duplicate can be dropped before its lowering is paid for:

    traced = lowering.trace_source(source, "program", [lowering.Leaf("x", "float32", (3,))])
    if traced.id not in seen:
        lowered = traced.lower()

What was traced tells its inputs by leaves, of which the same call is made again:

    args, kwargs = lowering.check_arguments(function, lowered.traced.inputs)

Importing this package does not import JAX; the first use of what needs it does.
"""

from typing import TYPE_CHECKING, Any

from lowering.errors import (
    EntryError,
    InputError,
    LoweringError,
    NotLowerableError,
    NotTraceableError,
    SideEffectError,
    SourceError,
)
from lowering.leaves import Leaf, arguments

if TYPE_CHECKING:
    from lowering.session import forget, short_locations
    from lowering.signature import check_arguments
    from lowering.spans import Span
    from lowering.stages import (
        Lowered,
        SourceMapEntry,
        Traced,
        extract,
        extract_source,
        trace,
        trace_source,
    )

__all__ = [
    "EntryError",
    "InputError",
    "Leaf",
    "Lowered",
    "LoweringError",
    "NotLowerableError",
    "NotTraceableError",
    "SideEffectError",
    "SourceError",
    "SourceMapEntry",
    "Span",
    "Traced",
    "arguments",
    "check_arguments",
    "extract",
    "extract_source",
    "forget",
    "short_locations",
    "trace",
    "trace_source",
]

_HOMES = {"forget": "session", "short_locations": "session", "check_arguments": "signature", "Span": "spans"}


def __getattr__(name: str) -> Any:
    """Imports a part that needs JAX when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # delayed: see the docstring

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'stages')}"), name)
