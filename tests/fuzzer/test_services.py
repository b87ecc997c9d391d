"""Services of the system that may be missing: a run does without them, or one sentence names the right one."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import SMALL, command, contents, make

from fuzzer.base.errors import RunError
from fuzzer.base.options import Limits
from fuzzer.executors.local import local
from fuzzer.keeping import keys
from fuzzer.making import block
from fuzzer.storage import lease
from fuzzer.storage.base import write
from fuzzer.storage.names import LOCK
from fuzzer.storage.remote import RemoteStore
from fuzzer.storage.store import at
from processes import services
from processes.errors import UserError
from processes.spawning import Context

NEITHER_NAME_NOR_HOME = """
import os, pwd
def getpwuid(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = getpwuid
os.environ.pop("HOME", None)
"""

NOTHING = f"""{NEITHER_NAME_NOR_HOME}
import errno, fcntl, io
def lacking(*arguments, **named):
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
fcntl.flock = os.posix_fallocate = os.link = lacking
class WithoutProc:
    def __call__(self, file, *arguments, **named):
        if str(file).startswith("/proc/"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
        return opened(file, *arguments, **named)
opened, io.open = io.open, WithoutProc()
"""
"""What can be done without, all at once."""


def python(folder: Path, emulation: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python, and each process that it starts, on a system that lacks something."""
    (folder / "emulated").mkdir()
    (folder / "emulated" / "sitecustomize.py").write_text(emulation)
    root = str(Path(__file__).parents[2])
    where = os.pathsep.join((str(folder / "emulated"), root))
    return subprocess.run(
        [sys.executable, *arguments], env=os.environ | {"PYTHONPATH": where}, capture_output=True, text=True
    )


def refuse(number: int) -> Callable[..., Any]:
    def refused(*arguments: object, **named: object) -> Any:
        raise OSError(number, os.strerror(number))

    return refused


def test_a_run_without_any_of_them(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    done = python(tmp_path, NOTHING, *command("SIMPLE", tmp_path / "run", *SMALL, "--workers", "1")[1:])
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "run") == undisturbed


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED", 0.05)
    monkeypatch.setattr(lease, "SILENT", 0.5)


NO_LOCKS = [errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL, None]
"""What file systems without locks say of it; Windows has not even the module."""


@pytest.mark.parametrize("number", NO_LOCKS)
def test_a_lease_stands_in_for_a_lock(
    number: int | None, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if number is None:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    else:
        monkeypatch.setattr(fcntl, "flock", refuse(number))
    place = at(tmp_path / "run")
    with place.locked():
        assert b"owner" in (place.read(LOCK) or b"")
        with pytest.raises(UserError, match="is in use by another run"), at(tmp_path / "run").locked():
            pass
        assert place.exists(LOCK)
    assert not (tmp_path / "run").exists()
    write(place, LOCK, b"left by a run that was killed")
    with place.locked():
        assert b"owner" in (place.read(LOCK) or b"")
    assert contents(tmp_path) == {}


def test_a_file_system_that_numbers_its_files_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no open file seems to have its name any more."""
    monkeypatch.setattr(lease, "SILENT", 0.1)
    monkeypatch.setattr(os, "fstat", lambda handle: os.stat("/"))
    with at(tmp_path / "run").locked():
        assert b"owner" in (tmp_path / "run" / LOCK).read_bytes()


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSYS, "x"), FileNotFoundError(errno.ENOENT, "x"), OSError(errno.ENOSPC, "x"), ImportError()],
)
def test_semaphores(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: object) -> None:
        raise error

    monkeypatch.setattr(Context, "RLock", refused)
    with pytest.raises(UserError, match=r"workers need semaphores, .*: mount /dev/shm"):
        make(tmp_path / "run", start=local, limits=Limits(workers=1))
    assert not (tmp_path / "run").exists()


def test_a_working_directory_that_was_removed(tmp_path: Path) -> None:
    for out, said in ((str(tmp_path / "run"), ""), ("run", "'run' begins nowhere, for ")):
        gone = tmp_path / "gone"
        gone.mkdir()
        moved = ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone), *command("SIMPLE", out, *SMALL)]
        done = subprocess.run(moved, capture_output=True, text=True)
        assert f"fuzzer: {said}the working directory is gone" in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.returncode == 2
    assert contents(tmp_path) == {}


def test_neither_name_nor_home(tmp_path: Path) -> None:
    code = """
import fuzzer.reports.recheck, pde.parts.part, grammar
from grammar.proof.proofs import Proofs
from grammar.text.style import styled
from processes.errors import UserError
from fuzzer.storage.store import at
import os
assert "HOME" not in os.environ
assert styled("x=1") == "x = 1\\n"
loaded = grammar.load()
for module in loaded.modules:
    Proofs().known(module)
    Proofs().remember(module)
try:
    at("~/run")
except UserError as error:
    print(error)
"""
    done = python(tmp_path, NEITHER_NAME_NOR_HOME, "-c", code)
    assert done.stdout == "'~/run' begins with the home of a user who has none here: give the whole path\n", done.stderr


def test_a_home_that_may_not_be_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    import grammar
    from grammar.proof.proofs import Proofs

    read, refused = Path.read_text, refuse(errno.EACCES)
    monkeypatch.setattr(
        Path, "read_text", lambda path, **kind: refused() if "jit-synthesis" in path.parts else read(path, **kind)
    )
    monkeypatch.setattr(Proofs, "_line", lambda self, module: "not noted")
    assert not Proofs().known(next(iter(grammar.load().modules)))


@pytest.mark.parametrize("text", ["", "Name:\tpython\nVmRSS:\t 300 kB\n"])
def test_memory_without_procfs(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", (lambda *_, **__: text) if text else refuse(errno.ENOENT))
    assert block.peak_memory() > 10e6
    monkeypatch.setitem(sys.modules, "resource", None)
    assert block.peak_memory() == 0


def fill(counts: keys.KeyCounts) -> None:
    for number in range(2_000):
        counts.add(number.to_bytes(2, "little") * 8)


@pytest.mark.parametrize("lacking", [errno.EOPNOTSUPP, errno.EINVAL, None])
def test_keys_on_file_systems_that_reserve_no_room(lacking: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacking is None:
        monkeypatch.delattr(os, "posix_fallocate")
    else:
        monkeypatch.setattr(os, "posix_fallocate", refuse(lacking))
    counts = keys.KeyCounts(0)
    fill(counts)
    assert (len(counts), counts.spilled > 0) == (2_000, True)


def test_a_full_disk_of_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "posix_fallocate", refuse(errno.ENOSPC))
    with pytest.raises(services.Lacking, match=r"no space left for temporary files in .*, or set TMPDIR"):
        fill(keys.KeyCounts(0))
    monkeypatch.setattr("tempfile.NamedTemporaryFile", lambda: Path("/dev/full").open("w+b"))  # noqa: SIM115
    with pytest.raises(services.Lacking, match=r"no space left for temporary files in .*, or set TMPDIR"):
        write(RemoteStore("memory://run"), "file", b"content")


def test_no_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: [str(tmp_path / "none")])
    with pytest.raises(services.Lacking, match=r"no temporary file can be made \(.*\): set TMPDIR"):
        fill(keys.KeyCounts(0))
    with pytest.raises(
        RunError, match=r"no temporary file can be made \(.*\): set TMPDIR .*; what is finished is kept"
    ):
        make("memory://nowhere")
    assert make(tmp_path / "run").rows == 48


@pytest.mark.parametrize("below", ["", "run", "a/b"])
def test_a_link_to_nothing(below: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(UserError, match=r"link' is a link to 'nothing', which is not there\): give another folder"):
        make(tmp_path / "link" / below)
    assert [path.name for path in tmp_path.iterdir()] == ["link"]
