"""Proofs that were made already: a module's productions are proven once, here or wherever this grammar was released.

What a production means does not depend on the profile, and neither does its proof.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import jax

_HERE = Path(__file__).parent
_NOTED = _HERE / "proved.txt"
"""Proofs of the grammar as it was released: version of JAX, module, digest."""
_FROM = re.compile(r"^from grammar\.productions\.(\w+) import", re.MULTILINE)


def known(module: Path) -> bool:
    """Whether the productions of a module were proven as they are now, on this machine or before the release."""
    return module.is_file() and (_line(module) in _noted() or _mark(module).exists())


def remember(module: Path) -> None:
    """Keeps in the user's cache that they were."""
    with suppress(OSError):
        mark = _mark(module)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def note(modules: Iterable[Path]) -> None:
    """Writes down that these were proven, and are all that there are, for those who do not edit them."""
    others = [line for line in _noted() if not line.startswith(f"{jax.__version__} ")]
    lines = sorted([*others, *(_line(module) for module in modules)])
    _NOTED.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _noted() -> list[str]:
    return _NOTED.read_text(encoding="utf-8").splitlines() if _NOTED.is_file() else []


def _mark(module: Path) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "jit-synthesis" / f"proved-{_digest(module)}"


def _line(module: Path) -> str:
    return f"{jax.__version__} {module.name} {_digest(module)}"


def _digest(module: Path) -> str:
    """Of what the proof depends on: JAX, the grammar without its productions, and the module with those it takes rules
    from."""
    text = module.read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{jax.__version__}\0{text}".encode())
    lent = [_HERE / "productions" / f"{name}.py" for name in _FROM.findall(text)]
    for source in [*sorted(_HERE.glob("*.py")), *lent]:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:32]
