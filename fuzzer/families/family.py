"""What a run asks of a family of programs, and where each is found."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from fuzzer.base.errors import RunError

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


FACTORIES: Final[Mapping[str, str]] = {
    "programs": "fuzzer.families.programs:load_programs",
    "poisson": "fuzzer.families.poisson:load_poisson",
}
"""What makes each family. Nothing else is imported because a file of a run names it."""


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
