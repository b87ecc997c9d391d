"""Interpretation: runs a derivation's graph by calling the productions themselves, and checks their declared types.

A production is a function that runs, so a graph means something without being written out. That gives two proofs:
every declared type against what JAX computes, and every rendered program against its own graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from grammar.derive.graph import Block, Display, Literal, Node, Tree, Var, type_of, walk
from grammar.errors import GrammarError
from grammar.proof import arrays
from grammar.rules.notation import spelled
from grammar.values.leaf import Input
from grammar.values.types import KEY, ArrayType, DictType, Type, leaves

Value: TypeAlias = "jax.Array | jax.ShapeDtypeStruct | float | tuple[Value, ...] | list[Value] | dict[str, Value]"
"""What a tree of variables stands for while a graph runs or is traced."""
Check = Callable[[Node, Value], None]
_VALUES = 8
"""Draws of arguments on which a refinement is checked."""


def abstract(of: Type) -> Value:
    """The pytree of `jax.ShapeDtypeStruct` for a type."""
    if isinstance(of, ArrayType):
        dtype = jax.random.key(0).dtype if of.dtype == KEY else jnp.dtype(of.dtype)
        return jax.ShapeDtypeStruct(of.shape, dtype)
    if isinstance(of, DictType):
        return {key: abstract(item) for key, item in of.items}
    return tuple(abstract(item) for item in of.items)


def concrete(of: Type, rng: np.random.Generator) -> Value:
    """A pytree of arrays that a value of this type can be."""
    if isinstance(of, ArrayType):
        return arrays.sample(Input("", of.dtype, of.shape, str(of.refinement)), rng)
    if isinstance(of, DictType):
        return {key: concrete(item, rng) for key, item in of.items}
    return tuple(concrete(item, rng) for item in of.items)


def arguments_of(block: Block) -> list[Value]:
    """Abstract values for the parameters of a block."""
    return [abstract(type_of(param.tree)) for param in block.params]


def run(
    block: Block,
    values: Sequence[Value],
    outer: Mapping[Var, Value] | None = None,
    check: Check | None = None,
    spelling: int = 0,
) -> Value:
    """What the block returns for these arguments, every `either` in the spelling of that number, or in its last one.
    `check` sees every node with its value."""
    known: dict[Var, Value] = dict(outer or {})

    def argument(value: object) -> object:
        if not isinstance(value, Block):
            return _value(value, known) if isinstance(value, Tree) else value

        def body(*arguments: Value) -> Value:
            return run(value, arguments, known, check, spelling)

        return body

    for param, value in zip(block.params, values, strict=True):
        _bind(param.tree, value, known)
    for node in block.nodes:
        value = _call(node, {name: argument(value) for name, value in node.arguments.items()}, spelling)
        if check is not None:
            check(node, value)
        assert node.outputs is not None
        _bind(node.outputs, value, known)
    assert block.result is not None
    return _value(block.result, known)


def _call(node: Node, arguments: Mapping[str, object], spelling: int) -> Value:
    try:
        with spelled(spelling):
            return node.production.function(**arguments)
    except GrammarError:
        raise
    except Exception as error:
        reason = " ".join(str(error).partition("\n-----")[0].split())  # below the line JAX speaks of its own tracebacks
        raise node.production.fail(f"its body does not trace: {type(error).__name__}: {reason}") from error


def _value(tree: Tree, known: Mapping[Var, Value]) -> Value:
    if isinstance(tree, Literal):
        return tree.value
    if isinstance(tree, Display):
        items = [_value(item, known) for item in tree.items]
        return dict(zip(tree.keys, items, strict=True)) if tree.keys and not tree.unnamed else tuple(items)
    return known[tree]


def _bind(tree: Tree, value: Value, known: dict[Var, Value]) -> None:
    if isinstance(tree, Display):
        for item, part in zip(tree.items, _parts(tree, value), strict=True):
            _bind(item, part, known)
    elif isinstance(tree, Var):
        known[tree] = value


def _parts(tree: Display, value: Value) -> Sequence[Value]:
    """The values of the items."""
    if isinstance(value, dict):
        return [value[key] for key in tree.keys]
    parts = _unpacked(tree, value)
    assert isinstance(parts, tuple | list)
    return parts


def check_types(node: Node, value: Value) -> None:
    """GrammarError, with the production's file and line, where a declared type is not what JAX computes.

    A weak float is another type, for with a narrower operand it gives another result. The index of a `fori_loop` is a
    weak integer, and is taken for a plain one.
    """
    assert node.outputs is not None
    if isinstance(node.outputs, Var) and isinstance(value, tuple | list | dict):
        raise node.production.fail(f"it declares one array, but returns a {type(value).__name__}; correct one of them")
    declared = [(leaf.dtype, leaf.shape) for _, leaf in leaves(type_of(node.outputs))]
    actual = [(_dtype(leaf), tuple(leaf.shape)) for leaf in jax.tree.leaves(_unpacked(node.outputs, value))]
    if declared != actual:
        raise node.production.fail(
            f"it declares {_show(declared)}, but JAX computes {_show(actual)}; correct one of them"
        )


def _unpacked(outputs: Tree, value: Value) -> Value:
    """An array that is unpacked where it is assigned (`key, subkey = split(key)`) as the tuple of its rows."""
    if isinstance(outputs, Display) and not outputs.keys and isinstance(value, jax.Array):
        return tuple(value)
    return value


def _dtype(leaf: jax.Array) -> str:
    weak = getattr(leaf, "weak_type", False) and jnp.issubdtype(leaf.dtype, jnp.floating)
    return f"weak {leaf.dtype}" if weak else str(leaf.dtype)


def _show(types: list[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{dtype}{list(shape)}" for dtype, shape in types)


def verify_values(block: Block) -> None:
    """Runs a graph on drawn arguments. GrammarError, with the file and line of the production that makes the result,
    where that is not as declared: positive, a probability, an index below its bound, ..."""
    assert block.result is not None
    declared = [leaf for _, leaf in leaves(type_of(block.result))]
    if not any(leaf.refinement.name in arrays.CHECKED for leaf in declared):
        return

    # Compiled so it takes a quarter of the time, and runs but a few times.
    def computed(*values: Value) -> Value:
        return run(block, values)

    quick = jax.jit(computed, compiler_options={"xla_backend_optimization_level": 0})
    for seed in range(_VALUES):
        rng = np.random.default_rng(seed)
        try:
            values = jax.tree.leaves(quick(*(concrete(type_of(param.tree), rng) for param in block.params)))
        except jax.errors.JaxRuntimeError:  # a fault of XLA's own
            return
        for leaf, value in zip(declared, values, strict=True):
            if not arrays.holds(leaf, value):
                maker = next(node.production for node in block.nodes if node.outputs is block.result)
                raise maker.fail(
                    f"it declares {leaf.dtype}{list(leaf.shape)} to be {leaf.refinement}, but a value of it is not; "
                    "correct one of them"
                )


def verify(block: Block) -> None:
    """Traces a graph without running it, in every spelling. GrammarError names the first production whose body fails or
    whose type is not as declared."""
    for at in range(max((node.production.template.spellings for node in walk(block)), default=1)):

        def traced(*values: Value, spelling: int = at) -> None:
            run(block, values, check=check_types, spelling=spelling)

        jax.eval_shape(traced, *arguments_of(block))
