"""A run is read as it is by what people read datasets with."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from runs import make


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("load") / "run"
    make(folder)
    return folder


@pytest.fixture(scope="module")
def rows(out: Path) -> dict[str, int]:
    shards = json.loads((out / "manifest.json").read_text())["families"]["programs"]["shards"]
    counts = dict.fromkeys((shard["split"] for shard in shards), 0)
    for shard in shards:
        counts[shard["split"]] += shard["rows"]
    return counts


def test_hugging_face(out: Path, rows: dict[str, int], tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = load_dataset(str(out), "programs", cache_dir=str(tmp_path))
    assert {split: part.num_rows for split, part in loaded.items()} == rows
    assert loaded["train"][0]["source"].startswith("import jax")


def test_hugging_face_streaming(out: Path, rows: dict[str, int]) -> None:
    from datasets import load_dataset

    streamed = list(load_dataset(str(out), "programs", split="train", streaming=True))
    assert len(streamed) == rows["train"]
    assert streamed[0]["inputs"][0]["path"] == "x"


def test_duckdb(out: Path, rows: dict[str, int]) -> None:
    import duckdb

    shards = f"'{out}/programs/*.parquet'"
    total = sum(rows.values())
    counted = duckdb.execute(f"SELECT count(*), count(DISTINCT id) FROM {shards}")
    assert counted.fetchall() == [(total, total)]
    leaking = f"""SELECT structure FROM read_parquet({shards}, filename = true)
        GROUP BY structure HAVING count(DISTINCT split_part(filename, '-', -4)) > 1"""
    assert duckdb.execute(leaking).fetchall() == []


def test_polars(out: Path, rows: dict[str, int]) -> None:
    import polars

    frame = polars.scan_parquet(f"{out}/programs/train-*.parquet").collect()
    assert frame.height == rows["train"]
    assert (frame["equations"] > 0).all()


def test_empty_split_loads(tmp_path: Path) -> None:
    from datasets import load_dataset

    out = tmp_path / "run"
    make(out, shards=3, rows_per_shard=1)
    assert sum(pq.read_metadata(path).num_rows for path in out.glob("programs/*.parquet")) == 3
    loaded = load_dataset(str(out), "programs", cache_dir=str(tmp_path / "cache"))
    assert sum(part.num_rows for part in loaded.values()) == 3
