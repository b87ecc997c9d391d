"""The state that the functions of a module share while they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from grammar.choices import Choices
from grammar.derive.graph import Block, Display, Tree
from grammar.profile import Profile
from grammar.text import syntax
from grammar.text.expression import Expr, name
from grammar.write.names import ModuleNames


@dataclass(slots=True)
class ModuleContext:
    """The choices, style, imports and names of a module, and the functions that are written already."""

    choices: Choices
    profile: Profile
    entry: Block
    imports: set[str] = field(default_factory=lambda: {"import jax.numpy as jnp"})
    """Import statements, of which `printer.module` keeps those that the code uses. That of jnp is always among them: a
    dtype as a static value needs it, and no template asks for it."""
    names: ModuleNames = field(default_factory=ModuleNames)
    functions: list[cst.FunctionDef] = field(default_factory=list[cst.FunctionDef])
    hoisted: dict[Block, str] = field(default_factory=dict[Block, str])
    """The names of the module-level functions that blocks became."""
    array_annotation: str = "jax.Array"
    annotated: bool = False
    plain_lax: bool = True

    def chance(self, what: str) -> bool:
        """Draws whether something has a style of the profile."""
        return self.choices.chance(self.profile.style[what])

    def pick(self, cumulative: Sequence[float]) -> int:
        """Draws a place by running sums of weights."""
        return self.choices.weighted(cumulative)

    def alias(self, alias: str, statement: str) -> Expr:
        """How this module writes a module that templates import by `from`; notes the import that it needs."""
        if alias == "lax" and not self.plain_lax:
            self.imports.add("import jax")
            return syntax.expression("jax.lax")
        self.imports.add(statement)
        return name(alias)

    def annotation(self, tree: Tree) -> str:
        """The annotation of a value; notes the import that it needs."""
        if isinstance(tree, Display) and not tree.keys:
            return f"tuple[{', '.join(self.annotation(item) for item in tree.items)}]"
        array = self.array_annotation
        self.imports.add("import jax" if array.startswith("jax") else "import jax.numpy as jnp")
        return f"dict[str, {array}]" if isinstance(tree, Display) else array


def rotated(candidates: Sequence[str], choices: Choices, most: int) -> Sequence[str]:
    """The same candidates, from one of the first `most` on, those before it at the end."""
    start = choices.below(min(len(candidates), most))
    return (*candidates[start:], *candidates[:start])
