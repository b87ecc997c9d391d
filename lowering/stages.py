"""A function, or source text, through JAX's stages: traced, then lowered.

    >>> traced = trace(function, jax.ShapeDtypeStruct((3,), "float32"))
    >>> traced.id in seen or traced.lower().stablehlo       # a duplicate is dropped before lowering

Every text is byte for byte what JAX prints for `jax.jit(function)` without colour and with its and NumPy's own
settings of printing and locations, whatever this process has set and wherever it prints to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import jax

from lowering import _jax_internals as internals
from lowering.callables import python_function
from lowering.described import described
from lowering.execute import execute, importable
from lowering.fingerprint import Fingerprint, fingerprint
from lowering.jaxpr_lines import jaxpr_lines
from lowering.leaks import globals_of, reach_of, refuse_leaks, traced_values
from lowering.leaves import Leaf, dtype_name
from lowering.refusals import refuse_callbacks, refuse_effects, translated_errors
from lowering.session import deep, settled, traced_anew
from lowering.signature import check_arguments, refuse_placements
from lowering.spans import Nesting, SourceSpans, Span, body_span
from lowering.stablehlo_lines import StableHLOModule, read_module, stablehlo_lines

_OURS = 200
"""Calls that a program may nest deeper than the process allows, so that our own frames and JAX's take none of its."""


class SourceMapEntry(NamedTuple):
    """A span of the source and the lines it became.

    Source lines count from 1, columns in UTF-8 bytes from 0 with the end excluded, as in `ast`. Lines of the
    printed `jaxpr` and `stablehlo` count from 1, in ascending order; either list may be empty, not both.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    jaxpr_lines: list[int]
    stablehlo_lines: list[int]


class Traced:
    """A traced function; each attribute is computed when first asked for."""

    def __init__(self, stage: Any, function: Callable[..., Any], filename: str, module: ModuleType | None) -> None:
        self._stage = stage
        self._function = function
        self._filename = filename
        self._module = module

    @cached_property
    def jaxpr(self) -> str:
        """`str(jax.jit(function).trace(...).jaxpr)`."""
        return self._printed[0]

    @property
    def id(self) -> str:
        """Fingerprint of the canonical JAXPR, 32 hex digits; see lowering.fingerprint."""
        return self._fingerprint.id

    @property
    def structure(self) -> str:
        """Fingerprint of the JAXPR's skeleton, 32 hex digits; see lowering.fingerprint."""
        return self._fingerprint.structure

    @property
    def primitives(self) -> dict[str, int]:
        """Primitive -> number of equations, inner scopes included, in alphabetical order."""
        return dict(sorted(self._fingerprint.primitives.items()))

    @property
    def equations(self) -> int:
        """Number of equations, inner scopes included; a scope that two equations share counts twice."""
        return self._fingerprint.primitives.total()

    @cached_property
    def inputs(self) -> list[Leaf]:
        """The arguments' leaves, in the order of JAX's flattening; `check_arguments` makes the same call of them.

        Raises InputError, which names it, for what cannot be told by leaves, such as a class that is not found.
        """
        structure = jax.tree.structure(self._stage.args_info)
        with deep():
            return described(self._function, *jax.tree.unflatten(structure, self._stage.jaxpr.in_avals))

    @cached_property
    def outputs(self) -> list[Leaf]:
        """The result's leaves; paths start with `result`, as in JAX's own `jax.result_info`."""
        leaves, _ = jax.tree_util.tree_flatten_with_path(self._stage.out_info)
        return [
            Leaf("result" + jax.tree_util.keystr(path), dtype_name(value), tuple(value.shape)) for path, value in leaves
        ]

    def lower(self) -> Lowered:
        """StableHLO for the default platform.

        Raises NotLowerableError if JAX has no rule for an equation, and SideEffectError if one calls back into
        Python, whose text would hold no more of it than a number.
        """
        refuse_callbacks(self._fingerprint.primitives)
        with settled(self._filename), deep(_OURS), translated_errors(self._filename, lowering=True):
            stage = self._stage.lower()
        return Lowered(stage, self)

    def discard(self) -> None:
        """Empties the module that `trace_source` executed, for who is done with this and all that came of it.

        Functions and their module hold each other, and with them all that JAX keeps of them: left alone, both stay
        until Python looks for garbage in cycles. After `trace`, whose function is the caller's, nothing happens.
        """
        if self._module is not None:
            vars(self._module).clear()

    @cached_property
    def _fingerprint(self) -> Fingerprint:
        with settled(), deep():
            return fingerprint(self._stage.jaxpr)

    @cached_property
    def _printed(self) -> tuple[str, list[Any]]:
        with settled(), deep():
            return internals.print_jaxpr(self._stage.jaxpr)

    def source_lines(self, module: StableHLOModule) -> tuple[dict[Span, list[int]], dict[Span, list[int]]]:
        """Span -> lines of `jaxpr`, and span -> lines of a StableHLO module lowered from this."""
        spans = SourceSpans(self._filename, body_span(self._function, self._filename))
        with deep():
            nesting = Nesting(self._stage.jaxpr, spans)
            return jaxpr_lines(*self._printed, spans), stablehlo_lines(module, nesting, spans)


class Lowered:
    """A lowered function; each attribute is computed when first asked for."""

    def __init__(self, stage: Any, traced: Traced) -> None:
        self.traced = traced
        self._stage = stage

    @cached_property
    def stablehlo(self) -> str:
        """`jax.jit(function).trace(...).lower().as_text()`."""
        text = self._module.text
        ambiguous = " loc(" in text or any(" loc(" in leaf.path for leaf in self.traced.outputs)
        return self._stage.as_text() if ambiguous else text

    @cached_property
    def source_map(self) -> list[SourceMapEntry]:
        """What the source became, by ascending span."""
        jaxpr, stablehlo = self.traced.source_lines(self._module)
        return [
            SourceMapEntry(*span, sorted(jaxpr.get(span, ())), sorted(set(stablehlo.get(span, ()))))
            for span in sorted(jaxpr.keys() | stablehlo.keys())
        ]

    @property
    def stablehlo_ops(self) -> dict[str, int]:
        """Operation -> times printed, in alphabetical order; functions and returns left out."""
        return dict(sorted(self._module.counts.items()))

    @property
    def operations(self) -> int:
        """Number of printed operations, functions and returns left out."""
        return self._module.counts.total()

    @cached_property
    def _module(self) -> StableHLOModule:
        with deep():
            return read_module(self._stage.as_text(debug_info=True))


def trace(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Traced:
    """Traces `jax.jit(function)` on arrays or `jax.ShapeDtypeStruct`s: anew each time, as the function is now.

    Raises NotTraceableError where JAX cannot trace it and SideEffectError where it does more than compute.
    """
    inner = python_function(function)
    if inner is None:
        with traced_anew():
            return _trace(function, args, kwargs, "")
    known = traced_values(reach_of(function, inner), inner.__module__)
    with traced_anew():
        traced = _trace(function, args, kwargs, inner.__code__.co_filename)
    refuse_leaks(reach_of(function, inner), inner.__module__, known)
    return traced


def trace_source(source: str, entry: str, leaves: list[Leaf], filename: str | None = None) -> Traced:
    """Executes a module's text once and traces its function `entry` on inputs described by `leaves`.

    `filename` is what tells this program's code from another's: leave it out, or give each program its own.
    Raises SourceError, EntryError and InputError beside what `trace` raises.
    """
    program = execute(source, entry, filename)
    with importable(program.module):
        args, kwargs = check_arguments(program.function, leaves)
        traced = _trace(program.function, args, kwargs, program.filename, program.module)
    refuse_leaks(globals_of(vars(program.module)), program.module.__name__)
    return traced


def extract(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Lowered:
    """`trace(...).lower()`; what was traced is its attribute `traced`."""
    return trace(function, *args, **kwargs).lower()


def extract_source(source: str, entry: str, leaves: list[Leaf], filename: str | None = None) -> Lowered:
    """`trace_source(...).lower()`; what was traced is its attribute `traced`."""
    return trace_source(source, entry, leaves, filename).lower()


def _trace(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    filename: str,
    module: ModuleType | None = None,
) -> Traced:
    with settled(), deep(_OURS), translated_errors(filename):
        refuse_placements(function, args, kwargs)
        stage = jax.jit(function).trace(*args, **kwargs)
    refuse_effects(stage.jaxpr, filename)
    return Traced(stage, function, filename, module)
