"""Every production against JAX: it can be drawn, traces, and has the type that it declares."""

import os

import jax
import pytest

import grammar
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.graph import walk
from grammar.proof import interpret
from grammar.rules.notation import spelled
from grammar.text import printer
from grammar.write.write import module_of

GRAMMAR = grammar.load("default")
DRAWS = int(os.environ.get("DRAWS", "50"))
"""Of each production; `.ci/run` asks for 200."""


def test_there_are_enough_of_them():
    assert len(GRAMMAR.tables.productions) >= 150


def run_checked(block, values):
    interpret.run(block, list(values), check=interpret.check_types)


def traces_as_declared(block, spelling):
    """Checks the types of a graph whose templates are written in one of their spellings; draws take turns at them."""
    spellings = max(node.production.template.spellings for node in walk(block))
    with spelled(spelling % spellings):
        jax.eval_shape(lambda *values: run_checked(block, values), *interpret.arguments_of(block))


@pytest.mark.parametrize("production", GRAMMAR.tables.productions, ids=lambda production: production.name)
def test_declared_types_are_what_jax_computes(production):
    drawn = 0
    for index in range(DRAWS):
        try:
            block = Derivation(GRAMMAR.tables, Seeded(1, index)).alone(production)
        except grammar.Rejected:
            continue
        traces_as_declared(block, spelling=index)
        drawn += 1
    assert drawn > 1


@pytest.mark.parametrize("production", GRAMMAR.tables.productions, ids=lambda production: production.name)
def test_written_alone_it_is_a_module_that_traces(production):
    """In a program of many statements another may bring the import that this one lacks."""
    for index in range(DRAWS // 8):
        choices = Seeded(2, index)
        try:
            block = Derivation(GRAMMAR.tables, choices).alone(production)
        except grammar.Rejected:
            continue
        module, label, _ = module_of(block, "none", choices, GRAMMAR.tables.profile)
        namespace = {}
        exec(printer.module(module.imports, module.functions), namespace)
        jax.eval_shape(namespace[label], *interpret.arguments_of(block))
