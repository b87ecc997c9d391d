"""The entry's result: what is unused at the end is returned, or joined into what is."""

from __future__ import annotations

from collections.abc import Sequence

from grammar.derive.applicable import DIFFERENTIATING, SCALAR
from grammar.derive.draft import Draft, use
from grammar.derive.graph import Block, Display, Tree, Var, variables
from grammar.derive.growth import Growth
from grammar.derive.links import Links, stepped_over
from grammar.derive.outcome import LINKED, trees
from grammar.errors import Rejected
from grammar.values import types
from grammar.values.types import KEY

_MERGES = 12


class Results:
    """Ends the entry of a draft."""

    def __init__(self, draft: Draft, growth: Growth, links: Links) -> None:
        self._draft = draft
        self._choices = draft.choices
        self._growth = growth
        self._links = links

    def finish(self) -> None:
        """Returns what is unused, joined into as few values as the style asks. Rejected where an argument is left."""
        entry = self._draft.entry
        wanted = 1
        if self._draft.transform == "none" and self._choices.chance(self._draft.style["several_results"]):
            wanted = self._choices.between(2, 3)
        self._merge_down_to(wanted)
        results = self._enliven(self._scalar(self._chosen(wanted)))
        if self._draft.transform in DIFFERENTIATING:
            results = self._differentiable(results)
        for var in results:
            use(var)
        entry.result = self._display(results)

    def _merge_down_to(self, wanted: int) -> None:
        """Joins what is unused, or takes steps with it, until few enough values are left and no argument is."""
        entry = self._draft.entry
        for _ in range(_MERGES):
            unused = [var for var in entry.scope if not var.uses]
            if len(unused) <= wanted and all(var.node for var in unused):
                break
            raw = [var for var in unused if var.type.dtype == KEY] or unused
            if raw[0].type.dtype == KEY or not self._merge(entry, unused):
                self._growth.step(entry, raw)

    def _merge(self, entry: Block, unused: Sequence[Var]) -> bool:
        """Joins the two unused variables that fit best."""
        floats = sorted((v for v in unused if v.type.dtype in LINKED), key=lambda v: v.type.size)
        others = [v for v in unused if v.type.dtype in (*types.INTS, *types.BOOL) and v.type.refinement.name != "key"]
        if not floats or len(unused) < 2:
            return False
        slot = floats[-1]
        small = others[0] if others else floats[0]
        return small is not slot and self._links.join(entry, slot, small, types.cap(slot.type.dtype)) is not None

    def _chosen(self, wanted: int) -> list[Var]:
        """What is unused, and values on the way to it where more are wanted."""
        scope = self._draft.entry.scope
        unused = [var for var in scope if not var.uses] or scope[-1:]
        if any(var.node is None for var in unused):
            raise Rejected("an argument could not be used", self._draft.last_failure)
        spare = [var for var in scope if var.live and var.uses and var.node is not None]
        chosen = [spare[at] for at in self._choices.distinct(len(spare), min(wanted - len(unused), len(spare)))]
        return [var for var in scope if var in unused or var in chosen]

    def _scalar(self, results: list[Var]) -> list[Var]:
        """The results, a scalar where the transform asks for one and there is a way."""
        if self._draft.transform not in SCALAR or len(results) != 1 or not results[0].type.shape:
            return results
        (var,) = results
        scalar = self._links.collapse(self._draft.entry, var, var.type, types.cap(var.type.dtype))
        return results if scalar is None else [scalar]

    def _enliven(self, results: list[Var]) -> list[Var]:
        """The results, each number among them joined with what follows the arguments where it may not follow them by
        itself: what a mask or a rounded value leaves may be the same for all of them."""
        entry = self._draft.entry
        live = [var for var in entry.scope if var.live and var.type.dtype in LINKED]
        live = [var for var in live if var.node is not None] or live
        if not live:
            return results
        if not any(var.live for var in results) and self._draft.transform in SCALAR:
            self._draft.transform = "value_and_grad"
        joined = [(self._sum(var, _apart(live, var)) if _is_dull(var) else None) or var for var in results]
        if not any(var.live for var in joined):  # masks, indices
            joined[0] = self._sum(live[-1], joined[0]) or joined[0]
        return joined

    def _differentiable(self, results: list[Var]) -> list[Var]:
        """The results, through which derivatives by every parameter flow, none of them linear."""
        for var in stepped_over(self._draft.entry, results):
            results[-1] = self._sum(results[-1], var) or results[-1]
        return [self._links.bend(self._draft.entry, var, types.cap(var.type.dtype)) for var in results]

    def _sum(self, slot: Var, var: Var) -> Var | None:
        """A variable of the slot's type that changes with both, whatever their values are."""
        draft = self._draft
        return self._links.join(draft.entry, slot, var, types.cap(draft.float), draft.tables.add)

    def _display(self, results: list[Var]) -> Tree:
        if len(results) == 1:
            return results[0]
        if self._choices.chance(self._dictionary_share()):
            return Display(tuple(results), tuple(map(str, range(len(results)))), unnamed=True)
        return Display(tuple(results))

    def _dictionary_share(self) -> float:
        """Of the programs with several results, those that return them in a dictionary."""
        several, dictionary = self._draft.style["several_results"], self._draft.style["result_dictionary"]
        return dictionary / max(several, dictionary, 1e-9)


def _is_dull(var: Var) -> bool:
    return var.type.dtype in LINKED and not var.live


def _apart(pool: Sequence[Var], var: Var) -> Var:
    """The last of the pool that is no operand of the variable's own node, with which it could cancel out."""
    near = {each for tree in trees(var.node.arguments) for each in variables(tree)} if var.node else set[Var]()
    return ([each for each in pool if each not in near] or pool)[-1]
