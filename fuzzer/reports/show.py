"""One row, to be read by a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from fuzzer.base.options import Address
from fuzzer.run import folder
from fuzzer.run.shard import read_shard
from fuzzer.storage.base import Store
from fuzzer.storage.store import at
from processes.errors import UserError


def show(out: Address, family: str, id_: str = "", index: int | None = None) -> str:
    """Source, JAXPR and StableHLO of the row with this index, or whose id begins so."""
    store = at(out)
    manifest = folder.open_manifest(store)
    if family not in manifest["families"]:
        known = ", ".join(sorted(manifest["families"]))
        raise UserError(f"--family is {family!r} but this run has {known}: give one of these")
    if not id_ and index is None:
        raise UserError("neither an id nor --index was given: give the first digits of an id, or an index")
    if id_ and index is not None:
        raise UserError(f"both an id ({id_!r}) and --index ({index}) were given: give one of them")
    rows = list(islice(_rows(store, manifest["families"][family]["shards"], _matcher(id_, index)), 2))
    if len(rows) > 1:
        both = " and ".join(row["id"] for row in rows)
        raise UserError(f"more than one id begins with {id_!r} ({both}): give more digits")
    if rows:
        return _text(rows[0])
    sought = f"index {index}" if index is not None else f"an id that begins with {id_!r}"
    raise UserError(f"no row of {str(out)!r} has {sought}: take one that `SELECT id, index` lists")


def _matcher(id_: str, index: int | None) -> Callable[[str, int], bool]:
    if index is not None:
        return lambda _, number: number == index
    return lambda text, _: text.startswith(id_)


def _rows(store: Store, shards: Sequence[Any], matches: Callable[[str, int], bool]) -> Iterator[dict[str, Any]]:
    for shard in shards:
        keys = read_shard(store, shard["file"], ["id", "index"]).to_pylist()
        for position, key in enumerate(keys):
            if matches(key["id"], key["index"]):
                row = read_shard(store, shard["file"]).slice(position, 1).to_pylist()[0]
                yield row | {"file": shard["file"]}


def _text(row: dict[str, Any]) -> str:
    inputs = ", ".join(f"{leaf['path']}: {leaf['dtype']}{leaf['shape']}" for leaf in row["inputs"])
    facts = "# id {id}, index {index}, {file}\n# transform {transform}, ".format(**row) + f"{row['entry']}({inputs})"
    parts = {"source": row["source"], "jaxpr": row["jaxpr"], "stablehlo": row["stablehlo"]}
    return "\n".join([facts, *(f"\n# {name}\n{text.rstrip()}" for name, text in parts.items())])
