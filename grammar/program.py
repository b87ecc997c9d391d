"""A program: source text with all that is known of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from grammar.choices import Choices
from grammar.derive.derive import Derivation
from grammar.derive.graph import walk
from grammar.derive.index import Tables
from grammar.errors import Rejected
from grammar.text import printer
from grammar.values import types
from grammar.values.leaf import Input
from grammar.write.module import module_of


@dataclass(frozen=True, slots=True)
class Program:
    """A pure JAX function, in black's style, with the types of its arguments."""

    source: str
    entry: str
    inputs: tuple[Input, ...]
    productions: tuple[tuple[str, int], ...]
    transform: str


def compose(tables: Tables, choices: Choices) -> Program:
    """Derives, writes and renders one program. Rejected when the choices lead nowhere."""
    return written(Derivation(tables, choices), choices, tables)


def written(derivation: Derivation, choices: Choices, tables: Tables) -> Program:
    """Runs a derivation and writes its program."""
    block = derivation.run()
    module, entry, params = module_of(block, derivation.transform, choices, tables.profile)
    source = printer.module(module.imports, map(printer.definition, module.functions))
    if source.count("\n") > tables.profile.caps["lines"]:
        raise Rejected(f"more than {tables.profile.caps['lines']} lines")
    counts = Counter(node.production.name for node in walk(block))
    inputs = tuple(
        Input(label + path, leaf.dtype, leaf.shape, str(leaf.refinement))
        for label, of in params
        for path, leaf in types.leaves(of)
    )
    return Program(source, entry, inputs, tuple(sorted(counts.items())), derivation.transform)
