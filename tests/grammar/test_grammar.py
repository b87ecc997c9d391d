"""Proofs of a grammar: each module is proven once."""

import subprocess
import sys
from pathlib import Path

import jax
import pytest

import grammar
from grammar.proof import proofs
from grammar.proof.proofs import Proofs


@pytest.fixture
def proven(tmp_path, monkeypatch):
    """A grammar that nobody has proven yet, and the groups that are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(proofs, "_NOTED", tmp_path / "proved.txt")
    loaded, seen = grammar.load("default"), []
    monkeypatch.setattr(loaded, "_prove", lambda members: seen.append({each.group for each in members}))
    return loaded, seen


def edit(monkeypatch, name, added=b"\nADDED = 1\n"):
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + added * (path.name == name))


CORE = (
    "choices.py",
    "values/dims.py",
    "values/types.py",
    "text/printer.py",
    "rules/notation.py",
    "rules/production.py",
    "derive/graph.py",
    "write/names.py",
    "proof/interpret.py",
    "productions/linalg.py",
)


@pytest.mark.parametrize("path", CORE)
def test_a_comment_changes_no_digest_and_proves_nothing(path, proven, monkeypatch):
    loaded, seen = proven
    assert (Path(grammar.__file__).parent / path).is_file()
    Proofs().note(loaded.modules)
    digest = grammar.load("default").digest
    edit(monkeypatch, path.rpartition("/")[2], b"\n# A remark.\n")
    loaded.check_once()
    assert not seen
    assert grammar.load("default").digest == digest


@pytest.mark.parametrize("path", [path for path in CORE if not path.startswith("proof")])
def test_an_edit_of_what_decides_programs_changes_the_digest(path, monkeypatch):
    digest = grammar.load("default").digest
    edit(monkeypatch, path.rpartition("/")[2])
    assert grammar.load("default").digest != digest


def test_only_an_edited_module_is_proven_again(proven, monkeypatch):
    loaded, seen = proven
    loaded.check_once()
    modules = len(seen)
    assert modules > 15
    loaded.check_once()
    assert len(seen) == modules
    edit(monkeypatch, "linalg.py")
    loaded.check_once()
    assert seen[modules:] == [{"linalg"}]


def test_what_was_proven_before_the_release_is_not_proven_again(proven, monkeypatch):
    loaded, seen = proven
    Proofs().note(loaded.modules)
    loaded.check_once()
    assert not seen
    edit(monkeypatch, "linalg.py")
    loaded.check_once()
    assert seen == [{"linalg"}]


def test_a_module_that_lends_rules_is_part_of_the_proof(proven, monkeypatch):
    loaded, seen = proven
    Proofs().note(loaded.modules)
    edit(monkeypatch, "shaping.py")
    loaded.check_once()
    assert {"tracetime"} in seen


def test_a_proof_of_all_says_that_it_takes_a_while(proven, monkeypatch, caplog):
    loaded, seen = proven
    loaded.check_once()
    assert caplog.messages == [f"proving {len(seen)} modules of productions, once for this JAX: a minute or so"]
    edit(monkeypatch, "linalg.py")
    loaded.check_once()
    assert len(caplog.messages) == 1


def test_notes_that_cannot_be_read_or_written(proven, monkeypatch, tmp_path):
    loaded, seen = proven
    proofs._NOTED.write_bytes(b"\xff\n")
    loaded.check_once()
    assert len(seen) == len(loaded.modules)
    monkeypatch.setattr(proofs, "_NOTED", tmp_path / "missing" / "proved.txt")
    with pytest.raises(grammar.UserError, match=r"all productions are proven, but .* cannot be written \(No such"):
        Proofs().note(loaded.modules)


def test_this_grammar_was_proven_as_it_is():
    """With a JAX that is not in the file each machine proves it."""
    noted = (Path(grammar.__file__).with_name("proof") / "proved.txt").read_text()
    if f"{jax.__version__} " not in noted:
        pytest.skip(f"it was released without proofs for JAX {jax.__version__}")
    lines = {Proofs()._line(module) for module in grammar.load("default").modules}
    assert lines <= set(noted.splitlines()), "make it again: python .ci/remake.py"


def test_a_fault_is_one_sentence_with_file_and_line(tmp_path):
    code = """
import jax.numpy as jnp
from grammar.productions.reductions import production
from grammar.rules.notation import Array, Float

@production(weight=1)
def wrong(x: Float[Array, "n *s"]) -> Float[Array, "*s"]:
    return jnp.cumsum(x, axis=0)

from grammar.__main__ import main
main()
"""
    script = tmp_path / "mine.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "mine.py:6" in done.stderr
    assert "it declares" in done.stderr


def test_proofs_under_another_jax_stay_if_they_still_hold(proven):
    loaded, _ = proven
    module, *others = loaded.modules
    Proofs("9.9.9").note([module])
    right = proofs._NOTED.read_text()
    proofs._NOTED.write_text(right + f"9.9.9 {others[0].name} {'0' * 32}\n9.9.9 gone.py {'0' * 32}\n")
    Proofs().note(loaded.modules)
    lines = proofs._NOTED.read_text().splitlines()
    assert [line for line in lines if line.startswith("9.9.9 ")] == right.splitlines()
    assert len(lines) == len(loaded.modules) + 1
