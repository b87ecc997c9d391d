"""Of all tests."""

import gc

from beartype import BeartypeConf
from beartype.claw import beartype_packages

CHECKED = (
    *("grammar.grammar", "grammar.program", "grammar.proof", "grammar.values", "grammar.write"),
    *("lowering", "pde.family", "pde.parts", "pde.schemes", "pde.solvers"),
    *("fuzzer.base", "fuzzer.keeping", "fuzzer.making", "processes"),
)
"""Rooms whose annotations are checked at every call, in the process that runs the tests.

The others take what users give, whose mistakes they say themselves; are read as text (productions, blocks); name types
that only a type checker knows, such as protocols and the files of fsspec; or are called so often in a draw that checks
would treble its price (derive, text).
"""

UNCHECKED = (
    # Here too what a user or a program gives meets a sentence.
    *("fuzzer.base.options", "lowering.leaves", "pde.family.variant", "pde.schemes.problem"),
    # Patterns are no types, and a mistake in one is told with the frame that it was made in.
    *("grammar.values.patterns", "grammar.values.statics"),
    # GeneratorExit, which a program may raise, does not pass a checked generator.
    *("lowering.execute", "lowering.refusals", "lowering.session"),
    # The constructor of a NamedTuple does not know which module its annotations are of.
    *("fuzzer.keeping.keys", "grammar.values.binding", "lowering.described"),
    "lowering.fingerprint",
    # Names that are imported for type checkers alone.
    "processes.ending",
)

beartype_packages(
    CHECKED,
    conf=BeartypeConf(
        claw_is_pep526=False,  # variables: the price is too high
        claw_skip_package_names=UNCHECKED,
        is_pep484_tower=True,  # an int is a float
    ),
)


def pytest_collection_finish():
    """Modules and grammar stay for good: collections that look at them again and again take a third of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
