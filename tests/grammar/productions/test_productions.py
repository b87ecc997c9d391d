"""Every production against JAX: it can be drawn, traces, and has the type that it declares."""

import os
from functools import partial
from pathlib import Path

import jax
import pytest

import grammar.productions
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import Block, Display, Var, type_of, walk
from grammar.proof import interpret
from grammar.text import printer
from grammar.values.types import leaves
from grammar.write.module import module_of

GRAMMAR = grammar.load("default")
DRAWS = int(os.environ.get("DRAWS", "25"))
"""Of each production; 200 every night."""
WRITTEN = 4
"""Draws of each production that are written as a module."""
MOST_REJECTED = 0.6
"""Share of a production's draws that may come to nothing."""


def test_no_production_is_lost():
    assert len(GRAMMAR.tables.productions) >= 1086


def test_every_file_is_in_the_grammar():
    files = {path for path in Path(grammar.productions.__file__).parent.glob("*.py") if path.name != "__init__.py"}
    assert GRAMMAR.modules.keys() == files


def run_checked(block, values, spelling):
    interpret.run(block, values, check=interpret.check_types, spelling=spelling)


def kind_of(block):
    """What two graphs have in common that differ in nothing but the sizes of dimensions: JAX computes the types of
    both by the same rules. Sizes count by which are equal, and whether they are 0 or 1."""
    names = {0: 0, 1: 1}

    def shape(of):
        return [(path, leaf.dtype, [names.setdefault(n, -len(names)) for n in leaf.shape]) for path, leaf in leaves(of)]

    def argument(value):
        if isinstance(value, Block):
            return "body"
        return shape(type_of(value)) if isinstance(value, Var | Display) else repr(value)

    nodes = [
        (
            node.production.name,
            [(name, argument(value)) for name, value in node.arguments.items()],
            node.outputs and shape(type_of(node.outputs)),
        )
        for node in walk(block)
    ]
    return repr(([shape(type_of(param.tree)) for param in block.params], nodes))


@pytest.mark.parametrize("production", GRAMMAR.tables.productions, ids=lambda production: production.name)
def test_declared_types_are_what_jax_computes(production):
    rejected, seen = 0, set()
    for index in range(DRAWS):
        try:
            block = Derivation(GRAMMAR.tables, Seeded(1, index)).alone(production)
        except grammar.Rejected:
            rejected += 1
            continue
        spelling = index % max(node.production.template.spellings for node in walk(block))
        if (kind := (kind_of(block), spelling)) in seen:
            continue
        seen.add(kind)
        run = partial(run_checked, block, spelling=spelling)  # draws take turns at the spellings of templates
        jax.eval_shape(lambda *values, run=run: run(values), *interpret.arguments_of(block))
    assert rejected <= MOST_REJECTED * DRAWS


@pytest.mark.parametrize("production", GRAMMAR.tables.productions, ids=lambda production: production.name)
def test_written_alone_it_is_a_module_that_traces(production):
    """In a program of many statements another may bring the import that this one lacks."""
    written = 0
    for index in range(WRITTEN):
        choices = Seeded(2, index)
        try:
            block = Derivation(GRAMMAR.tables, choices).alone(production)
        except grammar.Rejected:
            continue
        module, label, _ = module_of(block, "none", choices, GRAMMAR.tables.profile)
        namespace = {}
        exec(printer.module(module.imports, map(printer.definition, module.functions)), namespace)
        jax.eval_shape(namespace[label], *interpret.arguments_of(block))
        written += 1
    assert written >= (1 - MOST_REJECTED) * WRITTEN
