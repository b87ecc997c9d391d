from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs import make

from fuzzer.base.schema import COLUMNS, REJECTS, schema
from fuzzer.base.versions import versions

DESIGN = (
    "id structure seed index source entry inputs outputs jaxpr stablehlo source_map productions primitives"
    " stablehlo_ops transform lines equations operations"
)


def types(kind: Any) -> Iterator[Any]:
    """A type and all types within it."""
    yield kind
    for number in range(kind.num_fields):
        yield from types(kind.field(number).type)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("schema") / "run"
    make(out)
    return out


def test_columns_are_those_of_the_design() -> None:
    assert [name for name, _, _ in COLUMNS] == DESIGN.split()


@pytest.mark.parametrize("columns", [schema(), REJECTS])
def test_no_null_type_at_any_depth(columns: Any) -> None:
    assert not any(pa.types.is_null(kind) for field in columns for kind in types(field.type))


def test_every_file_has_the_schema_and_its_origin(written: Path) -> None:
    files = sorted(written.glob("programs/*.parquet"))
    assert len(files) == 4
    for file in files:
        columns = pq.read_schema(file)
        assert columns.equals(schema())
        metadata = {name.decode(): value.decode() for name, value in columns.metadata.items()}
        known = {"family": "programs", "seed": "7", "profile": "simple", "grammar": "0" * 32}
        assert known.items() <= metadata.items()
        assert versions().items() <= metadata.items()


def test_parquet_is_made_for_readers(written: Path) -> None:
    file = pq.ParquetFile(written / "programs" / "train-00000-of-00002.parquet")
    column = file.metadata.row_group(0).column(0)
    assert file.metadata.num_row_groups == 1
    assert column.compression == "ZSTD"
    assert column.has_offset_index
    assert column.has_column_index


def test_rejects_have_their_schema_even_if_there_are_none(written: Path) -> None:
    assert pq.read_schema(written / "rejects.parquet").equals(REJECTS)


def test_features_of_the_card_are_those_of_the_schema(written: Path) -> None:
    import yaml
    from datasets import Features

    card = yaml.safe_load((written / "README.md").read_text().split("---")[1])
    (info,) = card["dataset_info"]
    assert info["features"] == Features.from_arrow_schema(schema())._to_yaml_list()
