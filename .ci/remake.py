"""Makes all again that is derived from the sources and has become stale: proofs, sample, golden texts.

    python .ci/remake.py            says what it does and why; twice, it finds nothing to do
    python .ci/remake.py --check    does nothing; says in one sentence what is stale, with exit status 1

Proofs are made under each JAX of `constraints/`, so what needs another one than this is left, and said to be.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from fuzzer.base.environment import settle

settle()  # before JAX is imported, as in a run

import golden  # beside this file
import pyarrow.parquet as pq

import grammar
from fuzzer.base.versions import FILES, ROWS, versions
from grammar.proof.proofs import Proofs
from pde.family import family
from processes import meaning

SAMPLE = ROOT / "datasets" / "sample"
COMMAND = ("--seed", "1", "--shards", "3", "--rows-per-shard", "40")
"""What makes the sample, but for where."""
MADE_OF = Path(__file__).with_name("sample_made_of.json")
"""Digests of what the sample was made of."""
NO_PART = ("__main__.py", "cli.py", "reports", "executors", "storage")
"""What of the package `fuzzer` no row depends on."""


@dataclass(frozen=True)
class Release:
    """Versions that rows and proofs are made under: a file of `constraints/`."""

    file: Path

    @property
    def pins(self) -> dict[str, str]:
        """Package -> version."""
        lines = self.file.read_text(encoding="utf-8").splitlines()
        return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))

    @property
    def python(self) -> str:
        """The Python of the file's first line."""
        return self.file.read_text(encoding="utf-8").partition(":")[0].removeprefix("# ")

    @property
    def is_here(self) -> bool:
        """Whether this process has these versions of what decides bytes."""
        here = versions()
        return here["python"] in self.python and all(here[name] == self.pins[name] for name in (*ROWS, *FILES))

    def __str__(self) -> str:
        return f"{self.python} with {self.file.relative_to(ROOT)}"


@dataclass(frozen=True)
class Derived:
    """Something that is made of the sources and kept beside them."""

    name: str
    release: Release
    stale: Callable[[], str]
    """Why it is stale; empty if it is not."""
    remake: Callable[[], str]
    """Makes it again, and says what came of it."""


def releases() -> list[Release]:
    """The first is the one that the sample is made under."""
    return [Release(file) for file in sorted((ROOT / "constraints").glob("*.txt"))]


def derived() -> Iterator[Derived]:
    """All that is derived, in an order in which each needs only what comes before it."""
    first = releases()[0]
    for release in releases():
        yield Derived(
            f"proofs under JAX {release.pins['jax']}", release, lambda release=release: _unproven(release), _prove
        )
    yield Derived("the sample", first, _sample_changed, _make_sample)
    yield Derived("the golden texts", first, lambda: _golden_changed(first), _write_golden)


def some(names: list[str]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _unproven(release: Release) -> str:
    proofs = Proofs(release.pins["jax"])
    modules = [module.stem for module in grammar.load().modules if not proofs.is_noted(module)]
    return f"{some(modules)} changed" if modules else ""


def _prove() -> str:
    loaded = grammar.load()
    loaded.check_once()
    Proofs().note(loaded.modules)
    return f"{len(loaded.modules)} modules are what they declare"


def made_of() -> dict[str, str]:
    """Digests of what the sample depends on, by package."""
    lowering, fuzzer = meaning.sources(ROOT / "lowering"), meaning.sources(ROOT / "fuzzer", without=NO_PART)
    return {
        "grammar": grammar.load().digest,
        "pde": family.digest(),
        "lowering": meaning.digest(lowering),
        "fuzzer": meaning.digest(fuzzer),
        "constraints": sha256(releases()[0].file.read_bytes()).hexdigest(),
    }


def _sample_changed() -> str:
    before: Mapping[str, str] = json.loads(MADE_OF.read_text()) if MADE_OF.is_file() else {}
    changed = [name for name, digest in made_of().items() if before.get(name) != digest]
    return f"{', '.join(changed)} changed" if changed else ""


def _make_sample() -> str:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "sample"
        subprocess.run([sys.executable, "-m", "fuzzer", *COMMAND, "--out", str(made)], check=True, cwd=ROOT)
        tables = sorted(path.relative_to(made) for path in made.rglob("*.parquet"))
        same = [table for table in tables if _same_table(made / table, SAMPLE / table)]
        shutil.rmtree(SAMPLE)
        shutil.copytree(made, SAMPLE)
    MADE_OF.write_text(json.dumps(made_of(), indent=1) + "\n")
    return f"{len(same)} of {len(tables)} tables are as before"


def _same_table(one: Path, other: Path) -> bool:
    return other.is_file() and pq.read_table(one).equals(pq.read_table(other))


def _golden_changed(release: Release) -> str:
    if not release.is_here:
        return ""  # nothing to compare with; a test under that release would say
    now, before = golden.texts(), golden.stored()
    changed = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    return f"{some(changed)} would be others" if changed else ""


def _write_golden() -> str:
    shutil.rmtree(golden.FOLDER, ignore_errors=True)
    golden.FOLDER.mkdir(parents=True)
    now = golden.texts()
    for name, text in now.items():
        (golden.FOLDER / name).write_text(text, encoding="utf-8")
    return f"{len(now)} texts to be read in the diff"


def check(things: list[tuple[Derived, str]]) -> int:
    """One sentence."""
    told = [f"{thing.name} ({why})" for thing, why in things]
    where = sorted({str(thing.release) for thing, _ in things})
    print(f"stale: {'; '.join(told)}: run `python .ci/remake.py` under {' and under '.join(where)}")
    return 1


def remake(things: list[tuple[Derived, str]]) -> int:
    """A line for each before it is made, and one after; status 1 if one is left."""
    left = 0
    for thing, why in things:
        if thing.release.is_here:
            print(f"{thing.name}: made again, as {why} ...", flush=True)
            print(f"  {thing.remake()}", flush=True)
        else:
            left = 1
            print(f"{thing.name}: left, as they need another release, though {why}: run this under {thing.release}")
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    only_check = parser.parse_args().check
    things = [(thing, why) for thing in derived() if (why := thing.stale())]
    if not things:
        print("nothing is stale: proofs, sample and golden texts are those of the sources")
        return 0
    return check(things) if only_check else remake(things)


if __name__ == "__main__":
    sys.exit(main())
