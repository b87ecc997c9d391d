"""What the declaration of a production may say; GrammarError, one sentence with file and line, where it cannot be
meant."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from keyword import iskeyword
from math import inf
from operator import is_

from grammar.rules.production import Production, result_arrays
from grammar.text.expression import writable
from grammar.text.words import RESERVED
from grammar.values import types
from grammar.values.patterns import ArrayPattern, BodyPattern, TreePattern, TuplePattern
from grammar.values.statics import Among, AxesOf, AxisOf, Bound, DtypeOf, StaticSpec

_UNLIKE_A_RULE = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE


def checked(made: Production, others: Iterable[Production]) -> Production:
    """The production; GrammarError where its function, settings or signature are not what they must be beside the
    others of its file."""
    _check_function(made)
    _check_captured(made, others)
    _check_settings(made)
    _check_declaration(made)
    return made


def _check_function(made: Production) -> None:
    """The function is one whose parameters all have a pattern."""
    code = made.function.__code__
    if code.co_flags & _UNLIKE_A_RULE or code.co_kwonlyargcount or code.co_posonlyargcount:
        raise made.fail("it is no plain function of positional parameters; write it as the others are")
    if made.function.__defaults__:
        raise made.fail("its parameters have default values, which no program sees; drop them, or use among(...)")
    taken = code.co_varnames[: code.co_argcount]
    for key in taken:
        if not isinstance(made.params.get(key), ArrayPattern | TreePattern | BodyPattern | StaticSpec):
            raise made.fail(f"parameter {key!r} has no pattern; annotate it as in the other productions")
    for key in made.params:
        if key not in taken:
            raise made.fail(f"its signature has {key!r}, which is no parameter of the function; drop it")


def _check_captured(made: Production, others: Iterable[Production]) -> None:
    """What it captures stays as it is: no loop around it goes on to change that for the next of a family."""
    code, cells = made.function.__code__, made.function.__closure__ or ()
    for other in others:
        same = other.function.__code__ is code and other.name != made.name
        if same and all(map(is_, other.function.__closure__ or (), cells)):
            raise made.fail(
                f"it captures the variables of {other.name!r} in a loop; declare it in a function of its own"
            )


def _check_settings(made: Production) -> None:
    """Weight, names and rules are what they must be."""
    if not _is_number(made.weight) or not 0 <= made.weight < inf:
        raise made.fail(f"weight {made.weight!r} is not a number of at least 0; give it one")
    if not made.name.isidentifier():
        raise made.fail("its name is no identifier, which a profile could name; give it one")
    for word in made.names:
        if not word.isidentifier() or iskeyword(word) or word in RESERVED:
            raise made.fail(f"names has {word!r}, which cannot name a variable; give words that can")
    if isinstance(made.result, TuplePattern) and len(made.names) > len(made.result.items):
        raise made.fail(f"it names {len(made.names)} values, but returns {len(made.result.items)}; give each one name")
    for what, rule in (("magnitude", made.magnitude), ("relation", made.relation)):
        if rule is not None and not _is_rule(rule):
            raise made.fail(f"its {what} is {rule!r:.60}, which is no Python function; write a lambda")


def _is_number(weight: object) -> bool:
    return isinstance(weight, int | float)


def _is_rule(rule: object) -> bool:
    """Whether something can be called, and says by which names."""
    try:
        return callable(rule) and bool(inspect.signature(rule))
    except (ValueError, TypeError):
        return False


def _check_declaration(made: Production) -> None:
    """What it says of dimensions, values and statics can be found."""
    _check_sources(made)
    known = {name for _, pattern in made.operands for name in _pattern_names(pattern)} | set(made.params)
    known |= {name for _, spec in made.statics for name in spec.binds}
    for asked in made.magnitude_arguments:
        if asked not in known and made.relation is None:
            raise made.fail(
                f"magnitude asks for {asked!r}, which is neither a parameter nor a dimension; name one of them"
            )
    if made.relation is not None:
        return
    bound = {name for _, pattern in made.operands for name in _pattern_names(pattern)}
    bound |= {name for _, spec in made.statics for name in spec.binds}
    bound |= {name for _, body in made.bodies for item in body.results for name in _pattern_names(item)}
    for item in result_arrays(made.result):
        for dimension in _pattern_names(item):
            if dimension not in bound:
                raise made.fail(
                    f"result dimension {dimension!r} appears in no operand; name it in one or give a relation"
                )
    for label, spec in made.statics:
        for dimension in spec.reads:
            if dimension not in bound:
                raise made.fail(f"static {label!r} asks for dimension {dimension!r}, which no operand has; name one")
    for pattern in _arrays_of(made):
        for dimension in pattern.refinement.bound.names if pattern.refinement.bound else ():
            if dimension not in bound:
                raise made.fail(f"Index asks for dimension {dimension!r}, which no operand has; name one")


def _check_sources(made: Production) -> None:
    """What a result, a static or a refinement takes from an operand is there to be taken."""
    operands = {name for name, _ in made.operands}
    families = {pattern.family for pattern in _arrays_of(made)}
    for pattern in _arrays_of(made):
        source = pattern.refinement.source
        if source and source not in operands:
            raise made.fail(f"a refinement is that of {source!r}, which is no operand; name one of them")
    for label, spec in made.statics:
        if isinstance(spec, DtypeOf) and spec.family not in families:
            raise made.fail(f"static {label!r} asks for the dtype of {spec.family!r}, which no pattern has; name one")
        if isinstance(spec, Bound) and made.relation is None:
            raise made.fail(f"static {label!r} is what a relation binds, and there is none; give one")
        if isinstance(spec, Among):
            _check_values(made, label, spec)
        if isinstance(spec, AxisOf | AxesOf) and not any(spec.reads[0] in p.dims.names for _, p in made.arrays):
            raise made.fail(
                f"static {label!r} asks for dimension {spec.reads[0]!r}, which no operand has; name one that has it"
            )
    for pattern in _arrays_of(made):
        if pattern.refinement.name and not _can_be(pattern):
            raise made.fail(
                f"{pattern.family} {pattern.dims.text!r} cannot be {pattern.refinement.name}; correct one of them"
            )
    for name, pattern in made.arrays:
        if pattern.refinement.source:
            raise made.fail(f"operand {name!r} has a refinement of results (Like, SignOf); give it one of its own")
    for item in result_arrays(made.result):
        if isinstance(item, ArrayPattern) and item.dims.broadcasts:
            raise made.fail(f"result {item.dims.text!r} broadcasts, which only operands do; drop the #")


def _can_be(pattern: ArrayPattern) -> bool:
    """Whether arrays of such a dtype and shape can be what their refinement says."""
    name, terms = pattern.refinement.name, pattern.dims.terms
    dims = [term.text for term in terms if not term.star or term is terms[-1]]
    if name == "index":
        return set(pattern.dtypes) <= set(types.INTS)
    if name in ("spd", "triangular"):
        return len(dims) > 1 and dims[-1] == dims[-2]
    if name == "simplex":
        return bool(dims) and dims[-1][0] != "*"
    return not {*types.BOOL, types.KEY} & set(pattern.dtypes)


def _check_values(made: Production, label: str, spec: Among) -> None:
    if not spec.values:
        raise made.fail(f"static {label!r} is among no values; give one")
    for value in spec.values:
        if not writable(value):
            raise made.fail(
                f"static {label!r} may be {value!r:.60}, which cannot be written out; give numbers or strings"
            )


def _arrays_of(made: Production) -> list[ArrayPattern]:
    """The patterns of arrays among its operands and results."""
    results = [pattern for pattern in result_arrays(made.result) if isinstance(pattern, ArrayPattern)]
    return [pattern for _, pattern in made.arrays] + results


def _pattern_names(pattern: ArrayPattern | TreePattern) -> Iterator[str]:
    if isinstance(pattern, TreePattern):
        yield pattern.name
    else:
        yield from pattern.dims.names
