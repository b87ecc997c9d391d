"""Versions of all that a row's bytes depend on."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from fuzzer import __version__

PACKAGES = ("jax", "jaxlib", "numpy", "libcst", "black", "pyarrow")


def versions() -> dict[str, str]:
    """Name -> version, read without importing anything.

    >>> versions()["jit-synthesis"]
    '0.1.0'
    """
    return {name: _version(name) for name in PACKAGES} | {"jit-synthesis": __version__}


def made_by(family: str, seed: int, with_versions: Mapping[str, str], origin: Mapping[str, str]) -> dict[str, str]:
    """What a shard's metadata says of where its rows come from."""
    return {"family": family, "seed": str(seed), **with_versions, **origin}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
