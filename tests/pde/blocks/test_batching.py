"""Every block says what stands for it in a batch, and what stands for it takes the same arrays and bindings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import pde.blocks
import pde.blocks.batch
from pde.blocks import batching, members
from pde.blocks.batching import FORMS, Block, Form, batch_of, form_of, single_only

NO_BLOCKS = {batching.__name__, members.__name__}


def _functions(package: str, path: list[str]) -> Iterator[Block]:
    for found in pkgutil.iter_modules(path, f"{package}."):
        if not found.ispkg and found.name not in NO_BLOCKS:
            module = importlib.import_module(found.name)
            yield from (f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == found.name)


BLOCKS = list(_functions("pde.blocks", list(pde.blocks.__path__)))
TWINS = list(_functions("pde.blocks.batch", list(pde.blocks.batch.__path__)))
PAIRS = [(block, form) for block, form in FORMS.items() if form is not None]


def _arrays(block: Block) -> list[str]:
    return [p.name for p in inspect.signature(block).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]


def _bindable(block: Block, all_: bool = True) -> set[str]:
    parameters = inspect.signature(block).parameters.values()
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY and (all_ or p.default is p.empty)}


def test_every_block_says_what_stands_for_it_in_a_batch() -> None:
    assert len(BLOCKS) >= 250
    assert {f"{b.__module__}.{b.__name__}" for b in BLOCKS if b not in FORMS} == set()
    assert set(FORMS) <= set(BLOCKS)


def test_every_twin_stands_for_one_block() -> None:
    stand_ins = [form.block for block, form in PAIRS if form.block is not block]
    assert sorted(f.__name__ for f in TWINS) == sorted(f.__name__ for f in stand_ins)
    assert set(TWINS) == set(stand_ins)


@pytest.mark.parametrize(("block", "form"), PAIRS, ids=lambda x: getattr(x, "__name__", ""))
def test_a_form_takes_the_arrays_and_the_bindings_of_its_block(block: Block, form: Form) -> None:
    assert _arrays(form.block) == _arrays(block)
    assert _bindable(block, False) <= _bindable(form.block)
    assert _bindable(form.block, False) <= _bindable(block, False) | set(form.bound)
    assert set(form.bound) <= _bindable(form.block)


def test_bindings_of_a_batch_differ_from_those_of_one_right_hand_side() -> None:
    for block, form in PAIRS:
        defaults = inspect.signature(form.block).parameters
        assert all(defaults[name].default != value for name, value in form.bound.items()), block.__name__


def test_a_block_that_has_not_declared_itself_is_no_block_without_a_form() -> None:
    def plain() -> None: ...

    with pytest.raises(TypeError, match="block plain does not say what stands for it"):
        form_of(plain)


def test_two_declarations_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "FORMS", {})

    def alone() -> None: ...

    single_only(alone)
    assert form_of(alone) is None
    with pytest.raises(TypeError, match="block alone has two forms"):
        batch_of(alone)(alone)
