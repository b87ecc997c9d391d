"""Results of a validation kept in a file as they come, so that one that was stopped goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pde.errors import UserError
from pde.table import key_of
from pde.variant import Variant, grids

Record = dict[str, Any]


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
        same = record is not None and record["grids"] == " ".join(map(str, grids(variant)))
        return record if record and same and record["passed"] else None

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
