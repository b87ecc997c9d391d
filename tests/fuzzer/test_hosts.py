"""`run()` from wherever Python code is typed, piped or packed: workers start without the script that started them."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
import zipapp
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from runs import HERE, ROOT, contents

SCRIPT = """
import sys
sys.path[:0] = {paths!r}
from fuzzer.base.options import Limits
from fuzzer.executors.local import local
from runs import make
make({out!r}, start=local, limits=Limits(workers=1))
"""


def script(out: Path) -> str:
    return SCRIPT.format(paths=[str(HERE), str(ROOT)], out=str(out))


def python(*arguments: str, said: str = "", **streams: int) -> None:
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    done = subprocess.run([sys.executable, *arguments], input=said or None, text=True, **given)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def from_a_file(text: str, folder: Path) -> None:
    (folder / "unguarded.py").write_text(text)
    python(str(folder / "unguarded.py"))


def from_standard_input(text: str, folder: Path) -> None:
    python("-", said=text)


def from_a_module(text: str, folder: Path) -> None:
    """Of a name that Python's own library has, too: a worker that ran it again would not find its own."""
    (folder / "queue_of_runs").mkdir()
    (folder / "queue_of_runs" / "__main__.py").write_text(text)
    done = subprocess.run([sys.executable, "-m", "queue_of_runs"], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def from_a_zipped_application(text: str, folder: Path) -> None:
    (folder / "application").mkdir()
    (folder / "application" / "__main__.py").write_text(text)
    zipapp.create_archive(folder / "application", folder / "application.pyz")
    python(str(folder / "application.pyz"))


def from_a_thread_that_outlives_its_script(text: str, folder: Path) -> None:
    imports, call = text.rsplit("\n", 2)[:2]
    python("-c", f"{imports}\nimport threading\nthreading.Thread(target=lambda: {call}).start()")


def without_streams(text: str, folder: Path) -> None:
    subprocess.run(["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, text], check=True)


def typed_at_a_terminal(text: str, folder: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-q", "-i"], os.environ | {"PYTHON_BASIC_REPL": "1", "TERM": "dumb"})
    shown = b""
    os.write(terminal, text.encode() + b"exit(7)\n")
    with suppress(OSError):  # as Linux says that the other end is closed
        while more := os.read(terminal, 10_000):
            shown += more
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7, shown.decode()
    assert b"Traceback" not in shown


def from_a_notebook_that_is_interrupted(text: str, folder: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
    try:
        asked = client.execute(text)
        end = time.monotonic() + 60
        while not list(folder.glob("run/.blocks/programs/0*")):
            assert time.monotonic() < end
            time.sleep(0.02)
        manager.interrupt_kernel()
        while (reply := client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != asked:
            pass
        assert reply["content"].get("ename", "KeyboardInterrupt") == "KeyboardInterrupt"
        reply = client.execute_interactive(text, timeout=60, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


HOSTS = [
    from_a_file,
    from_standard_input,
    from_a_module,
    from_a_zipped_application,
    from_a_thread_that_outlives_its_script,
    without_streams,
    typed_at_a_terminal,
    from_a_notebook_that_is_interrupted,
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_run(host: Callable[[str, Path], None], tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    host(script(tmp_path / "run"), tmp_path)
    assert contents(tmp_path / "run") == undisturbed


def test_the_program_in_an_archive(tmp_path: Path) -> None:
    for package in ("fuzzer", "grammar", "lowering", "pde", "processes"):
        shutil.copytree(ROOT / package, tmp_path / "all" / package, ignore=shutil.ignore_patterns("__pycache__"))
    zipapp.create_archive(tmp_path / "all", tmp_path / "all.pyz", main="fuzzer.cli:main")
    told = [sys.executable, str(tmp_path / "all.pyz"), "--out", str(tmp_path / "run"), "--workers", "1"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(told, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "cannot do so in an archive" in done.stderr
    assert done.stderr.count("\n") == 1
