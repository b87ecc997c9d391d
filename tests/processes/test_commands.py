"""What all commands answer to what they cannot read, to `--version` and to `--help`, and how they count."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes import __version__
from processes.commands import LONGEST, counted, one_line

ROOT = Path(__file__).parents[2]
COMMANDS = ("fuzzer", "grammar", "pde")


def say(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_version_help_and_a_mistake(command: str) -> None:
    assert say(command, "--version") == (0, f"jit-synthesis {__version__}\n", "")
    status, said, _ = say(command, "--help")
    assert status == 0
    assert "Exit status: 0 if all is well; 1 if a check failed; 2 if" in said
    status, said, wrong = say(command, "--no-such-option")
    assert (status, said) == (2, "")
    assert (
        wrong == f"{command}: no such option: --no-such-option: `python -m {command} --help` says what can be given\n"
    )


UNREADABLE: dict[tuple[str, ...], str] = {
    ("fuzzer", "--shards", "1e9", "--seed", "3"): "--shards is '1e9' but must be a whole number",
    ("fuzzer", "--shards", "3", "--seed=0x10"): "--seed is '0x10' but must be a whole number",
    ("fuzzer", "--block-seconds", "soon"): "--block-seconds is 'soon' but must be a number",
    ("fuzzer", "--rows-per-shard", "1" * 10_000): f"--rows-per-shard is '{'1' * 79}",
    ("fuzzer", "verify", "run", "--rows", "x: 'y'"): "--rows is \"x: 'y'\" but must be a whole number",
    ("pde", "solve", "--n", "many"): "--n is 'many' but must be a whole number",
}


@pytest.mark.parametrize("given", UNREADABLE, ids=lambda given: " ".join(given)[:40])
def test_a_value_that_cannot_be_read(given: tuple[str, ...]) -> None:
    status, said, wrong = say(*given)
    assert (status, said) == (2, "")
    assert wrong.startswith(f"{given[0]}: {UNREADABLE[given]}")
    assert "--help` says what can be given" in wrong
    assert (wrong.count("\n"), len(wrong) < 250) == (1, True)


@given(st.integers(0, 10**12), st.sampled_from(["row", "duplicate", "valid combination"]))
def test_one_of_a_thing_and_many(number: int, thing: str) -> None:
    text = counted(number, thing)
    assert text.endswith("s") == (number != 1)
    assert int(text.split(" ")[0].replace(",", "")) == number


def test_what_another_program_says_keeps_its_beginning_and_its_end() -> None:
    assert one_line("Invalid:\n  column 'x'  is short\n") == "Invalid: column 'x' is short"
    assert one_line("<function f at 0x7f1d8a3b> failed") == "<function f> failed"
    long = one_line("begin " + "more " * 1000 + "\nbecause of the end")
    assert long.startswith("begin more")
    assert " ... " in long
    assert long.endswith("because of the end")
    assert len(long) == LONGEST + len(" ... ")
