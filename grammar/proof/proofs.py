"""Proofs that were made already: a module's productions are proven once, here or wherever this grammar was released.

What a production means does not depend on the profile, and neither does its proof.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import jax

from processes import cache, meaning
from processes.errors import UserError

_PACKAGE = Path(__file__).parents[1]
_NOTED = Path(__file__).with_name("proved.txt")
"""Proofs of the grammar as it was released: version of JAX, module, digest."""
_NO_PART = ("productions", "write", "program.py", "__main__.py")
"""What no proof depends on; each module of productions is part of its own."""
_FROM = re.compile(r"^from grammar\.productions\.(\w+) import", re.MULTILINE)


class Proofs:
    """What is known of this grammar, as it stands on disk now, under a version of JAX: the running one or another."""

    def __init__(self, version: str = jax.__version__) -> None:
        self._version = version
        core = meaning.digest(meaning.sources(_PACKAGE, without=_NO_PART))
        self._core = f"{version} {core}"
        self._noted = _noted()

    def known(self, module: Path) -> bool:
        """Whether the productions of a module were proven as they are now, on this machine or before the release."""
        return module.is_file() and (self.is_noted(module) or cache.recall(self._mark(module)) is not None)

    def is_noted(self, module: Path) -> bool:
        """Whether they were proven before the release."""
        return self._line(module) in self._noted

    def remember(self, module: Path) -> None:
        """Keeps in the user's cache that they were."""
        cache.remember(self._mark(module))

    def note(self, modules: Iterable[Path]) -> None:
        """Writes down that these were proven, and are all that there are, for those who do not edit them.

        Proofs under other versions of JAX stay if they hold for the modules as they are now.
        """
        modules = list(modules)
        versions = {line.partition(" ")[0] for line in self._noted} - {self._version}
        kept = [other._line(module) for other in map(Proofs, versions) for module in modules if other.is_noted(module)]
        lines = sorted([*kept, *(self._line(module) for module in modules)])
        try:
            _NOTED.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"all productions are proven, but {_NOTED} cannot be written ({error.strerror}): make it writable"
            ) from None

    def _mark(self, module: Path) -> str:
        return f"proved-{self._digest(module)}"

    def _line(self, module: Path) -> str:
        return f"{self._version} {module.name} {self._digest(module)}"

    def _digest(self, module: Path) -> str:
        """Of what the proof depends on: JAX, what the rooms below and the proof itself mean, the module, and those that
        lend it rules."""
        own = meaning.digest((path.name, path) for path in _with_lenders(module))
        return hashlib.sha256(f"{self._core} {own}".encode()).hexdigest()[:32]


def _with_lenders(module: Path) -> list[Path]:
    """A module of productions, those that it imports from, and so on."""
    found = [module]
    for path in found:  # grows on the way
        lenders = [module.with_name(f"{name}.py") for name in _FROM.findall(path.read_text(encoding="utf-8"))]
        found += [lender for lender in lenders if lender not in found]
    return found


def _noted() -> list[str]:
    return _NOTED.read_text(encoding="utf-8", errors="replace").splitlines() if _NOTED.is_file() else []
