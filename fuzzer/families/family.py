"""What a run asks of a family of programs, and the families there are."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from fuzzer.base.errors import RunError, UserError

if TYPE_CHECKING:
    from fuzzer.base.schema import ColumnOf


class Input(Protocol):
    """One leaf of a program's arguments."""

    @property
    def path(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def refinement(self) -> str: ...


class Program(Protocol):
    """A drawn program, in its final text."""

    @property
    def source(self) -> str: ...
    @property
    def entry(self) -> str: ...
    @property
    def inputs(self) -> Sequence[Input]: ...
    @property
    def productions(self) -> Sequence[tuple[str, int]]: ...
    @property
    def transform(self) -> str: ...


class Family(Protocol):
    """Programs that one grammar draws."""

    @property
    def origin(self) -> Mapping[str, str]:
        """What its rows depend on beside seed and index (grammar, profile): part of a run's identity."""
        ...

    @property
    def columns(self) -> Sequence[ColumnOf]:
        """Name, type and meaning of the columns that it adds to the common ones."""
        ...

    def draw(self, seed: int, index: int) -> Program:
        """The program of an index: the same bytes whenever and in whatever order it is asked for.

        What it raises is counted as a reject, by `reason` and `production` where the exception has these.
        """
        ...

    def values(self, program: Any) -> Mapping[str, object]:
        """The values of `columns` for a program it drew."""
        ...


@dataclass(frozen=True)
class FamilySpec:
    """Where a worker finds a family: small, picklable and the same in every process."""

    name: str
    """Configuration and folder of its shards."""
    factory: str
    """`module:attribute` of a callable that takes `profile` and returns the family."""
    profile: str
    """Text with all settings of its draws, the `profile_text` of its origin: no worker needs a file for them."""


FACTORIES: Mapping[str, str] = {
    "programs": "fuzzer.families.family:load_programs",
    "poisson": "fuzzer.families.poisson:load_poisson",
}
"""What makes each family. Nothing else is imported because a file of a run names it."""


def programs(profile: str) -> FamilySpec:
    """The family of array programs, drawn under a profile (a bundled name or a path)."""
    from grammar.profile import ProfileError, load

    try:
        loaded = load(profile)
    except ProfileError as error:
        raise UserError(str(error)) from None
    except (OSError, ValueError) as error:  # no name that a file can have, a number of too many digits
        raise UserError(f"profile {profile!r:.100} cannot be read ({error!s:.100}): give another .toml file") from None
    # Names of files are bytes, and become text as the user's shell has it; a row is the same under any.
    name = os.fsencode(loaded.name).decode(errors="backslashreplace")
    return FamilySpec("programs", FACTORIES["programs"], replace(loaded, name=name).text)


def poisson() -> FamilySpec:
    """The family of Poisson solvers; no profile applies to it."""
    return FamilySpec("poisson", FACTORIES["poisson"], "")


@lru_cache(maxsize=8)
def resolve(spec: FamilySpec) -> Family:
    """The family of a spec, made once in each process."""
    module, _, attribute = spec.factory.partition(":")
    factory: Callable[[str], Family] = getattr(importlib.import_module(module), attribute)
    return factory(spec.profile)


def resolve_same(spec: FamilySpec, origin: Mapping[str, str]) -> Family:
    """The family of a spec, which must still be what it was when the run began."""
    family = resolve(spec)
    if dict(family.origin) != dict(origin):
        raise RunError(f"the grammar of {spec.name!r} changed on disk while the run was going; start it again")
    return family


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
    """The grammar under a profile's text; a mistake in either is the user's."""
    import grammar  # here, because it imports JAX and the command line must not wait for that
    from grammar.profile import parse

    try:
        loaded = grammar.load(parse(profile))
        loaded.check_once()
    except grammar.UserError as error:
        raise UserError(str(error)) from None
    return Programs(loaded, {"grammar": loaded.digest, "profile": loaded.profile, "profile_text": profile})
