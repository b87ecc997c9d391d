"""Derivation: draws a typed graph of productions, from its first argument to what it returns.

Everything made is made for a use, and what is left over at the end of a function is returned or joined into what is.
"""

from __future__ import annotations

from grammar.choices import Choices
from grammar.derive.applicable import applies
from grammar.derive.draft import Draft, use
from grammar.derive.graph import Block, Node
from grammar.derive.index import Tables, quantile
from grammar.derive.links import Links
from grammar.derive.results import Results
from grammar.derive.steps import Steps
from grammar.errors import Rejected
from grammar.rules.production import Production
from grammar.values.binding import Binding

_FAILURES = 6
"""Steps in a row that may fail before a program is as long as it gets."""
_ATTEMPTS_ALONE = 60
_ARGUMENTS_ALONE = 20


class Derivation:
    """One program's graph, drawn from choices; `draft` is what has been drawn of it."""

    def __init__(self, tables: Tables, choices: Choices) -> None:
        self.draft = Draft(tables, choices)
        self._steps = Steps(self.draft)

    @property
    def transform(self) -> str:
        """The transform at the entry, final after `run`."""
        return self.draft.transform

    def run(self) -> Block:
        """Draws the entry function. Rejected when nothing could be applied."""
        draft, steps = self.draft, self._steps
        budget = quantile(draft.tables.profile.sizes["statements"], draft.choices)
        draft.add_argument(draft.first_type(), "x")
        failed = 0
        while draft.made < budget and failed < _FAILURES:
            failed = 0 if steps.step(draft.entry, draft.entry.scope) else failed + 1
        if not draft.entry.nodes:
            raise Rejected("no production could be applied", draft.last_failure)
        Results(draft, steps, Links(draft, steps)).finish()
        if not applies(draft.transform, draft.entry, draft.caps["elements"]):
            draft.transform = "none"
        return draft.entry

    def alone(self, production: Production) -> Block:
        """Draws a function around one application of a production, its operands mostly new arguments; for checks."""
        draft = self.draft
        draft.arguments = _ARGUMENTS_ALONE
        for _ in range(_ATTEMPTS_ALONE):
            node = draft.attempt(draft.entry, lambda: self._node(production))
            if node is not None and node.outputs is not None:
                use(node.outputs)
                draft.entry.result = node.outputs
                return draft.entry
        raise Rejected(f"it could not be drawn in {_ATTEMPTS_ALONE} attempts", production.name)

    def _node(self, production: Production) -> Node | None:
        return self._steps.assemble(self.draft.entry, production, Binding({}), {}, 1)
