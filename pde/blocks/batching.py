"""How a block stands in a program for a batch of right-hand sides: each says so at its definition.

Axis 0 of a batch counts its members, and space begins at axis 1. A block stands there as it is (`as_it_stands`), or
with other bindings where these are all that differs (`rebound`), or gives way to a twin (`batch_of`, at the twin). It
may also be called with what all members share (`same_for_all`), or have no form for a batch (`single_only`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Block = Callable[..., object]
B = TypeVar("B", bound=Block)


@dataclass(frozen=True)
class Form:
    """What stands for a block in a program for a batch."""

    block: Block
    bound: Mapping[str, object] = field(default_factory=dict[str, object])
    """What is bound besides what the original binds: a static value, or the block that plays a role."""
    summary: str | None = None
    """The first line of its docstring, where that of the block speaks of one right-hand side."""
    shared: bool = False
    """Whether it sees a size, coordinates or one member, so that the parts that it calls stay as they are too."""


FORMS: dict[Block, Form | None] = {}
"""The form of every block that has declared one, or None where it has declared that it has none."""


def form_of(block: Block) -> Form | None:
    """The form of a block; None where it has none. Raises TypeError for a block that has not declared itself."""
    if block not in FORMS:
        raise TypeError(
            f"block {block.__name__} does not say what stands for it in a batch: decorate it from {__name__}"
        )
    return FORMS[block]


def _declare(block: B, form: Form | None) -> B:
    if block in FORMS:
        raise TypeError(f"block {block.__name__} has two forms for a batch: declare one")
    FORMS[block] = form
    return block


def as_it_stands(block: B) -> B:
    """Declares that the block works point by point, along the last axis, or through the parts that it calls."""
    return _declare(block, Form(block))


def rebound(summary: str | None = None, **bound: object) -> Callable[[B], B]:
    """Declares that the block stands for a batch once these of its parameters are bound, and is described so."""
    return lambda block: _declare(block, Form(block, bound, summary))


def batch_of(original: Block, **bound: object) -> Callable[[B], B]:
    """Declares a twin: it takes the place of the original in a batch, and binds these besides what that one binds."""

    def declare(twin: B) -> B:
        _declare(original, Form(twin, bound))
        return twin

    return declare


def same_for_all(block: B) -> B:
    """Declares that the block is called with a size, coordinates or one member: all members share its result."""
    return _declare(block, Form(block, shared=True))


def single_only(block: B) -> B:
    """Declares that the block has no form for a batch: `jax.vmap` takes its programs to several right-hand sides."""
    return _declare(block, None)
