"""Profiles: TOML files that multiply weights and set sizes, style and caps.

A profile names only what it changes; everything else comes from `profiles/default.toml`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from grammar.errors import ProfileError

_FOLDER = Path(__file__).parent / "profiles"
_MOST = 1000
"""Of any quantile: a program of so many statements has more lines than any cap of use."""
_LARGEST = 10**9
"""Of any number, so that products and sums of them stay numbers."""
_LEAST = {"elements": 1, "lines": 6}
_Section = dict[str, object]
_SECTIONS = ("sizes", "style", "caps", "dtypes", "transforms", "weights")


@dataclass(frozen=True)
class Profile:
    """The settings of a run, all present and checked."""

    name: str
    sizes: Mapping[str, Sequence[int]]
    style: Mapping[str, float]
    caps: Mapping[str, int]
    dtypes: Mapping[str, float]
    transforms: Mapping[str, float]
    weights: Mapping[str, float]

    @property
    def text(self) -> str:
        """All of it in JSON, from which `parse` makes it again: a run keeps this, and then needs no file."""
        return json.dumps(vars(self))


def bundled() -> list[str]:
    """The names of the profiles that come with the grammar. ProfileError where it lies in an archive."""
    if not _FOLDER.is_dir():
        raise ProfileError(
            f"the grammar reads its own files and cannot do so in an archive ({_FOLDER}): install or unpack it"
        )
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(profile: str) -> Profile:
    """The profile of that name, or in the TOML file of that path. ProfileError says what is wrong and where."""
    names = bundled()
    path = Path(profile) if profile.endswith(".toml") else _FOLDER / f"{profile}.toml"
    if not path.is_file():
        raise ProfileError(
            f"profile {profile!r} is neither a file nor one of {', '.join(names)}; "
            "give one of these names or the path of a .toml file"
        )
    base, own = _read(_FOLDER / "default.toml"), _read(path)
    _check_keys(path, own, base)
    return _checked(path, {section: {**base.get(section, {}), **own.get(section, {})} for section in _SECTIONS})


def parse(text: str) -> Profile:
    """The profile that has this `text`."""
    return Profile(**json.loads(text))


def _read(path: Path) -> dict[str, _Section]:
    """The sections of a profile's file."""
    try:
        read: _Section = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(f"profile {path}: not TOML: {error}; correct that line") from None
    except OSError as error:
        raise ProfileError(f"profile {path}: {error.strerror}; give a file that can be read") from None
    for section, settings in read.items():
        if section not in _SECTIONS:
            raise ProfileError(f"profile {path}: section {section!r} is unknown; use {', '.join(_SECTIONS)}")
        if not isinstance(settings, dict):
            raise ProfileError(f"profile {path}: {section} = {settings!r:.80} is no table; write it under [{section}]")
    return cast("dict[str, _Section]", read)


def _check_keys(path: Path, own: Mapping[str, _Section], base: Mapping[str, _Section]) -> None:
    for section, settings in own.items():
        for key in settings:
            if section != "weights" and key not in base.get(section, {}):
                raise ProfileError(f"profile {path}: [{section}] has no {key!r}; use {', '.join(base[section])}")


def _checked(path: Path, merged: Mapping[str, _Section]) -> Profile:
    """The profile of these sections, whose values are what they must be."""
    style, dtypes, transforms, weights, caps = (
        {key: _number(path, section, key, value) for key, value in merged[section].items()}
        for section in ("style", "dtypes", "transforms", "weights", "caps")
    )
    for section, shares in (("dtypes", dtypes), ("transforms", transforms)):
        if not any(shares.values()):
            raise ProfileError(f"profile {path}: every share in [{section}] is 0; give one above 0")
    sizes = {key: _quantiles(path, key, value) for key, value in merged["sizes"].items()}
    median, lines = sizes["statements"][3], int(caps["lines"])
    if median > lines:
        raise ProfileError(
            f"profile {path}: half of all programs would have {median} statements ([sizes] statements) or more, "
            f"but [caps] lines = {lines}; give fewer statements or more lines"
        )
    return Profile(path.stem, sizes, style, {key: int(cap) for key, cap in caps.items()}, dtypes, transforms, weights)


def _quantiles(path: Path, key: str, value: object) -> list[int]:
    numbers = [n for n in cast("list[object]", value) if type(n) is int] if isinstance(value, list) else []
    if (
        numbers != value
        or len(numbers) != 7
        or sorted(numbers) != numbers
        or not 1 <= numbers[0] <= numbers[6] <= _MOST
    ):
        raise ProfileError(
            f"profile {path}: [sizes] {key} = {value!r:.80} is not seven growing integers from 1 to {_MOST}; "
            "give the quantiles at 0, 10, 25, 50, 75, 90 and 100 %"
        )
    return numbers


def _number(path: Path, section: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value in (float("inf"),):
        raise ProfileError(f"profile {path}: [{section}] {key} = {value!r} is not a number; give one of at least 0")
    if value < 0:
        raise ProfileError(f"profile {path}: [{section}] {key} = {value!r} is below 0; give a number of at least 0")
    if section == "caps" and not isinstance(value, int):
        raise ProfileError(f"profile {path}: [caps] {key} = {value!r} is no whole number; give one of at least 0")
    if section == "caps" and value < _LEAST.get(key, 0):
        raise ProfileError(
            f"profile {path}: [caps] {key} = {value!r} lets no program through; give at least {_LEAST[key]}"
        )
    if value > _LARGEST:
        raise ProfileError(f"profile {path}: [{section}] {key} is above {_LARGEST}; give a smaller number")
    if section == "style" and value > 1:
        raise ProfileError(f"profile {path}: [style] {key} = {value!r} is above 1; give a share from 0 to 1")
    return value
