"""One id for programs equal up to names, different ids for near misses, one structure for one skeleton."""

import ast
import builtins
import keyword

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.ad_checkpoint import checkpoint_name

import lowering

F32 = "float32"


def struct(*shape, dtype=F32):
    return jax.ShapeDtypeStruct(shape, dtype)


class Renamer(ast.NodeTransformer):
    """Gives every variable, argument, function and class that the program itself binds a new name."""

    def __init__(self, tree):
        bound = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound.add(node.id)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                bound.add(node.name)
        fields = {
            item.target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        own = sorted(bound - fields - set(dir(builtins)))
        self.names = {old: f"renamed_{len(own) - i}" for i, old in enumerate(own)}
        assert not any(keyword.iskeyword(name) for name in self.names.values())

    def visit_Name(self, node):
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_Attribute(self, node):  # `soft.defjvp` is an attribute of a renamed name
        self.generic_visit(node)
        return node

    def visit_arg(self, node):
        self.generic_visit(node)
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.ClassDef):
        self.generic_visit(node)
        node.name = self.names.get(node.name, node.name)
        return node

    visit_ClassDef = visit_FunctionDef


def rename(case):
    """Source, entry and leaves with every bound name changed."""
    tree = ast.parse(case.source)
    renamer = Renamer(tree)
    source = ast.unparse(ast.fix_missing_locations(renamer.visit(tree)))
    leaves = []
    for leaf in case.leaves:
        name = leaf.path.partition(".")[0].partition("[")[0]
        path = renamer.names[name] + leaf.path.removeprefix(name)
        leaves.append(lowering.Leaf(path, leaf.dtype, leaf.shape))
    return source, renamer.names["program"], leaves


def test_names_do_not_count(case):
    source, entry, leaves = rename(case)
    assert "renamed_1" in source
    usual, renamed = case.lowered.traced, lowering.trace_source(source, entry, leaves)
    assert (renamed.id, renamed.structure) == (usual.id, usual.structure)


def test_all_programs_of_the_corpus_differ(corpus):
    ids = {name: case.lowered.traced.id for name, case in corpus.items()}
    assert len(set(ids.values())) == len(ids)


def test_ids_are_128_bit_hex(case):
    traced = case.lowered.traced
    assert all(len(digest) == 32 and int(digest, 16) >= 0 for digest in (traced.id, traced.structure))


def test_the_input_trees_do_not_count():
    pair = lowering.trace(lambda p: p[0] - p[1], (struct(3), struct(3)))
    two = lowering.trace(lambda a, b: a - b, struct(3), struct(3))
    assert pair.id == two.id


TABLE = np.arange(3, dtype=np.float32)
OTHER = TABLE + np.array([0, 0, 1e-6], np.float32)


def scanned(body):
    return lambda x: lax.scan(body, x[0], x)


NEAR_MISSES = {
    "axis": (lambda x: x.sum(0), lambda x: x.sum(1)),
    "dtype": (lambda x: x.astype("int32"), lambda x: x.astype("int16")),
    "constant": (lambda x: x + 1.0, lambda x: x + 1.0000001),
    "sign of zero": (lambda x: x * 0.0, lambda x: x * -0.0),
    "order of a subtraction": (lambda x: x[0] - x[1], lambda x: x[1] - x[0]),
    "captured array": (lambda x: x + TABLE, lambda x: x + OTHER),
    "captured array's dtype": (lambda x: x + TABLE, lambda x: x + TABLE.astype("int32")),
    "captured array in a scan": (
        scanned(lambda c, r: (c + TABLE, r)),
        scanned(lambda c, r: (c + OTHER, r)),
    ),
    "order of results": (lambda x: (x + 1, x * 2), lambda x: (x * 2, x + 1)),
    "which result": (lambda x: (x + 1, x * 2)[0], lambda x: (x + 1, x * 2)[1]),
    "operand reused": (lambda x: x[0] * x[0], lambda x: x[0] * x[1]),
    "primitive": (jnp.sin, jnp.cos),
    "primitive in a branch": (
        lambda x: lax.cond(x.sum() > 0, jnp.sin, jnp.tanh, x),
        lambda x: lax.cond(x.sum() > 0, jnp.cos, jnp.tanh, x),
    ),
    "order of branches": (
        lambda x: lax.cond(x.sum() > 0, jnp.sin, jnp.cos, x),
        lambda x: lax.cond(x.sum() > 0, jnp.cos, jnp.sin, x),
    ),
    "constant in a scan": (
        scanned(lambda c, r: (c + 2.0, r)),
        scanned(lambda c, r: (c + 3.0, r)),
    ),
    "direction of a scan": (
        lambda x: lax.scan(lambda c, r: (c + r, c), x[0], x),
        lambda x: lax.scan(lambda c, r: (c + r, c), x[0], x, reverse=True),
    ),
    "jitted or not": (lambda x: jax.jit(jnp.sin)(x), lambda x: jnp.sin(x)),
    "shape": (lambda x: x.reshape(9), lambda x: x.reshape(1, 9)),
    "slice": (lambda x: x[0:2], lambda x: x[1:3]),
    "contraction": (lambda x: x @ x, lambda x: x @ x.T),
    "name of a composite": (
        lambda x: lax.composite(lambda y: y * 2, "ours.double")(x),
        lambda x: lax.composite(lambda y: y * 2, "ours.twice")(x),
    ),
    "name of a checkpoint": (lambda x: checkpoint_name(x, "kept"), lambda x: checkpoint_name(x, "dropped")),
    "fill mode": (
        lambda x: x.at[jnp.array([0])].get(mode="fill"),
        lambda x: x.at[jnp.array([0])].get(mode="clip"),
    ),
}


@pytest.mark.parametrize("pair", NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_near_misses_differ(pair):
    ids = {lowering.trace(function, struct(3, 3)).id for function in pair}
    assert len(ids) == 2


def test_input_shape_dtype_and_weak_type_count():
    inputs = [struct(3), struct(4), struct(3, dtype="int32"), jax.ShapeDtypeStruct((3,), F32, weak_type=True)]
    assert len({lowering.trace(lambda x: x + x, x).id for x in inputs}) == len(inputs)


def mlp(x, w):
    return jnp.tanh(x @ w).sum(axis=1) * 2.0


def windows(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (2, 2), (2, 2), "VALID")


def windows_of_three(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (3, 3), (1, 1), "VALID")


SAME_SKELETON = {
    "shapes": ((mlp, struct(5, 3), struct(3, 4)), (mlp, struct(7, 2), struct(2, 9))),
    "dtypes": (
        (jnp.matmul, struct(5, 3), struct(3, 4)),
        (jnp.matmul, struct(5, 3, dtype="bfloat16"), struct(3, 4, dtype="bfloat16")),
    ),
    "constants": ((lambda x: x * 2.0 + 1.0, struct(3)), (lambda x: x * 3.0 + 7.0, struct(3))),
    "exponents": ((lambda x: x**2, struct(3)), (lambda x: x**3, struct(3))),
    "captured arrays": ((lambda x: x + TABLE, struct(3)), (lambda x: x + OTHER, struct(3))),
    "slices": ((lambda x: x[1:3], struct(9)), (lambda x: x[2:8], struct(9))),
    "lengths": (
        (scanned(lambda c, r: (c + r, r)), struct(4, 3)),
        (scanned(lambda c, r: (c + r, r)), struct(9, 3)),
    ),
    "windows": ((windows, struct(8, 8)), (windows_of_three, struct(9, 9))),
    "reshapes": ((lambda x: x.reshape(6), struct(2, 3)), (lambda x: x.reshape(20), struct(4, 5))),
    "padding": ((lambda x: jnp.pad(x, 1), struct(3, 3)), (lambda x: jnp.pad(x, 2), struct(5, 5))),
    "top k": ((lambda x: lax.top_k(x, 2), struct(9)), (lambda x: lax.top_k(x, 4), struct(9))),
    "conversions": (
        (lambda x: x.astype("float16"), struct(3)),
        (lambda x: x.astype("int8"), struct(3)),
    ),
    "iota": ((lambda x: x + jnp.arange(3), struct(3, dtype="int32")),
             (lambda x: x + jnp.arange(5), struct(5, dtype="int32"))),
}  # fmt: skip


@pytest.mark.parametrize("pair", SAME_SKELETON.values(), ids=SAME_SKELETON.keys())
def test_shapes_dtypes_and_constants_are_not_structure(pair):
    one, other = (lowering.trace(*call) for call in pair)
    assert one.id != other.id
    assert one.structure == other.structure


OTHER_SKELETON = {
    "axis": (lambda x: x.sum(0), lambda x: x.sum(1)),
    "primitive": (jnp.sin, jnp.cos),
    "wiring": (lambda x: x - jnp.sin(x), lambda x: jnp.sin(x) - x),
    "rank": (lambda x: x + x, lambda x: x[0] + x[0]),
    "body": (scanned(lambda c, r: (c + r, r)), scanned(lambda c, r: (c * r, r))),
    "contraction": (lambda x: x @ x, lambda x: x @ x.T),
    "axis as NumPy's integer": (lambda x: lax.rev(x, [np.int64(0)]), lambda x: lax.rev(x, [np.int64(1)])),  # pyright: ignore[reportArgumentType]
    "direction": (lambda x: lax.cumsum(x), lambda x: lax.cumsum(x, reverse=True)),
}


@pytest.mark.parametrize("pair", OTHER_SKELETON.values(), ids=OTHER_SKELETON.keys())
def test_axes_primitives_and_wiring_are_structure(pair):
    assert len({lowering.trace(function, struct(3, 3)).structure for function in pair}) == 2
