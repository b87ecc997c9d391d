"""Prints how large files and functions are, by package; exit status 1, with the offenders, where one is out of bounds.

    python .ci/sizes.py [FOLDER]

A function is as long as from its `def` to its last line, without decorators and with its docstring. One that stands in
another counts on its own as well as in the other. Tests are not counted.
"""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("processes", "grammar", "lowering", "pde", "fuzzer")
FILE, FUNCTION, MEDIAN, NINE_TENTHS = 450, 45, 6, 25
"""The most lines of a file and of a function, and what half and nine tenths of a package's functions do not exceed."""


class Sized(NamedTuple):
    """A file or a function, and its lines."""

    lines: int
    name: str


def functions(path: Path, source: str) -> Iterator[Sized]:
    """The functions of a file, inner ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield Sized(node.end_lineno - node.lineno + 1, f"{path}:{node.lineno} {node.name}")


def quantile(sizes: Sequence[Sized], share: float) -> int:
    """The lines that this share of the functions does not exceed."""
    ordered = sorted(size.lines for size in sizes)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def report(package: Path) -> Iterator[str]:
    """Prints a package's line of the table; yields what is out of bounds."""
    paths = sorted(package.rglob("*.py"))
    sources = {path.relative_to(package.parent): path.read_text(encoding="utf-8") for path in paths}
    files = [Sized(text.count("\n"), str(path)) for path, text in sources.items()]
    defined = [function for path, text in sources.items() for function in functions(path, text)]
    median, most = quantile(defined, 0.5), quantile(defined, 0.9)
    row = (package.name, len(files), sum(size.lines for size in files), max(files).lines, len(defined), median, most)
    print("{:10} {:6} {:7} {:8} {:10} {:7} {:4}".format(*row), f"{max(defined).lines:5}")
    yield from (f"{size.name} has {size.lines} lines, more than {FILE}" for size in files if size.lines > FILE)
    yield from (
        f"{size.name} has {size.lines} lines, more than {FUNCTION}" for size in defined if size.lines > FUNCTION
    )
    if median > MEDIAN:
        yield f"half of the functions of {package.name} have {median} lines or more, more than {MEDIAN}"
    if most > NINE_TENTHS:
        yield f"a tenth of the functions of {package.name} have {most} lines or more, more than {NINE_TENTHS}"


def main(root: Path) -> int:
    """Reports on all packages in a folder."""
    print("package     files   lines  largest  functions  median  90 %  most")
    offenders = [offender for name in PACKAGES if (root / name).is_dir() for offender in report(root / name)]
    print("\n".join(offenders), end="\n" * bool(offenders))
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
