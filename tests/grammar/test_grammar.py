"""Proofs of a grammar: each module is proven once."""

from pathlib import Path

import grammar


def test_only_an_edited_module_is_proven_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    proven = []
    loaded = grammar.load("default")
    monkeypatch.setattr(loaded, "_prove", lambda members: proven.append({each.group for each in members}))
    loaded.check_once()
    modules = len(proven)
    assert modules > 15
    loaded.check_once()
    assert len(proven) == modules
    read = Path.read_text
    edited = lambda path, **kind: read(path, **kind) + "#" * (path.name == "linalg.py")  # noqa: E731
    monkeypatch.setattr(Path, "read_text", edited)
    loaded.check_once()
    assert proven[modules:] == [{"linalg"}]
