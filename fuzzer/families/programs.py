"""The family of array programs: what the grammar draws under a profile."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fuzzer.families.family import FACTORIES, Family, FamilySpec, Program
from processes.errors import UserError

if TYPE_CHECKING:
    from fuzzer.base.schema import ColumnOf


def programs(profile: str) -> FamilySpec:
    """The family of array programs, drawn under a profile (a bundled name or a path)."""
    from grammar.profile import load

    try:
        loaded = load(profile)
    except (OSError, ValueError) as error:  # no name that a file can have, a number of too many digits
        raise UserError(f"profile {profile!r:.100} cannot be read ({error!s:.100}): give another .toml file") from None
    # Names of files are bytes, and become text as the user's shell has it; a row is the same under any.
    name = os.fsencode(loaded.name).decode(errors="backslashreplace")
    return FamilySpec("programs", FACTORIES["programs"], replace(loaded, name=name).text)


@dataclass(frozen=True)
class Programs:
    """The grammar's programs; no columns of their own."""

    grammar: Any
    origin: Mapping[str, str]
    columns: Sequence[ColumnOf] = ()

    def draw(self, seed: int, index: int) -> Program:
        return self.grammar.draw(seed, index)

    def values(self, program: Any) -> Mapping[str, object]:
        return {}


def load_programs(profile: str) -> Family:
    """The grammar under a profile's text. UserError for a mistake in either."""
    import grammar  # here, because it imports JAX and the command line must not wait for that
    from grammar.profile import parse

    loaded = grammar.load(parse(profile))
    loaded.check_once()
    return Programs(loaded, {"grammar": loaded.digest, "profile": loaded.profile, "profile_text": profile})
