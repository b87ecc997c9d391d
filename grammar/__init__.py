"""What a program may be: types, dimension patterns, productions, derivation, libcst tree, rendering.

grammar = load("default")
program = grammar.draw(seed=7, index=0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grammar.errors import GrammarError, ProfileError, Rejected
from processes.errors import UserError

if TYPE_CHECKING:
    from grammar.grammar import Grammar
    from grammar.profile import Profile


def load(profile: str | Profile = "default") -> Grammar:
    """The grammar with a bundled profile, the one in a .toml file, or a loaded one; see `grammar.grammar.load`."""
    from grammar.grammar import (
        load as load_grammar,
    )  # delayed: the productions import JAX, whose errors are not needed

    return load_grammar(profile)


__all__ = ["GrammarError", "ProfileError", "Rejected", "UserError", "load"]
