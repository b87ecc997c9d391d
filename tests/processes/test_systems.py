"""Other systems than Linux: what needs no workers works there, and what does says so in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LACKING = {
    "win32": (
        ["fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "_posixshmem", "readline"],
        ["SIGHUP", "SIGKILL", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGQUIT", "SIGUSR1", "pthread_sigmask", "set_blocking"],
        ["posix_fallocate", "sched_getaffinity", "sysconf", "getuid", "geteuid", "fork", "link"],
    ),
    "darwin": (["_posixshmem"], [], ["posix_fallocate", "sched_getaffinity"]),
}
"""Modules, names of `signal`, and names of `os` that a system does not have."""

EMULATED = """
import os, signal, sys
import black, fsspec, jax, jax.numpy, libcst, numpy, pebble, pyarrow.parquet, rich.progress, typer  # of that system
import multiprocessing.resource_tracker, multiprocessing.synchronize
from jax.experimental import sparse
platform, modules, signals, names = sys.argv[1], *map(str.split, sys.argv[2:5])
sys.modules.update(dict.fromkeys(modules))
for module, gone in ((signal, signals), (os, names)):
    for name in gone:
        vars(module).pop(name, None)
sys.platform = platform
"""

IMPORTS = """
import importlib, pkgutil
for package in ("processes", "lowering", "grammar", "pde", "fuzzer"):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith(("__main__", "executors.ray")):
            importlib.import_module(module.name)
print("imported")
"""

USES = """
import lowering, pde, grammar
from fuzzer.reports.show import show
from fuzzer.reports.stats import stats
from fuzzer.storage.store import at
from fuzzer.storage.names import LOCK
assert "sin" in lowering.extract(lambda x: jax.numpy.sin(x), 1.0).traced.jaxpr
assert pde.solve(pde.Problem(1, "dirichlet", "poisson", "sine"), "thomas", 7).error < 1
assert grammar.load().draw(seed=7, index=0).source
assert "# stablehlo" in show(sys.argv[5], "programs", index=0)
assert "rows" in stats(sys.argv[5], None)
with at(sys.argv[6]).locked():
    assert at(sys.argv[6]).exists(LOCK)
from processes.errors import UserError
from fuzzer.base.options import Limits
from fuzzer.executors.local import local
from fuzzer.keeping import keys
from fuzzer.making import block
from fuzzer.reports import bench
assert block.peak_memory() >= 0
counts = keys.KeyCounts(0)
for number in range(2_000):
    counts.add(number.to_bytes(2, "little") * 8)
try:
    with local(Limits(workers=1)):
        pass
except UserError as error:
    print(error)
"""


def emulated(platform: str, code: str, *arguments: str) -> str:
    lacking = [" ".join(names) for names in LACKING[platform]]
    done = subprocess.run(
        [sys.executable, "-c", EMULATED + code, platform, *lacking, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("platform", LACKING)
def test_all_modules_are_imported(platform: str) -> None:
    assert emulated(platform, IMPORTS) == "imported\n"


@pytest.mark.parametrize("platform", LACKING)
def test_what_starts_no_workers_works(platform: str, tmp_path: Path) -> None:
    said = emulated(platform, USES, str(ROOT / "datasets" / "sample"), str(tmp_path / "run"))
    assert said.startswith(f"on {platform} no worker can be limited in memory")
    assert said.endswith(
        "make and verify runs on Linux, in a container or WSL; all that starts no workers works here, too\n"
    )
