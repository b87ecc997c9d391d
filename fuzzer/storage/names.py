"""Names in a run's folder: its own, and whose the others are.

Systems, file managers, version control and hubs leave files there that are none of a run's.
"""

from __future__ import annotations

import re
from typing import Final

RUN: Final = ".run.json"
LOCK: Final = ".lock"
BLOCKS: Final = ".blocks"

PART: Final = re.compile(r"\..+\.\d+\.part", re.DOTALL)
"""A file that is not whole yet; see `part`."""

LITTER: Final = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "icon\r", "__macosx"}
    | {"lost+found", "@eadir", "#recycle", "__pycache__", "_success"}
)
"""What is not hidden and yet nobody's, in lower case."""

DATA: Final = ".parquet"


def part(name: str, process: int) -> str:
    """The name, while it is written, of a file that is to appear whole: no two processes write into one."""
    return f".{name}.{process}.part"


def strange(name: str) -> bool:
    """Whether a file, by its name in the folder, is none of a run's: it lies where things are hidden, or is known.

    >>> strange(".cache/huggingface/x.parquet"), strange("programs/._train.parquet"), strange(".run.json")
    (True, True, False)
    """
    return any(_strange(each) for each in name.split("/"))


def _strange(name: str) -> bool:
    ours = name in (RUN, LOCK, BLOCKS) or PART.fullmatch(name)
    return not ours and (name.startswith(".") or name.lower() in LITTER)


def claimed(name: str, families: frozenset[str]) -> bool:
    """Whether a run of some families, or who reads it, takes a file for the run's: whatever lies in a family's folder,
    data anywhere, and what a run that is going needs."""
    folder = name.partition("/")[0]
    return not strange(name) and (folder in families or name.endswith(DATA) or folder.startswith("."))
