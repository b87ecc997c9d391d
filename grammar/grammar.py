"""The grammar as its users see it: loaded with a profile, checked, drawn from."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from grammar import profile as profiles
from grammar.choices import Choices, Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import Block, type_of
from grammar.derive.index import Tables
from grammar.errors import Rejected
from grammar.productions import GROUPS
from grammar.program import Program, compose
from grammar.proof import interpret
from grammar.proof.proofs import Proofs
from grammar.rules.production import Production, Registry, refined
from grammar.values import types
from processes import meaning
from processes.commands import counted
from processes.errors import UserError

_HERE = Path(__file__).parent
_LOG = logging.getLogger(__name__)
_SOON = 5
"""Modules whose proof nobody need be told to wait for."""
_CHECK_DRAWS = 20
_CHECKED = 3
"""How many draws of different ranks are looked for."""


class Grammar:
    """Productions with a profile's weights.

    `draw(seed, index)` is a pure function of (seed, index, productions, profile): the same bytes in any order, process
    and Python of one version.
    """

    def __init__(self, groups: Iterable[Registry], profile: profiles.Profile) -> None:
        registry = Registry()
        for production in (each for group in groups for each in group.values()):
            registry.add(production)
        self.tables = Tables(list(registry.values()), profile)
        self.profile = profile.name
        self.profile_text = profile.text

    def draw(self, seed: int, index: int) -> Program:
        """The program of this seed and index. Rejected, with reason and production, when its choices lead nowhere."""
        return self.draw_from(Seeded(seed, index))

    def draw_from(self, choices: Choices) -> Program:
        """The program of a sequence of choices."""
        try:
            return compose(self.tables, choices)
        except (Rejected, UserError):
            raise
        except RecursionError:
            raise Rejected("nested too deeply") from None

    @cached_property
    def modules(self) -> dict[Path, list[Production]]:
        """The productions by the file they stand in."""
        modules: dict[Path, list[Production]] = {}
        for production in self.tables.productions:
            modules.setdefault(Path(production.where.rpartition(":")[0]), []).append(production)
        return modules

    @cached_property
    def digest(self) -> str:
        """Hex digest of what a program depends on besides seed and index: what the grammar's sources mean, and the
        profile."""
        sources = meaning.digest(meaning.sources(_HERE, without=("proof", "__main__.py")))
        return hashlib.sha256(f"{sources}\n{self.profile_text}".encode()).hexdigest()

    def check_once(self) -> None:
        """`check`, of the productions alone whose module has not passed it as it is with this JAX already.

        The proof of some thousand productions takes many seconds, that of an edited module a few.
        """
        self.tables.check()
        proofs = Proofs()
        unproven = [module for module in self.modules if not proofs.known(module)]
        if len(unproven) > _SOON:
            modules = counted(len(unproven), "module")
            _LOG.warning("proving %s of productions, once for this JAX: a minute or so", modules)
        for module in unproven:
            self._prove(self.modules[module])
            proofs.remember(module)

    def check(self) -> None:
        """Proves every production on a draw: its template compiles, it can be reached, its body traces, type and values
        are as declared. GrammarError names file and line of the first that fails."""
        self.tables.check()
        self._prove(self.tables.productions)

    def _prove(self, members: Sequence[Production]) -> None:
        for production in members:
            _ = production.template
        for production in members:
            seed = int.from_bytes(hashlib.sha256(production.name.encode()).digest()[:4])
            blocks = self._drawn(production, seed)
            if not blocks:
                raise production.fail("it can never be drawn: no operands were found for it; loosen its operands")
            for block in blocks:
                interpret.verify(block)
            interpret.verify_values(blocks[-1])
            for sharper in refined(production):
                for block in self._drawn(sharper, seed)[-1:]:
                    interpret.verify_values(block)

    def _drawn(self, production: Production, seed: int) -> list[Block]:
        """The production around arguments: of a few draws the two whose results have the fewest and most dimensions."""
        drawn: dict[int, Block] = {}
        for at in range(_CHECK_DRAWS):
            with suppress(Rejected):
                block = Derivation(self.tables, Seeded(seed, at)).alone(production)
                drawn.setdefault(_dimensions(block), block)
            if len(drawn) == _CHECKED:
                break
        return [drawn[rank] for rank in sorted(drawn)][:: max(len(drawn) - 1, 1)]


def _dimensions(block: Block) -> int:
    assert block.result is not None
    return sum(len(leaf.shape) for _, leaf in types.leaves(type_of(block.result)))


def load(profile: str | profiles.Profile = "default") -> Grammar:
    """The grammar with a profile: a bundled one's name, the path of a .toml file, or one that was loaded.

    Raises ProfileError (unknown or malformed profile) or GrammarError (malformed production), each one sentence.
    """
    return Grammar(GROUPS, profile if isinstance(profile, profiles.Profile) else profiles.load(profile))
