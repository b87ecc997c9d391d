"""What a run depends on: the versions that change bytes, and no others; and the way back to them."""

from __future__ import annotations

import errno
import re
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import contents, make

from fuzzer.base import versions as of_versions
from fuzzer.base.errors import RunError
from fuzzer.base.versions import FILES, OWN, ROWS, remedy, unlike, versions
from processes.errors import UserError

SMALL: dict[str, Any] = {"shards": 2, "rows_per_shard": 2}
NAMES = (*ROWS, *FILES)
LOSS = re.compile(r"remove|delete|\brm\b|start over", re.IGNORECASE)


def pretend(monkeypatch: pytest.MonkeyPatch, **found: str) -> None:
    """Other packages, as far as a run can see."""

    def version(name: str) -> str:
        return found.get(name.replace("-", "_")) or metadata.version(name)

    monkeypatch.setattr(of_versions, "version", version)


def stop_half_way(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr("fuzzer.run.maker.write_shard", full)
        with pytest.raises(RunError, match="no space left"):
            make(out, **SMALL)


def test_all_that_is_installed_but_what_changes_bytes_may_be_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, whole = tmp_path / "run", tmp_path / "whole"
    make(whole, **SMALL)
    stop_half_way(out, monkeypatch)
    others = {each.name.replace("-", "_") for each in metadata.distributions()} - set(NAMES)
    assert {"numpy", "ml_dtypes", "rich"} <= others
    pretend(monkeypatch, **dict.fromkeys(others, "99.9"))
    make(out, **SMALL)
    assert contents(out) == contents(whole)


@pytest.mark.parametrize("name", NAMES)
def test_another_package_that_changes_bytes_is_refused_with_what_cures_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    out, here_is = tmp_path / "run", metadata.version(name)
    make(out, **SMALL)
    before = contents(out)
    pretend(monkeypatch, **{name: "99.9"})
    with pytest.raises(UserError) as refused:
        make(out, **SMALL)
    said = str(refused.value)
    assert f"{name} ({here_is}, not 99.9)" in said
    assert f'`pip install "{name}=={here_is}"`' in said
    assert not LOSS.search(said)
    assert contents(out) == before


def test_another_python_is_refused_with_all_its_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, made_with = tmp_path / "run", versions()
    make(out, **SMALL)
    monkeypatch.setattr(sys, "version_info", (3, 99, 1, "final", 0))
    with pytest.raises(UserError) as refused:
        make(out, **SMALL)
    pins = " ".join(f'"{name}=={made_with[name]}"' for name in NAMES)
    assert f"use Python {made_with['python']}, `pip install {pins}`" in str(refused.value)
    assert "repeat its options" not in str(refused.value)


def test_what_differs_beside_versions_is_said_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, **SMALL)
    with pytest.raises(UserError, match=r"to go on with that run, repeat its options$"):
        make(tmp_path, shards=2, rows_per_shard=3)
    pretend(monkeypatch, jax="99.9")
    with pytest.raises(UserError, match=r'`pip install "jax==.*"` and repeat its options$'):
        make(tmp_path, shards=2, rows_per_shard=3)


def test_a_machine_of_a_cluster_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _run = pytest.importorskip("fuzzer.executors.ray")._run
    expected = versions()
    pretend(monkeypatch, jax="99.9", numpy="99.9")
    result, error = _run(print, (), 9.0, 2**30, expected)
    assert result is None
    assert str(error) == (f'a machine of the cluster has jax 99.9: there, `pip install "jax=={expected["jax"]}"`')


def test_a_patch_of_python_is_no_other_python(monkeypatch: pytest.MonkeyPatch) -> None:
    before = versions()
    monkeypatch.setattr(sys, "version_info", (*sys.version_info[:2], 99, "final", 0))
    assert versions() == before


def test_what_an_earlier_release_noted_asks_for_that_release() -> None:
    old = {name: version for name, version in versions().items() if name != "python"} | {"numpy": "2.4.6"}
    assert remedy(old) == f"take the release of {OWN} that made it ({versions()[OWN]})"
    assert unlike(old)
    assert remedy({}) == f"take the release of {OWN} that made it (unknown)"


NAMED = st.sampled_from((*NAMES, "python", OWN, "numpy", "1"))
FOUND = st.text(max_size=9) | st.sampled_from(("1.2.3rc1", "0.1`", '0.1"', "0.1;ls", "1!2", "0.1 x", "unknown"))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMED, FOUND))
def test_nothing_that_a_manifest_says_reaches_a_shell_but_versions(made_with: dict[str, str]) -> None:
    for command in re.findall(r"`(pip install [^`]*)`", remedy(made_with)):
        _, _, *pins = shlex.split(command)
        assert pins
        for pin in pins:
            name, _, version = pin.partition("==")
            assert name in NAMES
            assert made_with[name] == version
