"""Versions of all that a run's bytes depend on, and how to get those of another."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from fuzzer import __version__

OWN: Final = "jit-synthesis"

ROWS: Final = ("jax", "jaxlib")
"""Packages whose releases give other rows. Those of the others that a run imports were exchanged for each other and
changed no byte (`notes/versions.md` says which), so no run ends with one of them."""

FILES: Final = ("pyarrow",)
"""Those that write files around rows: another release gives other bytes with the same rows in them."""

VERSION: Final = re.compile(r"\d[\w.+]*", re.ASCII)
"""What `pip` can be asked for. Manifests may hold anything, and what is advised is typed into shells."""


def versions() -> dict[str, str]:
    """Name -> version, read without importing anything. Of Python two numbers, as byte code, from which positions in
    source maps come, stays the same in between.

    >>> versions()["jit-synthesis"]
    '0.1.0'
    """
    packages = {name: _version(name) for name in (*ROWS, *FILES)}
    return {"python": "{}.{}".format(*sys.version_info)} | packages | {OWN: __version__}


def unlike(made_with: Mapping[str, str]) -> list[str]:
    """The versions with which something was made, where those here may give other rows: `jax 0.10.2 (here 0.12.0)`."""
    here = {name: found for name, found in versions().items() if name not in FILES}
    there = {name: made_with.get(name, "unknown") for name in here}
    return [f"{name} {there[name]!s:.20} (here {found})" for name, found in here.items() if there[name] != found]


def remedy(made_with: Mapping[str, str]) -> str:
    """What gives the versions with which something was made: the Python, and the exact `pip install`."""
    here = versions()
    wanted = {name: asked for name, asked in made_with.items() if here.get(name) != asked}
    steps: list[str] = []
    if OWN in wanted or made_with.keys() != here.keys():
        steps.append(f"take the release of {OWN} that made it ({made_with.get(OWN, 'unknown')!s:.20})")
    if "python" in wanted:  # whose packages are others
        wanted = made_with
        steps.append(f"use Python {made_with['python']!s:.20}")
    pins = [f'"{name}=={wanted[name]}"' for name in (*ROWS, *FILES) if VERSION.fullmatch(wanted.get(name, ""))]
    if pins:
        steps.append(f"`pip install {' '.join(pins)}`")
    return ", ".join(steps)


def provenance(family: str, seed: int, with_versions: Mapping[str, str], origin: Mapping[str, str]) -> dict[str, str]:
    """What a shard's metadata says of where its rows come from."""
    return {"family": family, "seed": str(seed), **with_versions, **origin}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
