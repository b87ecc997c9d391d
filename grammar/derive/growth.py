"""The ways in which a draft grows, as those see them that ask for more of it: operands, bodies, links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from grammar.derive.graph import Arguments, Block, Node, Var
from grammar.rules.production import Production
from grammar.values.binding import Binding
from grammar.values.types import ArrayType


class Growth(Protocol):
    """Each way leaves no trace where it fails, but for `assemble`, which is called inside of an attempt."""

    def step(self, block: Block, pool: Sequence[Var]) -> bool:
        """Applies one production to a variable of the pool; False when no attempt succeeded."""
        ...

    def produce(self, block: Block, goal: ArrayType, depth: int) -> Var | None:
        """A new variable of the wanted type, from a production run backwards; None when no attempt succeeds."""
        ...

    def assemble(
        self, block: Block, production: Production, binding: Binding, arguments: Arguments, depth: int
    ) -> Node | None:
        """A node of the production, with what its arguments still lack."""
        ...
