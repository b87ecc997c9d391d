"""How a command ends: by itself, when it is told to, or because nobody reads what it prints.

It is told to by Ctrl-C (SIGINT), by a scheduler (SIGTERM), or with its terminal (SIGHUP). From `listen`, which is a
command's first call, one of these signals, or many, end the process with one sentence and status 128 + number of the
first (130, 143, 129), after `SECONDS` and a little at the latest. A signal that the parent process had ignored
(`nohup`, a shell's background job) stays ignored.

No handler raises an exception. It would get lost in a callback of the garbage collector, be printed by a destructor,
or tear what just closes files and processes. Instead a thread hears of the signal through a pipe, whatever Python code
or library the main thread is in, and ends the process; only while something is held that has to be given back in
order (`in_order`: a folder's lock, worker processes) it leaves that to the main thread, which learns of it where it
waits (`awaited`, `check`), by the exception `Stopped`, and waits no longer than `SECONDS` for it.

Out of reach: before `listen`, while Python itself starts, and where a library holds Python's lock for seconds.
A process that never calls `listen`, such as a notebook, keeps its own handlers, and gets KeyboardInterrupt from these.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from processes import streams

if TYPE_CHECKING:  # what is imported here is not heard yet, so it is as little as can be
    from collections.abc import Callable, Generator
    from concurrent.futures import Future

R = TypeVar("R")

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))

SECONDS = 4.0
"""What is held has so long to be given back."""

ASKED = 0.25
"""Seconds between two looks at whether to stop, for whoever waits."""

UNREAD: Final = 141
"""Status of a command whose output nobody reads any more (`| head`): 128 + SIGPIPE, as any other's."""

CLEAN = "\r\x1b[2K\x1b[?25h"
"""Erases the line of a progress bar and shows the cursor that it hid."""


class Stopped(BaseException):
    """This process was told to stop. No KeyboardInterrupt, for which libraries have sentences of their own."""


class _State:
    """Of this process: signals are the process's, so this is too."""

    listening = False
    sentence = "stopped"
    signal = 0
    """Number of the first signal; 0 before it."""
    blocks = 0
    """How many `in_order` blocks the main thread is in."""


_state = _State()
_last_word = threading.Lock()
"""Whoever ends the process takes it, and does not give it back."""


def listen(name: str) -> None:
    """From now on signals end this process; `name` begins the sentence. Once called, more calls change nothing.

    A thread other than the main one cannot listen, and Windows tells no thread of a signal: there, signals do what they
    do in any Python program.
    """
    if _state.listening or os.name != "posix" or threading.current_thread() is not threading.main_thread():
        return
    streams.present()
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if before[number] != signal.SIG_IGN:
            signal.signal(number, _note)
    say(f"{name}: stopped")
    try:
        threading.Thread(target=_watch, args=[read], name="signals", daemon=True).start()
    except RuntimeError:  # no thread can be had
        for number in SIGNALS:
            signal.signal(number, before[number])
        return
    _state.listening = True


def say(sentence: str) -> None:
    """What is said from now on when a signal ends this process."""
    _state.sentence = " ".join(sentence.splitlines())


def _note(number: int, frame: object) -> None:
    _state.signal = _state.signal or number


def _watch(read: int) -> None:
    while (number := os.read(read, 1)[0]) not in SIGNALS:  # a library may have handlers of others
        pass
    _note(number, None)
    _await_blocks(time.monotonic() + SECONDS)
    _end()


def _await_blocks(latest: float) -> None:
    """Waits until nothing is held that has to be given back, and nobody else ends the process; but no longer."""
    while _state.blocks and time.monotonic() < latest:
        time.sleep(0.01)
    _last_word.acquire(timeout=max(0.0, latest - time.monotonic()))


@contextmanager
def in_order() -> Generator[None]:
    """A block that is left in order, by `Stopped`, when the process is told to stop; see `check`."""
    check()
    _state.blocks += 1
    try:
        yield
    finally:
        check()  # and stays in it: the main thread is on its way to `finish`
        _state.blocks -= 1


def check() -> None:
    """Raises Stopped if this process was told to stop."""
    if _state.signal:
        raise Stopped


def awaited(future: Future[R]) -> R:
    """The result of a future; Stopped if this process is told to stop before it is there."""
    from concurrent.futures import wait  # whoever has a future has imported this; commands that have none need not

    check()
    while not wait([future], ASKED).done:
        check()
    check()
    return future.result()


def command(name: str, answer: Callable[[], tuple[int, str]]) -> NoReturn:
    """Runs a command from beginning to end. `answer` does its work and gives the exit status, and what was wrong.

    Ends with status 2 and a sentence where a file or a stream cannot be read or written, 141 in silence where nobody
    reads any more what it prints.
    """
    listen(name)
    try:
        status, wrong = answer()
    except Stopped:
        status, wrong = 0, ""  # it has a status and a sentence already
    except OSError as error:
        status, wrong = _unwritten(error)
    except (MemoryError, ImportError, RuntimeError) as error:
        status, wrong = _unfit(error)
    except SystemExit as left:  # typer's, of a pipe that is closed
        broken = isinstance(left.__context__, BrokenPipeError)
        status, wrong = (UNREAD if broken else int(left.code or 0)), ""
    # What others wrote may stand in it, line breaks too.
    finish(status, name, " ".join(wrong.splitlines()))


def _unwritten(error: OSError) -> tuple[int, str]:
    if isinstance(error, BrokenPipeError):
        return UNREAD, ""
    place = repr(error.filename) if error.filename else "what is printed"
    return 2, f"{place} cannot be read or written ({error.strerror}): mend that, then try again"


NO_THREAD = "can't start new thread"
"""What Python says where the system lets a process have no more of them, or no memory for the stack of one."""


def _unfit(error: MemoryError | ImportError | RuntimeError) -> tuple[int, str]:
    """What is said where memory, a thread, or a library that is there, does not fit into what this process may have."""
    from importlib.machinery import EXTENSION_SUFFIXES

    if isinstance(error, ImportError) and not str(error.path).endswith(tuple(EXTENSION_SUFFIXES)):
        raise error
    if isinstance(error, RuntimeError) and str(error) != NO_THREAD:
        raise error
    from processes import limits

    why = str(error) or "no memory is left"
    return 2, f"{why}: the limits of this process are {limits.listing()}; raise what is too small and start again"


def finish(status: int, name: str = "", wrong: str = "") -> NoReturn:
    """Ends a command with a status, and a sentence where something was wrong; or, if a signal came first, as that says.

    Nothing runs after it in a process that listens: an interpreter that winds up can be interrupted for a while yet.
    """
    if _state.listening:
        _last_word.acquire()
    try:
        sys.stdout.flush()
    except OSError as error:
        status, wrong = (status, wrong) if status else _unwritten(error)
    if _state.signal:
        _end()
    if wrong:
        with suppress(OSError):
            print(f"{name}: {wrong}", file=sys.stderr, flush=True)
    if not _state.listening:
        sys.exit(status)
    os._exit(status)


def _end() -> NoReturn:
    """Takes the processes along that were started here, and says why."""
    if started := sys.modules.get("processes.spawning"):
        started.kill()
    streams.tell(f"{CLEAN if os.isatty(2) else ''}{_state.sentence}\n")
    os._exit(128 + _state.signal)
