"""What holds of every program: JAX's own bytes, a span for all that it became, the way back from leaves."""

import re

import jax
import pytest

import lowering
from lowering import Span, stablehlo_lines
from lowering.execute import execute
from lowering.signature import check_arguments


def _direct(case):
    """What JAX prints, without this package's tracing and printing."""
    program = execute(case.source, "program")
    args, kwargs = check_arguments(program.function, case.leaves)
    traced = jax.jit(program.function).trace(*args, **kwargs)
    return str(traced.jaxpr), traced.lower().as_text()


def test_texts_are_what_jax_prints(case):
    lowered = case.lowered
    assert (lowered.traced.jaxpr, lowered.stablehlo) == _direct(case)


def test_the_plain_text_is_the_stripped_one(case):
    stage = case.lowered._stage
    stripped = stablehlo_lines.read_module(stage.as_text(debug_info=True)).text
    plain = stage.as_text()
    assert stripped == plain or case.name == "unicode"  # its result's name reads like a location


@pytest.mark.parametrize(
    "location", ["#loc", "#loc12", "unknown", '"x"', '"jit(f)/sin"(#loc3)', "callsite(#loc140 at #loc150)"]
)
def test_any_form_of_location_is_stripped(location):
    """MLIR prints most locations by an alias, but those of arguments of cached functions now and then in full."""
    plain = "module @jit_f {\n  func.func private @f(%arg0: tensor<ui32>) -> tensor<ui32> {\n"
    plain += "    %0 = stablehlo.sine %arg0 : tensor<ui32>\n    return %0 : tensor<ui32>\n  }\n}\n"
    debug = re.sub(r"(?<=tensor<ui32>)(?=\)|\n)|(?<=\})(?=\n)(?<! \{)", f" loc({location})", plain)
    debug = debug.replace(f"-> tensor<ui32> loc({location})", "-> tensor<ui32>")
    read = stablehlo_lines.read_module(f"#loc3 = loc(unknown)\n{debug}")
    assert read.text == plain
    assert read.counts == {"stablehlo.sine": 1}


def test_every_top_level_equation_has_a_span_in_the_program(case):
    lowered = case.lowered
    traced = lowered.traced
    lines = len(case.source.split("\n"))
    assert all(9 <= entry.line <= entry.end_line <= lines for entry in lowered.source_map)
    mapped = {line for entry in lowered.source_map for line in entry.jaxpr_lines}
    text = traced.jaxpr.split("\n")
    inside = range(1, len(text) + 1) if len(text) == 1 else _equation_lines(text)
    assert not traced._stage.jaxpr.eqns or mapped >= set(inside)


def _equation_lines(text):
    """All lines but those that open and close the program or a shared jaxpr."""
    frame = re.compile(r"let \S+ = \{ lambda |\{ lambda |  in \(")
    closing = re.compile(r"    .*\) \}(?: in)?$")  # a long result on lines of its own
    numbers, body = [], True
    for number, line in enumerate(text, 1):
        if frame.match(line):
            body = not line.startswith("  in")
        elif body and not closing.match(line) and line.startswith("    "):
            numbers.append(number)
    return numbers


def test_every_operation_of_the_program_has_a_span(case):
    lowered = case.lowered
    mapped = {line for entry in lowered.source_map for line in entry.stablehlo_lines}
    module = re.compile(r" *(module |func\.func |sdy\.mesh |return |\}|$)|.*sdy\.sharding_constraint")
    missing = [
        line
        for number, line in enumerate(lowered.stablehlo.split("\n"), 1)
        if number not in mapped and not module.match(line)
    ]
    assert not missing


def test_locations_come_children_first(case):
    debug = case.lowered._stage.as_text(debug_info=True)
    seen = {"#loc"}
    for alias, body in re.findall(r"^(#loc\d*) = loc\((.*)\)$", debug, re.MULTILINE):
        children = re.findall(r"#loc\d*", body[body.rfind('"') + 1 :])
        assert seen.issuperset(children)
        seen.add(alias)


def test_inputs_are_the_leaves_and_lower_again(case):
    traced = case.lowered.traced
    order = sorted(case.leaves, key=lambda leaf: leaf.path)
    assert sorted(traced.inputs, key=lambda leaf: leaf.path) == order
    again = lowering.trace_source(case.source, "program", traced.inputs)
    assert (again.jaxpr, again.id, again.outputs) == (traced.jaxpr, traced.id, traced.outputs)


def test_counts_agree_with_the_texts(case):
    lowered = case.lowered
    assert lowered.traced.equations == sum(lowered.traced.primitives.values())
    assert lowered.operations == sum(lowered.stablehlo_ops.values())
    for name, count in lowered.stablehlo_ops.items():
        short = name.removeprefix("func.")
        heads = re.findall(rf'^ *(?:%\S+(?:, %\S+)* = )?"?(?:func\.)?{re.escape(short)}\b', lowered.stablehlo, re.M)
        assert len(heads) == count


def test_short_locations_change_nothing(case):
    usual = case.lowered
    with lowering.short_locations():
        short = case.trace().lower()
    assert short.stablehlo == usual.stablehlo
    assert short.source_map == usual.source_map


def test_spans_are_ascending_and_lines_too(case):
    entries = case.lowered.source_map
    assert [entry[:4] for entry in entries] == sorted({Span(*entry[:4]) for entry in entries})
    for entry in entries:
        for lines in (entry.jaxpr_lines, entry.stablehlo_lines):
            assert lines == sorted(set(lines))
        assert entry.jaxpr_lines or entry.stablehlo_lines
