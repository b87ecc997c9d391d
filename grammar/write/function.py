"""Writes a block as a function: its names, which nodes stand inline, and the form of its bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst

from grammar.derive.graph import Block, Display, Literal, Node, Tree, Var, variables
from grammar.rules.production import Production
from grammar.text import syntax
from grammar.text.expression import LAMBDA, Expr, literal, name
from grammar.values.patterns import TuplePattern
from grammar.write.context import ModuleContext, rotated
from grammar.write.liveness import captures, fits_inline, last_uses, places_of
from grammar.write.names import ModuleNames, Names, argument_names, default_names, function_names, result_names

_WIDEST_INLINE = 46
_WIDEST_LAMBDA = 56
_NESTING = 3
_MOST_DEFAULTS = 2
_LEAST_STYLED = 4
"""Nodes of a function of which some stand in a named scope or are gathered."""
_LONGEST_SCOPE = 8
_MOST_GATHERED = 3


class FunctionWriter:
    """Writes one block as the body of a function."""

    def __init__(
        self, module: ModuleContext, block: Block, names: Names, expressions: Mapping[Var, Expr] | None = None
    ) -> None:
        self.module = module
        self.block = block
        self.names = names
        self.expressions: dict[Var, Expr] = dict(expressions or {})
        """How each variable is written, as far as it is; those of the functions around this one at first."""
        self.params: list[str] = []
        self.defaults: dict[float, str] = {}
        """The names of further parameters, by the numbers that are their defaults."""
        self.statements: list[cst.BaseStatement] = []
        self.result_name = ""
        self.force_inline = False
        self._most_defaults = 0
        self._inlined: set[Node] = set()
        self._last_uses: dict[Var, int] = {}

    # --- the whole body ---

    def body(self, *, inline: bool = False) -> list[cst.BaseStatement]:
        """The statements, `return` included. With `inline`, every node that may stand inline does."""
        self.force_inline = inline
        # What JAX's loops and branches call takes what they pass and no more.
        if (self.block.helper or self.block is self.module.entry) and self.module.chance("default_arguments"):
            self._most_defaults = _MOST_DEFAULTS
        self._choose_inlined()
        self._last_uses = last_uses(self.block, self._inlined)
        for param in self.block.params:
            self._write_param(param.role, param.tree)
        self._write_nodes()
        assert self.block.result is not None
        if not self.result_name:
            self.result_name = self._first_name(self.block.result)
        self.statements.append(syntax.returns(self._result(self.block.result)))
        return self.statements

    def _first_name(self, tree: Tree) -> str:
        """The name that the production of the first output in the tree suggests; empty where none does."""
        for var in variables(tree):
            if var.node is not None and var.node.production.names:
                return var.node.production.names[0]
        return ""

    def _result(self, tree: Tree) -> Expr:
        """The expression that the function returns; keys that only count get the names of their items."""
        if isinstance(tree, Display) and tree.unnamed:
            keys = Names(ModuleNames())
            labels: list[str] = []
            for item in tree.items:
                assert isinstance(item, Var)
                labels.append(keys.fresh((self._label(item) or "value",)))
            tree = Display(tree.items, tuple(labels))
        return self._tree(tree)

    # --- parameters ---

    def _write_param(self, role: str, tree: Tree) -> None:
        """Adds a parameter, and says how the variables behind it are written."""
        if isinstance(tree, Var):
            candidates = argument_names(tree.type, role)
            if candidates[0] != role:
                candidates = rotated(candidates, self.module.choices, 3)
            label = self.names.fresh(candidates)
            self.expressions[tree] = name(label)
        else:
            label = self.names.fresh((role, f"{role}_in"))
            assert isinstance(tree, Display)
            self._open_param(label, tree)
        self.params.append(label)

    def _open_param(self, label: str, tree: Display) -> None:
        """Says how the items of a parameter are written: read by key, or unpacked from a tuple in a line of its own."""
        if tree.keys:
            for key, item in zip(tree.keys, tree.items, strict=True):
                assert isinstance(item, Var)
                self.expressions[item] = syntax.item(label, key)
            return
        targets: list[str] = []
        for item in tree.items:
            assert isinstance(item, Var)
            targets.append(self.names.fresh(rotated(result_names(item.type), self.module.choices, 4)))
            self.expressions[item] = name(targets[-1])
        self.statements.append(syntax.assign(syntax.names_tuple(targets), name(label)))

    # --- nodes ---

    def _write_nodes(self) -> None:
        """Writes the nodes in order. Some may stand in a named scope, and outputs may be gathered in a dictionary."""
        nodes = self.block.nodes
        scope, gathering = self._some_nodes("named_scope"), self._some_nodes("gathered")
        begin = 0
        for at, node in enumerate(nodes):
            if at == scope.start:
                begin = len(self.statements)
            if node not in self._inlined:
                self._write_node(node, at)
            if at + 1 == scope.stop:
                self._into_scope(begin, nodes[scope.start : scope.stop])
            if at in gathering and self._gather(at):
                gathering = range(0)

    def _some_nodes(self, style: str) -> range:
        """The positions of a few neighbouring nodes; of none where the function does not have this style."""
        count = len(self.block.nodes)
        if self.force_inline or count < _LEAST_STYLED or not self.module.chance(style):
            return range(0)
        start = self.module.choices.below(count - 1)
        return range(start, start + 2 + self.module.choices.below(min(count - start - 1, _LONGEST_SCOPE - 1)))

    def _into_scope(self, begin: int, nodes: Sequence[Node]) -> None:
        """Puts the statements from `begin` on, written for these nodes, in a scope named after their last output."""
        labels, statements = self._labels(nodes), self.statements[begin:]
        if labels and statements:
            self.module.imports.add("import jax")
            _, label = labels[-1]
            self.statements[begin:] = [syntax.within(f'jax.named_scope("{label}")', statements)]

    def _gather(self, at: int) -> bool:
        """Puts outputs of the nodes up to here that later ones use into a dictionary, from which these read them.

        False where they are too few.
        """
        nodes = self.block.nodes
        labels = self._labels(nodes[: at + 1])
        needed = [(var, key) for var, key in labels if at < self._last_uses[var] < len(nodes)][-_MOST_GATHERED:]
        if len(needed) < 2:
            return False
        label = self.names.fresh(rotated(("cache", "values", "aux", "state", "parts"), self.module.choices, 4))
        keys = [key for _, key in needed]
        self.statements.append(syntax.assign(name(label), syntax.display([name(key) for key in keys], keys)))
        self.expressions.update((var, syntax.item(label, key)) for var, key in needed)
        return True

    def _labels(self, nodes: Sequence[Node]) -> list[tuple[Var, str]]:
        """The outputs of nodes that have a name and are used, each with its name."""
        outputs = [var for node in nodes if node.outputs is not None for var in variables(node.outputs) if var.uses]
        return [(var, label) for var in outputs if (label := self._label(var))]

    def _label(self, var: Var) -> str:
        """The name of a variable; empty where it is not written, or as another expression."""
        expression = self.expressions.get(var)
        return expression.node.value if expression is not None and isinstance(expression.node, cst.Name) else ""

    def _write_node(self, node: Node, at: int) -> None:
        """Adds the statements of the node at this position, the assignment of its outputs last."""
        value = self._node(node)
        assert node.outputs is not None
        if isinstance(node.outputs, Var) and self._is_local(node, value):
            self.expressions[node.outputs] = value
            return
        target = self._target(node, node.outputs, at)
        self.statements.append(syntax.assign(target, value, augment=self.module.choices.chance(0.5)))

    @staticmethod
    def _is_local(node: Node, value: Expr) -> bool:
        """Whether a template's result is one of its own variables: it then needs no further name."""
        template = node.production.template
        return isinstance(value.node, cst.Name) and bool(template.preceding)

    def _target(self, node: Node, tree: Tree, at: int) -> Expr:
        """The target that the outputs are assigned to; an unused one is `_`."""
        if isinstance(tree, Var):
            return self._bind(node, tree, at, 0)
        assert isinstance(tree, Display)
        if tree.keys:
            label = self.names.fresh(("state", "result", "out"))
            self._open_param(label, tree)
            return name(label)
        parts = [
            self._bind(node, item, at, position) if isinstance(item, Var) else self._target(node, item, at)
            for position, item in enumerate(tree.items)
        ]
        return syntax.target_tuple(parts)

    def _bind(self, node: Node, var: Var, at: int, position: int) -> Expr:
        """The name that the output at this position of the result is assigned to."""
        if not var.uses:
            return name("_")
        label = self._rebound(node, var, at) or self.names.fresh(self._result_candidates(node, var, position))
        self.expressions[var] = target = name(label)
        if var is self.block.result:
            self.result_name = label
        return target

    def _result_candidates(self, node: Node, var: Var, position: int) -> Sequence[str]:
        names = node.production.names
        if isinstance(node.outputs, Display) and isinstance(node.production.result, TuplePattern):
            if position < len(names) and names[position]:
                return result_names(var.type, names[position])
            return rotated(result_names(var.type), self.module.choices, 4)
        return rotated((*names, *result_names(var.type)), self.module.choices, max(len(names), 2))

    def _rebound(self, node: Node, var: Var, at: int) -> str:
        """The name of an operand that is used here for the last time, which the result takes over; empty for none."""
        if not self.module.chance("rebind"):
            return ""
        for tree in node.arguments.values():
            own = isinstance(tree, Var) and tree.block is self.block and tree.type.dtype == var.type.dtype
            if own and self._last_uses.get(tree) == at:
                self._last_uses[tree] = -1
                if label := self._label(tree):
                    return label
        return ""

    def _node(self, node: Node, depth: int = 0) -> Expr:
        """The expression of a node, once the statements that it needs are written."""
        template = node.production.template
        env: dict[str, Expr] = {}
        for label, value in node.arguments.items():
            if isinstance(value, Block):
                env[label] = self._body(node.production, label, value)
            elif isinstance(value, Var | Literal | Display):
                env[label] = self._tree(value, depth + 1)
            else:
                env[label] = literal(value)
        for label in sorted(template.rebound):
            env[label] = self._own_variable(label, env[label], node)
        for label in template.locals:
            env[label] = name(self.names.fresh((label,)))
        self.module.imports |= template.imports
        for alias, statement in template.modules.items():
            env[alias] = self.module.alias(alias, statement)
        pick = self.module.pick
        self.statements.extend(template.statements(env, pick))
        return template.result(env, pick)

    def _own_variable(self, label: str, value: Expr, node: Node) -> Expr:
        """A variable for a parameter that the template assigns to."""
        output = node.outputs
        of = output.type if isinstance(output, Var) else None
        fresh = self.names.fresh(rotated(result_names(of), self.module.choices, 4) if of else (label,))
        self.statements.append(syntax.assign(name(fresh), value))
        return name(fresh)

    # --- values ---

    def _number(self, value: float) -> Expr:
        """A number as it is, or the parameter whose default it is."""
        if not isinstance(value, float):  # 2 equals 2.0
            return literal(value)
        if value not in self.defaults and len(self.defaults) < self._most_defaults:
            self.defaults[value] = self.names.fresh(rotated(default_names(value), self.module.choices, 4))
        return name(self.defaults[value]) if value in self.defaults else literal(value)

    def _tree(self, tree: Tree, depth: int = 0) -> Expr:
        """The expression of a tree of values; a node that stands inline is written here, `depth` nodes deep."""
        if isinstance(tree, Literal):
            return self._number(tree.value)
        if isinstance(tree, Display):
            return syntax.display([self._tree(item, depth + 1) for item in tree.items], tree.keys)
        expression = self.expressions.get(tree)
        if expression is not None:
            return expression
        node = tree.node
        assert node is not None
        assert node in self._inlined, "a variable is written before it is used"
        value = self._node(node, depth)
        if not self.force_inline and (value.width > _WIDEST_INLINE or depth > _NESTING):
            label = self.names.fresh(self._result_candidates(node, tree, 0))
            self.statements.append(syntax.assign(name(label), value))
            value = name(label)
        self.expressions[tree] = value
        return value

    # --- what stands inline, and until when names live ---

    def _choose_inlined(self) -> None:
        """Draws which of the nodes that may stand inline do."""
        places = places_of(self.block)
        for node in self.block.nodes:
            if fits_inline(node, places) and (self.force_inline or self.module.chance("inline")):
                self._inlined.add(node)

    # --- bodies ---

    def _body(self, production: Production, role: str, body: Block) -> Expr:
        """A body as an expression: a lambda, an existing function, a nested function or a module-level one."""
        if body in self.module.hoisted:
            return name(self.module.hoisted[body])
        captured = captures(body)
        template = production.template
        only_named = body.helper or role in template.called
        if not only_named and self.module.chance("lambda"):
            short = self._lambda(body, captured)
            if short is not None:
                return short
        hoisted = not captured and (body.helper or self.module.choices.chance(0.5))
        writer = self._inner(body, captured)
        statements = writer.body()
        candidates = rotated(function_names("helper" if body.helper else role), self.module.choices, 8)
        label = self.module.names.function(candidates)
        definition = definition_of(self.module, label, writer, statements)
        if hoisted:
            self.module.functions.append(definition)
            self.module.hoisted[body] = label
        else:
            self.statements.append(definition)
        return name(label)

    def _inner(self, body: Block, captured: bool) -> FunctionWriter:
        """A writer of a body, which sees the names of this function if it captures some of its variables."""
        names = Names(self.module.names, self.names.taken if captured else ())
        return FunctionWriter(self.module, body, names, self.expressions if captured else None)

    def _lambda(self, body: Block, captured: bool) -> Expr | None:
        """The body as a lambda, if it is one short expression."""
        if any(isinstance(param.tree, Display) and not param.tree.keys for param in body.params):
            return None
        places = places_of(body)
        if not all(fits_inline(node, places) for node in body.nodes):
            return None
        writer = self._inner(body, captured)
        statements = writer.body(inline=True)
        if len(statements) != 1:
            return None
        value = syntax.parenthesised(syntax.return_value(statements[0]))
        function = syntax.eta_reduced(value, writer.params)
        if function is not None:
            return function
        width = len("lambda : ") + len(", ".join(writer.params)) + _width(value)
        return Expr(syntax.lambda_of(writer.params, value), LAMBDA, width) if width <= _WIDEST_LAMBDA else None


def definition_of(
    module: ModuleContext, label: str, writer: FunctionWriter, statements: list[cst.BaseStatement]
) -> cst.FunctionDef:
    """The function of these statements, with its parameters, annotations and defaults."""
    block = writer.block
    annotate = module.annotation if module.annotated and block.parent is None else None
    own = [
        syntax.param(name, annotate and annotate(param.tree))
        for name, param in zip(writer.params, block.params, strict=True)
    ]
    defaults = [
        syntax.param(label, "float" if annotate else None, literal(value)) for value, label in writer.defaults.items()
    ]
    if defaults and module.chance("keyword_only"):
        params = cst.Parameters(own, star_arg=cst.ParamStar(), kwonly_params=defaults)
    else:
        params = cst.Parameters([*own, *defaults])
    assert block.result is not None
    return syntax.function(label, params, statements, annotate and annotate(block.result))


def _width(node: cst.BaseExpression) -> int:
    return len(cst.Module([]).code_for_node(node))
