"""The README's lines, run or read as whoever copies them does; and the versions that it tells to install."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from packaging.requirements import Requirement
from typer.testing import CliRunner

from fuzzer.base.versions import FILES, ROWS
from grammar import profile
from grammar.choices import Seeded
from grammar.derive.derive import Derivation
from grammar.derive.index import Tables
from grammar.proof import interpret
from grammar.rules.notation import Productions

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

BLOCKS = [block.rstrip() for block in re.findall(r"(?m)(?:^(?: {4}.*)?\n)+", TEXT) if block.strip()]
LOADING = [block for block in BLOCKS if re.search(r"(?m)^    (from|import) ", block)]
LINES = [line.split("  #")[0].strip() for block in BLOCKS if block not in LOADING for line in block.splitlines()]
COMMANDS = [*LINES, *re.findall(r"(?m)^\| `(python [^`]+)`", TEXT)]
FUZZER = [line for command in COMMANDS for line in re.findall(r"python -m (?:fuzzer|pde)\b.*", command)]
INSTALLS = [line for command in COMMANDS for line in re.findall(r"pip install [^&]*", command)]

QUICK = [line for line in FUZZER if re.search(r" (--help|show|stats)\b", line)]
NOT_RUN = {
    r"pip install ": "fetches packages; what it names is compared with pyproject.toml",
    r"python -m (fuzzer|pde)\b": "makes or proves rows for minutes; its options are read",
    r"python -m grammar$": "proves for minutes; it has no options",
    r"#SBATCH |A=\$": "is for a scheduler",
    r"\w+/ +\w": "is a list of folders",
    r"@production|def reduce_sum|return either|$": "is a production, proved below",
}
"""Lines that are not run, and why. Whatever else is in the README is."""


def test_each_line_is_run_or_has_a_reason_not_to_be():
    rest = [line for line in COMMANDS if line not in QUICK]
    assert [line for line in rest if not any(re.match(known, line) for known in NOT_RUN)] == []


def test_what_loads_a_run_is_run_where_the_run_was_made(tmp_path: Path) -> None:
    """The folder `datasets` stands beside, where Python looks for modules first, as in the repository."""
    assert LOADING
    shutil.copytree(ROOT / "datasets" / "sample", tmp_path / "datasets" / "seed-7")
    code = re.sub(r"(?m)^    ", "", "\n".join(LOADING)) + "\nprint(next(iter(rows))['id'])"
    offline = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=offline, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first = pq.read_table(ROOT / "datasets/sample/programs/train-00000-of-00001.parquet")["id"][0].as_py()
    assert done.stdout.splitlines()[-1] == first
    assert "import jax" in done.stdout


@pytest.mark.parametrize("line", QUICK)
def test_a_command_of_a_second_is_run_of_the_sample(line: str) -> None:
    words = shlex.split(line.replace("DIR", "datasets/sample").replace("--index I", "--index 0"))
    done = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("line", FUZZER)
def test_each_command_has_the_options_that_the_readme_gives_it(line: str) -> None:
    words = shlex.split(re.sub(r"\$\(\(.*?\)\)", "50", line), comments=True)
    app = import_module(f"{words[2]}.cli" if words[2] == "fuzzer" else f"{words[2]}.__main__").app
    read = CliRunner().invoke(app, [*words[3:], "--help"])
    assert read.exit_code == 0, read.output
    assert "Usage" in read.output


def test_the_production_is_one(tmp_path: Path) -> None:
    shown = re.sub(r"(?m)^    ", "", next(block for block in BLOCKS if "@production" in block))
    path = tmp_path / "shown.py"  # for a production is read where it stands
    path.write_text(
        f"import jax.numpy as jnp\nfrom grammar.rules.notation import *\n"
        f"from grammar.values.statics import *\n{shown}\n"
    )
    production = Productions()
    exec(compile(path.read_text(), str(path), "exec"), {"production": production})
    tables = Tables([*production.values()], profile.load("default"))
    block = Derivation(tables, Seeded(0, 0)).alone(production["reduce_sum"])
    interpret.verify(block)
    interpret.verify_values(block)


def test_what_is_to_be_installed_is_what_the_project_offers():
    assert INSTALLS
    for line in INSTALLS:
        words = shlex.split(line)
        extras = {extra for word in words for names in re.findall(r"^\.\[(.*)\]$", word) for extra in names.split(",")}
        assert extras <= PROJECT["optional-dependencies"].keys()
        assert all((ROOT / path).is_file() for path in words if path.endswith(".txt"))


def test_what_the_loading_lines_import_comes_with_the_line_above_them():
    imported = set(re.findall(r"(?m)^    (?:from|import) (\w+)", "\n".join(LOADING)))
    offered = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["data"]]
    assert imported <= {"lowering", "pde", *(Requirement(text).name for text in offered)}
    assert INSTALLS[0].strip() == "pip install -e '.[data]'"
    assert any("data" in Requirement(text).extras for text in PROJECT["optional-dependencies"]["test"])


def pins(name: str) -> dict[str, str]:
    """Package -> version of a file of constraints, in which there is nothing else."""
    lines = (ROOT / "constraints" / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").iterdir()), ids=lambda path: path.stem)
def test_constraints_are_of_a_line_of_jax_that_the_project_takes(path: Path) -> None:
    pinned = pins(path.name)
    assert {*ROWS, *FILES} <= pinned.keys()
    assert pinned["jax"] == pinned["jaxlib"]
    assert f"{pinned['jax']}.".startswith(f"{path.stem.removeprefix('jax-')}.")
    for text in PROJECT["dependencies"]:
        required = Requirement(text)
        assert required.name not in pinned or pinned[required.name] in required.specifier
    assert f"-c constraints/{path.name}" in path.read_text()
    assert path.name in TEXT


def test_the_sample_was_made_under_constraints():
    made_with = json.loads((ROOT / "datasets/sample/manifest.json").read_text())["run"]["versions"]
    pinned = pins("jax-0.10.2.txt")
    assert {name: made_with[name] for name in (*ROWS, *FILES)} == {name: pinned[name] for name in (*ROWS, *FILES)}
