"""How commands end, whatever they are in the middle of, and whatever streams they have."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from processes import ending

ROOT = Path(__file__).parent.parent.parent
BEGINNING = """
import gc, os, signal, sys, time
from processes import ending
ending.listen("name")
ending.listen("another name")
"""
FOREVER = 'print("ready", flush=True)\nwhile True:\n    time.sleep(0.1)\n'


def begin(script: str, *before: str, **given: object) -> subprocess.Popen[str]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | given
    return subprocess.Popen(
        [*before, sys.executable, "-c", BEGINNING + script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)],
        **streams,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_status_is_the_first_signals(number: signal.Signals) -> None:
    going = begin(FOREVER)
    assert going.stdout
    assert going.stdout.readline() == "ready\n"
    going.send_signal(number)
    time.sleep(0.01)
    going.send_signal(signal.SIGTERM)
    assert going.communicate(timeout=60)[1] == "name: stopped\n"
    assert going.returncode == 128 + number


MOMENTS = {
    "a callback of the collector": """
def struck(phase, info):
    os.kill(os.getpid(), signal.SIGINT)
gc.callbacks.append(struck)
gc.collect()
gc.callbacks.remove(struck)
""",
    "a destructor": """
class Struck:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
Struck()
""",
    "a handler of exceptions": """
try:
    raise ValueError
except BaseException:
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
    except BaseException:
        pass
""",
    "a lock that is not released": """
import threading
lock = threading.Lock()
lock.acquire()
os.kill(os.getpid(), signal.SIGINT)
lock.acquire()
""",
    "what is held": """
with ending.in_order():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
""",
    "another's handler": """
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.1)
os.kill(os.getpid(), signal.SIGINT)
""",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_signal_is_lost_in(moment: str) -> None:
    going = begin(MOMENTS[moment] + FOREVER)
    assert going.communicate(timeout=60)[1] == "name: stopped\n"
    assert going.returncode == 130


def test_what_is_held_is_given_back() -> None:
    script = """
from concurrent.futures import Future
def work():
    with ending.in_order():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            ending.awaited(Future())
        finally:
            print("given back")
ending.command("name", work)
"""
    going = begin(script)
    assert going.communicate(timeout=60) == ("given back\n", "name: stopped\n")
    assert going.returncode == 143


def test_a_signal_that_is_ignored_stays_so() -> None:
    script = 'os.kill(os.getpid(), signal.SIGHUP)\ntime.sleep(0.2)\nending.command("name", lambda: (3, "wrong"))'
    going = begin(script, "sh", "-c", 'trap "" HUP; exec "$0" "$@"')
    assert going.communicate(timeout=60)[1] == "name: wrong\n"
    assert going.returncode == 3


def test_nobody_reads_what_is_said() -> None:
    read, write = os.pipe()
    while select.select([], [write], [], 0)[1]:
        os.write(write, bytes(select.PIPE_BUF))
    going = begin(FOREVER, stderr=write)
    assert going.stdout
    assert going.stdout.readline() == "ready\n"
    going.send_signal(signal.SIGTERM)
    assert going.wait(timeout=60) == 143
    os.close(read)
    os.close(write)


COMMAND = 'def answer():\n    print("words " * 5)\n    return 0, ""\nending.command("name", answer)'


@pytest.mark.parametrize("flush", [False, True])
def test_nobody_reads_what_is_printed(flush: bool) -> None:
    read, write = os.pipe()
    os.close(read)
    going = begin(COMMAND.replace('" * 5', f'" * 5, flush={flush}'), stdout=write)
    os.close(write)
    assert going.communicate(timeout=60)[1] == ""
    assert going.returncode == 141


@pytest.mark.parametrize("flush", [False, True])
def test_what_is_printed_has_no_room(flush: bool) -> None:
    with Path("/dev/full").open("w") as full:
        going = begin(COMMAND.replace('" * 5', f'" * 5, flush={flush}'), stdout=full)
    said = going.communicate(timeout=60)[1]
    assert said.startswith("name: what is printed cannot be read or written (No space left on device)")
    assert said.count("\n") == 1
    assert going.returncode == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_a_file_never_gets_the_number_of_a_stream(closed: str, tmp_path: Path) -> None:
    """Or what is said at the end would be written into it."""
    script = f"""
file = open({str(tmp_path / "file")!r}, "wb")
assert file.fileno() > 2
print("out")
print("err", file=sys.stderr)
assert sys.stdin is not None
os.kill(os.getpid(), signal.SIGINT)
time.sleep(60)
"""
    going = begin(script, "sh", "-c", f'exec "$0" "$@" {closed}')
    going.communicate(timeout=60)
    assert going.returncode == 130
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ('MemoryError("")', "name: no memory is left: the limits of this process are "),
        (
            'ImportError("libx.so: cannot map", path="x" + EXTENSION_SUFFIXES[0])',
            "name: libx.so: cannot map: the limits",
        ),
        ('ImportError("cannot import name", path="x.py")', "Traceback"),
        ('ModuleNotFoundError("No module named x")', "Traceback"),
    ],
)
def test_what_does_not_fit_is_told_with_the_limits(fault: str, told: str) -> None:
    script = f"""
from importlib.machinery import EXTENSION_SUFFIXES
def answer():
    raise {fault}
ending.command("name", answer)
"""
    done = begin(script)
    said = done.communicate(timeout=60)[1]
    assert said.startswith(told), said
    assert (done.returncode == 2) == ("Traceback" not in said)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (ending.NO_THREAD, "can't start new thread: the limits of this process are"),
        ("a fault", "RuntimeError: a fault"),
    ],
)
def test_a_thread_that_cannot_be_had_is_a_sentence_and_other_faults_are_none(wrong: str, said: str) -> None:
    code = (
        f"from processes import ending\ndef answer():\n    raise RuntimeError({wrong!r})\nending.command('x', answer)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == (2 if wrong == ending.NO_THREAD else 1)
    assert said in done.stderr.splitlines()[-1]
    assert ("Traceback" in done.stderr) is (wrong != ending.NO_THREAD)
