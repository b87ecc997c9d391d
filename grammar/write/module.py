"""From a derivation's graph to the functions of a module: the entry with its guards, a transform around it."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from grammar.choices import Choices
from grammar.derive.graph import Block, type_of
from grammar.profile import Profile
from grammar.text import syntax
from grammar.values.types import Type
from grammar.write import guards
from grammar.write.context import ModuleContext, rotated
from grammar.write.function import FunctionWriter, definition_of
from grammar.write.names import Names, entry_names, sentence
from grammar.write.wrap import wrap


def module_of(
    entry: Block, transform: str, choices: Choices, profile: Profile
) -> tuple[ModuleContext, str, list[tuple[str, Type]]]:
    """The module with the entry and all that it calls, the entry's name, and its parameters with their types."""
    module = ModuleContext(choices, profile, entry)
    module.annotated = module.chance("annotations")
    module.array_annotation = choices.item(("jax.Array", "jnp.ndarray"))
    module.plain_lax = module.chance("plain_lax")
    writer = FunctionWriter(module, entry, Names(module.names))
    statements = writer.body()
    params = [(name, type_of(param.tree)) for name, param in zip(writer.params, entry.params, strict=True)]
    label = module.names.function(rotated(entry_names(writer.result_name), choices, 4))
    if module.chance("raises"):
        statements = guards.refusal(params, choices) + statements
    if module.chance("asserts"):
        statements = guards.assertion(params, choices) + statements
    if module.chance("docstring"):
        statements.insert(0, syntax.docstring(_docstring(label, writer.params, choices)))
    definition = definition_of(module, label, writer, statements)
    jitted = module.chance("jit")
    if jitted:
        module.imports.add("import jax")
        definition = definition.with_changes(decorators=[syntax.decorator("jax.jit")])
    module.functions.append(definition)
    if transform == "none":
        return module, label, params
    assert entry.result is not None
    module.imports.add("import jax")
    wrapped = wrap(transform, label, params, type_of(entry.result), choices)
    outer = module.names.function(wrapped.names)
    outer_params = cst.Parameters([syntax.param(name) for name, _ in wrapped.params])
    module.functions.append(syntax.function(outer, outer_params, wrapped.statements))
    return module, outer, wrapped.params


def _docstring(label: str, params: Sequence[str], choices: Choices) -> str:
    of = f" from {', '.join(params)}" if choices.chance(0.5) and len(params) < 5 else ""
    return f"{sentence(label)}{of}."
