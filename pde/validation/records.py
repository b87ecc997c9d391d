"""Results of a validation kept in a file as they come, so that one that was stopped goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pde.errors import UserError
from pde.family.validated import COLUMNS, key_of
from pde.family.variant import Variant, grids

Record = dict[str, Any]


def check_writable(option: str, path: Path) -> None:
    """Raises UserError where the option's file cannot be written; leaves no file behind and changes none."""
    folder = path.parent
    if not folder.is_dir():
        raise UserError(f"{option} {str(path)!r} lies in {str(folder)!r}, which is no folder: make it, or name another")
    if path.is_dir():
        raise UserError(f"{option} {str(path)!r} is a folder: name a file in it")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UserError(f"{option} {str(path)!r} cannot be written: name a file in a folder of your own")


class Records:
    """One JSON object a line; the last one of a key counts. Without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Record] = {}
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        """The last line may be half written; it is validated again."""
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            self._known[key_of(record)] = record

    def passed(self, variant: Variant) -> Record | None:
        """What was found of a variant on the grids that it has now, if it passed."""
        record = self._known.get(variant.key)
        if record is None or not record.keys() >= set(COLUMNS):  # none, or one that an earlier version kept
            return None
        same = record["grids"] == " ".join(map(str, grids(variant)))
        return record if same and record["passed"] else None

    def append(self, record: Record) -> None:
        """Keeps one more."""
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise UserError(
                f"--records {str(self._path)!r} cannot be written ({error.strerror}): name a file"
            ) from None
