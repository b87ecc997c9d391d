"""Building blocks and their assembly: a tree of parts is one function.

A block is a plain top-level JAX function. Its positional parameters are arrays; its keyword-only parameters are bound
when a program is made, to a Python value (`iterations=40`) or to another part (`apply_operator=...`), which is the role
that part plays; what is left unbound is the parameter's default, which may be a function of JAX (`inner=jnp.vdot`).
`Part.bind()` gives the function with everything bound, `pde.parts.writing.render` the module that a reader sees.

>>> spacing = part(interior_spacing)
>>> diagonal = part(constant_diagonal, spacing=spacing, centre=2.0)
>>> step = part(jacobi_sweep, apply_operator=laplacian, diagonal=diagonal)
>>> render(part(repeat_fori, sweep=step, iterations=40), "solve")
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax

Block = Callable[..., Any]  # each has a signature of its own


@dataclass(frozen=True)
class Part:
    """A block with everything but its arrays bound. Equal parts become one function of the program."""

    block: Block
    bound: tuple[tuple[str, Any], ...] = ()
    """The parameters that are bound, sorted, each with its value or part."""
    summary: str | None = None
    """The docstring of its function, where that is not the first line of the block's."""

    def bind(self) -> Block:
        """The block as a function of its arrays alone."""
        bound = {key: value.bind() if isinstance(value, Part) else value for key, value in self.bound}
        if recursive(self.block):
            function = jax.jit(functools.partial(self.block, **bound, recurse=lambda *arrays: function(*arrays)))
            return function
        return functools.partial(self.block, **bound) if bound else self.block

    def roles(self) -> Iterator[tuple[str, Part]]:
        """The parts that this one calls, by the parameter they are bound to."""
        for key, value in self.bound:
            if isinstance(value, Part):
                yield key, value


def part(block: Block, /, **bound: object) -> Part:
    """The part of a block and its bindings. Raises TypeError where these are not its keyword-only parameters."""
    bindable = _bindable(block) - {"recurse"}
    if not bindable - _optional(block) <= bound.keys() <= bindable:
        raise TypeError(f"block {block.__name__} binds {sorted(bindable)}, given {sorted(bound)}")
    return Part(block, tuple(sorted(bound.items(), key=lambda item: item[0])))


@functools.cache
def _bindable(block: Block) -> frozenset[str]:
    """Names of a block's keyword-only parameters."""
    return frozenset(p.name for p in inspect.signature(block).parameters.values() if p.kind is p.KEYWORD_ONLY)


@functools.cache
def _optional(block: Block) -> frozenset[str]:
    """Names of a block's parameters that have a default."""
    return frozenset(p.name for p in inspect.signature(block).parameters.values() if p.default is not p.empty)


def recursive(block: Block) -> bool:
    """Whether the block calls itself, by its parameter `recurse`.

    It is jitted then: each level is traced once, wherever it is called from, and stands once in the program's IR.
    """
    return "recurse" in _bindable(block)
