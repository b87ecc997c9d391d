"""Every code line of the README runs from the repository's root, or is named here with why it does not."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import fuzzer.cli
import grammar.__main__
import pde.__main__

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
SAMPLE = "datasets/sample"

SHOWN = """
for name in pip pytest python; do eval "$name() { printf '%s\\n' \\"$name \\${*@Q}\\" >> '$TOLD'; }"; done
"""
"""A shell in which commands that take long, or install, only tell with what they were called."""

NOT_RUN = {
    "pip": "installs; that its extras, constraints and folder are there is looked at",
    "pytest": "runs this test",
    "fuzzer": "makes a run of 10,000 rows, or needs a cluster, S3 or parts; its options are parsed",
    "fuzzer merge": "needs the parts of other jobs; its options are parsed",
    "fuzzer verify": "takes a minute; its options are parsed",
    "fuzzer bench": "takes a minute; its options are parsed",
    "fuzzer coverage": "takes a minute; its options are parsed",
    "grammar": "takes a minute, and writes into the grammar; its options are parsed",
    "pde solve": "takes half a minute; its options are parsed",
    "pde validate": "takes an hour; its options are parsed",
    "pde bench": "takes minutes; its options are parsed",
}
"""Commands of the README that are not run, and why."""

APPS: dict[str, typer.Typer] = {"fuzzer": fuzzer.cli.app, "grammar": grammar.__main__.app, "pde": pde.__main__.app}


def blocks() -> list[str]:
    """The indented blocks, without their indentation."""
    found = re.findall(r"(?:(?<=\n\n)|^)((?: {4}.*\n)(?:(?: {4}.*)?\n)*)", README)
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE).strip() for block in found]


def starting(*words: str) -> list[str]:
    return [block for block in blocks() if block.split()[0] in words]


SHELL = starting("pip", "python", "#SBATCH")
PYTHON = starting("from", "import")
PRODUCTIONS = starting("@production(weight=2,")
FOLDERS = starting("grammar/")


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert len(SHELL) >= 4
    assert len(PYTHON) == len(PRODUCTIONS) == len(FOLDERS) == 1
    assert sorted(blocks()) == sorted([*SHELL, *PYTHON, *PRODUCTIONS, *FOLDERS])
    indented = [line for line in README.splitlines() if line.startswith("    ") and line.strip()]
    assert len(indented) == sum(bool(line.strip()) for block in blocks() for line in block.splitlines())
    assert "```" not in README


@pytest.mark.parametrize("block", PYTHON)
def test_the_lines_that_load_a_run(block: str, tmp_path: Path) -> None:
    """From the root, where a folder of ours has the name of Hugging Face's library; of the sample, not of 20 shards."""
    lines = block.replace("datasets/seed-7", SAMPLE)
    assert lines.count(SAMPLE) == 2
    asked = f"{lines}\nprint(next(iter(rows))['jaxpr'][:10])"
    environment = os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    done = subprocess.run([sys.executable], input=asked, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "source" in done.stdout
    assert "{ lambda" in done.stdout


def told(script: str, folder: Path) -> Iterator[list[str]]:
    """The commands that a script comes to, with their arguments as the shell gives them."""
    told = folder / "told"
    environment = os.environ | {"TOLD": str(told), "SLURM_ARRAY_TASK_ID": "3"}
    subprocess.run(["bash", "-euc", SHOWN + script], cwd=folder, env=environment, check=True)
    return (shlex.split(line) for line in told.read_text().splitlines())


def command(words: list[str]) -> str:
    """Its name in NOT_RUN: `fuzzer merge`."""
    if words[0] != "python":
        return words[0]
    assert words[1] == "-m"
    subcommand = words[3:4] if words[3:4] and not words[3].startswith("-") else []
    return " ".join([words[2], *subcommand])


def parse(app: typer.Typer, words: list[str]) -> None:
    """Raises what the command line would say of its arguments."""
    main: Any = typer.main.get_command(app)
    context = main.make_context("main", list(words))
    if getattr(main, "commands", None) and (rest := [*context._protected_args, *context.args]):
        name, inner, rest = main.resolve_command(context, rest)
        inner.make_context(name, rest, parent=context)


def installable(words: list[str]) -> None:
    """`pip install` of ours: its extras are declared, its files there."""
    assert words[:3] == ["pip", "install", "-e"]
    extras = re.fullmatch(r"\.(?:\[([\w,]+)\])?", words[3])
    assert extras
    assert set(filter(None, (extras[1] or "").split(","))) <= EXTRAS.keys()
    assert words[4:5] in ([], ["-c"])
    assert all((ROOT / file).is_file() for file in words[5:])


@pytest.mark.parametrize("block", SHELL)
def test_the_lines_of_a_shell(block: str, tmp_path: Path) -> None:
    commands = list(told(block, tmp_path))
    assert len(commands) == len(re.findall(r"(?:^|&& )(?:pip|python|pytest)\b", block, re.MULTILINE))
    for words in commands:
        assert command(words) in NOT_RUN
        if words[0] == "pip":
            installable(words)
        elif words[0] == "python":
            parse(APPS[words[2]], words[3:])


def test_an_array_of_jobs_makes_all_blocks(tmp_path: Path) -> None:
    (block,) = (block for block in SHELL if block.startswith("#SBATCH"))
    made, merged = told(block, tmp_path)
    assert made[-4:] == ["--block-range", "150:200", "--out", "parts/3"]
    assert merged[-2:] == ["--out", "datasets/seed-7"]


def table() -> list[str]:
    """The commands of the table of commands, with what stands for others in its row: `solve`, `validate`."""
    rows = re.findall(r"^\| (`python -m .*?) \|", README, re.MULTILINE)
    found: list[str] = []
    for row in rows:
        first, *others = re.findall(r"`(.*?)`", row)
        found += [first, *(f"{first.rpartition(' ')[0]} {other}" for other in others)]
    return found


@pytest.mark.parametrize("line", table())
def test_the_commands_of_the_table(line: str) -> None:
    words = shlex.split(line.replace("DIR...", SAMPLE).replace("DIR", SAMPLE).replace("OUT", "out").replace(" I", " 0"))
    if command(words) in NOT_RUN and words[3:] != ["--help"]:
        parse(APPS[words[2]], words[3:])
        return
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("block", PRODUCTIONS)
def test_the_production(block: str, tmp_path: Path) -> None:
    """It is declared as it stands, with what the modules of productions import."""
    names = "Array, Num, SignOf, Static, either, production"
    module = tmp_path / "readme_production.py"
    module.write_text(f"import jax.numpy as jnp\nfrom grammar.notation import {names}\n\n\n{block}\n")
    check = "import importlib.util as u; s = u.spec_from_file_location('readme_production', {!r})"
    check += "; m = u.module_from_spec(s); s.loader.exec_module(m); print(m.reduce_sum)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    asked = [sys.executable, "-c", check.format(str(module))]
    done = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", FOLDERS)
def test_the_folders(block: str) -> None:
    named = [line.split()[0] for line in block.splitlines()]
    assert all((ROOT / folder).is_dir() for folder in named)
