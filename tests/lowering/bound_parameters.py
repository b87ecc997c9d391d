"""Prints as JSON what the JAX that is installed binds its primitives with: {primitive: [parameter, ...]}.

Read from JAX's sources (`primitive.bind(..., parameter=...)`) and from the signatures of its rules. A program of its
own, since it imports all of JAX.
"""

import ast
import importlib
import inspect
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import jax
from jax._src.interpreters import ad, batching, mlir
from jax.extend.core import Primitive

LEFT_OUT = (
    *("jax._src.cudnn", "jax._src.thunky", "jax._src.tpu_custom_call", "jax._src.pallas", "jax._src.tpu"),
    *("jax.experimental.pallas", "jax.experimental.mosaic", "jax.experimental.rnn", "jax.experimental.thunky"),
    *("jax.experimental.multihost_utils", "jax.experimental.colocated_python", "jax.experimental.jax2tf"),
    *("jax.experimental.array_serialization", "jax.experimental.source_mapper", "jax._src.clusters"),
    *("jax._src.internal_test_util", "jax._src.test_", "jax._src.public_test_util", "jax.tools", "jax.collect_profile"),
)
"""Kernels of one accelerator, transfers between hosts, and tools."""
OPTIONAL = ("flatbuffers", "tensorstore", "absl", "Mosaic", "triton")
"""What JAX says where a module needs a package that is not there."""


def modules():
    """Every module of JAX, with its syntax tree."""
    root = Path(jax.__file__).parent
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        if name.startswith(LEFT_OUT):
            continue
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            if not any(package in str(error) for package in OPTIONAL):
                raise
            continue
        yield module, ast.parse(path.read_text(encoding="utf-8"))


def primitives(module) -> Iterator[Primitive]:
    return (value for value in vars(module).values() if isinstance(value, Primitive))


def bindings(module, tree):
    """(primitive, keywords) of each `name.bind(...)` whose name stands for a primitive in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "bind":
            bound = module
            for name in ast.unparse(node.func.value).split("."):
                bound = getattr(bound, name, None)
            if isinstance(bound, Primitive):
                yield bound, [keyword.arg for keyword in node.keywords if keyword.arg]


def rules(primitive):
    """The functions that JAX calls with the parameters of a primitive."""
    yield from (primitive.impl, primitive.abstract_eval)
    for table in (mlir._lowerings, batching.fancy_primitive_batchers, ad.primitive_jvps, ad.primitive_transposes):
        rule = table.get(primitive)
        yield getattr(rule, "rule", rule)


def keywords(rule):
    """What a rule must be given by name; what a `partial` gives it is no parameter."""
    try:
        parameters = inspect.signature(rule).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]


def main():
    found = {}
    for module, tree in modules():
        for primitive in primitives(module):
            parameters = found.setdefault(primitive.name, set())
            parameters.update(*map(keywords, rules(primitive)))
        for primitive, names in bindings(module, tree):
            found.setdefault(primitive.name, set()).update(names)
    print(json.dumps({name: sorted(parameters) for name, parameters in sorted(found.items())}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
