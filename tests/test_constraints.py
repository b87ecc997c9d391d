"""The versions with which runs are made again are such as the project takes, and those of the sample."""

from __future__ import annotations

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fuzzer.versions import FILES, ROWS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = sorted((ROOT / "constraints").glob("*.txt"))


def pins(path: Path) -> dict[str, str]:
    """Package -> version of a file that holds nothing but exact ones, each once, in order."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines == sorted(set(lines))
    found = [line.split("==") for line in lines]
    assert all(len(pin) == 2 and canonicalize_name(pin[0]) == pin[0] for pin in found)
    return dict(found)


def test_there_is_one_for_each_line_of_jax() -> None:
    assert [path.stem for path in LINES] == ["jax-0.10", "jax-0.12"]
    for path in LINES:
        assert f"jax-{'.'.join(pins(path)['jax'].split('.')[:2])}" == path.stem
        assert f"-c constraints/{path.name}" in path.read_text().splitlines()[0]


@pytest.mark.parametrize("path", LINES, ids=lambda path: path.stem)
def test_they_are_what_the_project_takes(path: Path) -> None:
    found = pins(path)
    for requirement in map(Requirement, PROJECT["dependencies"]):
        assert requirement.specifier.contains(found[canonicalize_name(requirement.name)]), requirement
    assert {*ROWS, *FILES} <= found.keys()


def test_the_sample_is_made_again_with_those_of_its_jax() -> None:
    made_with = json.loads((ROOT / "datasets/sample/manifest.json").read_text())["run"]["versions"]
    (path,) = (path for path in LINES if pins(path)["jax"] == made_with["jax"])
    found = pins(path)
    assert {name: made_with[name] for name in (*ROWS, *FILES)} == {name: found[name] for name in (*ROWS, *FILES)}


def test_they_leave_no_package_open_that_a_run_needs() -> None:
    here = metadata.version("jax")
    found = next((pins(path) for path in LINES if pins(path)["jax"] == here), pins(LINES[-1]))
    waiting, seen = [Requirement(each) for each in PROJECT["dependencies"]], set[str]()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        waiting += [Requirement(each) for each in metadata.requires(name) or []]
    assert seen <= found.keys()
