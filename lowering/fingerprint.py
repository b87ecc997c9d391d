"""Two fingerprints of a JAXPR in one walk: `id` of the canonical program, `structure` of its skeleton.

`id` sees primitives, the wiring of variables by order of binding, dtypes, shapes, weak types, parameters,
literals and the bytes of captured constants. It does not see the names of variables and functions, callables
(a custom derivative rule is identified by what it is applied to) or source positions.

`structure` sees primitives, wiring, ranks and the parameters that say which axis or which variant. It does
not see sizes, dtypes, literals and constants. Which parameter is what stands in lowering/parameters.py.

A parameter whose type `_ENCODERS` and `_encode_other` do not name counts as its class's qualified name and
its repr, the repr left out where it shows an address: equal programs never differ.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from hashlib import blake2b
from typing import Any, NamedTuple, cast
from weakref import WeakKeyDictionary

import jax
import numpy as np

from lowering import _jax_internals as internals
from lowering._jax_internals import ClosedJaxpr, Jaxpr, Literal
from lowering.parameters import DEFAULTS, Role, role


class Fingerprint(NamedTuple):
    """128-bit hex digests of a JAXPR, and the number of its equations by primitive, inner scopes included."""

    id: str
    structure: str
    primitives: Counter[str]


class _Code(NamedTuple):
    """How a value reads in the canonical program and in the skeleton."""

    exact: str
    skeleton: str


def fingerprint(closed: Any) -> Fingerprint:
    """Fingerprints of a closed JAXPR: the same in every process and order, whatever JAX has cached."""
    code, primitives = _Walk().read(closed.jaxpr)
    return Fingerprint(_digest([code.exact, _consts(closed.consts)]), code.skeleton, primitives)


def _digest(parts: Iterable[str]) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class _Walk:
    """One call's memory: inner jaxprs and shared parameters are read once, known by identity."""

    def __init__(self) -> None:
        self.inner: list[Counter[str]] = []  # primitives of the jaxprs met since the scope last looked
        self._codes: dict[int, _Code] = {}
        self._kept: list[Any] = []  # an id holds only as long as its object lives

    def read(self, jaxpr: Any) -> tuple[_Code, Counter[str]]:
        """The digests of one jaxpr and the number of its primitives."""
        scope = _Scope(self)
        scope.bind(jaxpr.constvars)
        scope.mark("|")
        scope.bind(jaxpr.invars)
        for equation in jaxpr.eqns:
            scope.equation(equation)
        scope.mark("->")
        scope.use(jaxpr.outvars)
        return _Code(_digest(scope.exact), _digest(scope.skeleton)), scope.primitives

    def jaxpr(self, jaxpr: Any) -> _Code:
        known = _INNER.get(jaxpr)
        if known is None:
            outer, self.inner = self.inner, []
            known = _INNER[jaxpr] = self.read(jaxpr)
            self.inner = outer
        self.inner.append(known[1])
        return known[0]

    def value(self, value: Any) -> _Code:
        """Any parameter value; the common types by table, the rest remembered by identity."""
        encode = _ENCODERS.get(type(value))
        if encode is not None:
            return encode(self, value)
        known = self._codes.get(id(value))
        if known is None:
            known = self._codes[id(value)] = _encode_other(self, value)
            self._kept.append(value)
        return known

    def placement(self, value: Any) -> _Code:
        """The value of a parameter that is a placement, remembered by equality."""
        try:
            known = self._placements.get(value)
        except TypeError:
            return self.value(value)
        if known is None:
            known = self._placements[value] = self.value(value)
        return known

    def context(self, context: Any) -> str:
        """What an equation is in beside its jaxpr (`set_xla_metadata`, `compute_on`, a mesh): the empty text for
        nothing, as with nearly all."""
        known = self._contexts.get(context)
        if known is None:
            surroundings = internals.context(context)
            known = self._contexts[context] = f"@{self.value(surroundings).exact}" if surroundings else ""
        return known

    @cached_property
    def _contexts(self) -> dict[Any, str]:
        return {}

    @cached_property
    def _placements(self) -> dict[Any, _Code]:
        return {}


_INNER: WeakKeyDictionary[Any, tuple[_Code, Counter[str]]] = WeakKeyDictionary()
"""JAX shares the jaxprs of its own functions between programs; one is read once as long as JAX keeps it."""


class _Scope:
    """The tokens of one jaxpr; variables are numbers in order of binding, starting at 0."""

    def __init__(self, walk: _Walk) -> None:
        self.exact: list[str] = []
        self.skeleton: list[str] = []
        self.primitives: Counter[str] = Counter()
        self._walk = walk
        self._numbers: dict[Any, str] = {}

    def mark(self, token: str) -> None:
        self.exact.append(token)
        self.skeleton.append(token)

    def bind(self, variables: Iterable[Any]) -> None:
        numbers, exact, skeleton = self._numbers, self.exact, self.skeleton
        for variable in variables:
            numbers[variable] = f"%{len(numbers)}"
            code = _aval(variable.aval)
            exact.append(code[0])
            skeleton.append(code[1])

    def use(self, atoms: Iterable[Any]) -> None:
        numbers, exact, skeleton = self._numbers, self.exact, self.skeleton
        for atom in atoms:
            if type(atom) is Literal:
                code = _aval(atom.aval)
                exact.append(f"={_array(atom.val)}:{code[0]}")
                skeleton.append(f"={code[1]}")
            else:
                number = numbers[atom]
                exact.append(number)
                skeleton.append(number)

    def equation(self, equation: Any) -> None:
        name = equation.primitive.name
        self.primitives[name] += 1
        self.mark(name)
        self.use(equation.invars)
        params = equation.params
        if params:
            self._parameters(name, params)
        context = self._walk.context(equation.ctx)
        if context:
            self.exact.append(context)
        self.mark(":")
        self.bind(equation.outvars)

    def _parameters(self, primitive: str, params: dict[str, Any]) -> None:
        walk, exact, skeleton = self._walk, self.exact, self.skeleton
        for key, is_a in _order(primitive, tuple(params)):
            value = params[key]
            code = walk.placement(value) if is_a is _PLACEMENT else walk.value(value)
            exact.append(f"{key}={code[0]}")
            if is_a is _MEANING or is_a is _PLACEMENT:
                skeleton.append(f"{key}={code[1]}")
            elif is_a is not _SIZE:
                skeleton.append(f"{key}={_without_sizes(key, is_a, value, code[1])}")
        if walk.inner:
            for primitives in walk.inner:
                self.primitives.update(primitives)
            walk.inner.clear()


_MEANING, _SIZE, _PLACEMENT = Role.MEANING, Role.SIZE, Role.PLACEMENT


@cache
def _order(primitive: str, keys: tuple[str, ...]) -> list[tuple[str, Role]]:
    """Parameters and their roles in alphabetical order, names of functions left out."""
    roles = [(key, role(primitive, key)) for key in sorted(keys)]
    return [(key, is_a) for key, is_a in roles if is_a is not Role.NAME]


def _without_sizes(key: str, is_a: Role, value: Any, skeleton: str) -> str:
    """How an option or a mixed parameter reads in the skeleton."""
    if is_a is Role.OPTION:
        return skeleton if skeleton == DEFAULTS[key] else "given"
    return skeleton if _is_sizeless(value) else type(value).__qualname__


def _is_sizeless(value: Any) -> bool:
    """Whether the skeleton of a value can hold no size."""
    if isinstance(value, (tuple, list)):
        return all(map(_is_sizeless, cast("Iterable[Any]", value)))
    return value is None or isinstance(value, (bool, enum.Enum, Jaxpr, ClosedJaxpr))


def _consts(consts: Iterable[Any]) -> str:
    return ";".join([_array(const) for const in consts])


_INTEGERS = frozenset({int})
_DTYPES: dict[Any, str] = {}


def _dtype(dtype: Any) -> str:
    name = _DTYPES.get(dtype)
    if name is None:
        name = _DTYPES[dtype] = str(dtype)
    return name


def _aval(aval: Any) -> tuple[str, str]:
    """`float32(3, 4)` and `2`: what a value is, and its rank."""
    shape = getattr(aval, "shape", None)
    if shape is None:
        return str(aval), type(aval).__name__
    weak = "*" if getattr(aval, "weak_type", False) else ""
    return f"{_dtype(aval.dtype)}{shape}{weak}{_place(aval)}", str(len(shape))


def _place(aval: Any) -> str:
    """Where a value lies, if its type says so: on a mesh, in a kind of memory; nearly always the empty text."""
    if not hasattr(aval, "sharding") or internals.on_device(aval):
        return ""
    return f"@{aval.sharding!r}@{aval.memory_space}"


def _array(value: Any) -> str:
    """Dtype, shape and bytes of a literal or constant; a PRNG key counts as its data."""
    if isinstance(value, jax.Array) and jax.numpy.issubdtype(value.dtype, jax.dtypes.prng_key):
        return f"{value.dtype}{_array(jax.random.key_data(value))}"
    array = np.asarray(value)
    data = array.tobytes()
    content = data.hex() if len(data) <= 64 else blake2b(data, digest_size=16).hexdigest()
    return f"{_dtype(array.dtype)}{array.shape}{content}"


def _encode_plain(walk: _Walk, value: Any) -> _Code:
    text = repr(value)
    return _Code(text, text)


def _encode_constant(walk: _Walk, value: Any) -> _Code:
    return _Code(repr(value), "constant")


def _encode_array(walk: _Walk, value: Any) -> _Code:
    return _Code(_array(value), "constant")


def _encode_dtype(walk: _Walk, value: Any) -> _Code:
    return _Code(_dtype(value), "dtype")


def _encode_jaxpr(walk: _Walk, value: Any) -> _Code:
    return walk.jaxpr(value)


def _encode_closed(walk: _Walk, value: Any) -> _Code:
    code = walk.jaxpr(value.jaxpr)
    consts = value.consts
    return _Code(f"{code.exact}[{_consts(consts)}]", code.skeleton) if consts else code


def _encode_sequence(walk: _Walk, value: Any) -> _Code:
    if _INTEGERS.issuperset(map(type, value)):
        return _encode_plain(walk, value)
    codes = [walk.value(item) for item in value]
    return _Code(f"({','.join([c.exact for c in codes])})", f"({','.join([c.skeleton for c in codes])})")


def _encode_set(walk: _Walk, value: Any) -> _Code:
    codes = [walk.value(item) for item in value]
    exact, skeleton = sorted(c.exact for c in codes), sorted(c.skeleton for c in codes)
    return _Code(f"{{{','.join(exact)}}}", f"{{{','.join(skeleton)}}}")


def _encode_mapping(walk: _Walk, value: Mapping[Any, Any]) -> _Code:
    pairs = [(walk.value(key).exact, walk.value(item)) for key, item in value.items()]
    pairs.sort(key=lambda pair: pair[0])
    exact, skeleton = (f"{k}:{c.exact}" for k, c in pairs), (f"{k}:{c.skeleton}" for k, c in pairs)
    return _Code(f"{{{','.join(exact)}}}", f"{{{','.join(skeleton)}}}")


_ENCODERS: dict[type, Callable[[_Walk, Any], _Code]] = {
    type(None): _encode_plain,
    bool: _encode_plain,
    int: _encode_plain,
    str: _encode_plain,
    bytes: _encode_plain,
    float: _encode_constant,
    complex: _encode_constant,
    np.ndarray: _encode_array,
    tuple: _encode_sequence,
    list: _encode_sequence,
    set: _encode_set,
    frozenset: _encode_set,
    dict: _encode_mapping,
    Jaxpr: _encode_jaxpr,
    ClosedJaxpr: _encode_closed,  # last: since JAX 0.12 both are one class, and it holds constants
}
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+|<function |<bound method ")


def _encode_other(walk: _Walk, value: Any) -> _Code:
    """What the table does not name: kinds of array, dtype, record and callable, and at last the repr."""
    if isinstance(value, np.integer):  # JAX leaves some axes as NumPy's integers
        return _both(repr(int(value)))
    if isinstance(value, (jax.Array, np.generic)):
        return _encode_array(walk, value)
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return _encode_dtype(walk, np.dtype(value))
    if isinstance(value, enum.Enum):
        return _both(f"{type(value).__qualname__}.{value.name}")
    if isinstance(value, jax.tree_util.PyTreeDef):
        return _both(f"tree({value.num_nodes},{value.num_leaves})")
    if isinstance(value, tuple):
        return _named(value, _encode_sequence(walk, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _named(value, _encode_mapping(walk, fields))
    return _encode_by_repr(value)


def _encode_by_repr(value: Any) -> _Code:
    kind = type(value)
    if callable(value):
        return _both(kind.__qualname__)
    text = repr(value)
    return _both(kind.__qualname__ if _ADDRESS.search(text) else f"{kind.__qualname__} {text}")


def _both(text: str) -> _Code:
    return _Code(text, text)


def _named(value: Any, code: _Code) -> _Code:
    name = type(value).__qualname__
    return _Code(name + code.exact, name + code.skeleton)
