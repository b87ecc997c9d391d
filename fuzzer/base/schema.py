"""The columns of a row, in one place; a family appends its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from fuzzer.base.arrow import DataType, RecordBatch, Schema, Table

Row = dict[str, Any]
"""One value for each column."""

ColumnOf = tuple[str, DataType, str]
"""Name, type and meaning of a column."""


def _count() -> DataType:
    return pa.list_(pa.struct([("name", pa.string()), ("count", pa.int32())]))


def _leaf(*more: tuple[str, DataType]) -> DataType:
    shape = pa.list_(pa.int64())
    return pa.list_(pa.struct([("path", pa.string()), ("dtype", pa.string()), ("shape", shape), *more]))


def _span() -> DataType:
    position = [(name, pa.int32()) for name in ("line", "column", "end_line", "end_column")]
    lines = [(name, pa.list_(pa.int32())) for name in ("jaxpr_lines", "stablehlo_lines")]
    return pa.list_(pa.struct([*position, *lines]))


COLUMNS: Final[tuple[ColumnOf, ...]] = (
    ("id", pa.string(), "fingerprint of the canonical JAXPR, 128 bits in hex; unique in a run"),
    ("structure", pa.string(), "fingerprint without shapes, dtypes and literals; the unit of splits"),
    ("seed", pa.int64(), "with `index`, what regenerates the row"),
    ("index", pa.int64(), "number of the draw"),
    ("source", pa.string(), "text of the Python module"),
    ("entry", pa.string(), "name of its entry function"),
    ("inputs", _leaf(("refinement", pa.string())), "leaves of the arguments: path, dtype, shape, refinement"),
    ("outputs", _leaf(), "leaves of the result: path, dtype, shape"),
    ("jaxpr", pa.string(), "what `jax.jit(entry).trace(...)` prints"),
    ("stablehlo", pa.string(), "what it lowers to"),
    ("source_map", _span(), "spans of `source`, each with the lines of `jaxpr` and `stablehlo` it became"),
    ("productions", _count(), "productions of the grammar in the program, with counts"),
    ("primitives", _count(), "JAX primitives, nested scopes included, with counts"),
    ("stablehlo_ops", _count(), "StableHLO operations, with counts"),
    ("transform", pa.string(), "grad, vmap, jvp, ... at the entry, or none"),
    ("lines", pa.int32(), "lines of `source`"),
    ("equations", pa.int32(), "equations of the JAXPR, nested scopes included"),
    ("operations", pa.int32(), "operations of the StableHLO"),
)
"""Every column that all families share."""

SIZES: Final = ("lines", "equations", "operations")
"""The columns that the card and `stats` give quantiles of."""


def schema(extra: Sequence[ColumnOf] = (), metadata: Mapping[str, str] | None = None) -> Schema:
    """The Arrow schema of a family's rows: no column, at any depth, is of null type."""
    fields = [pa.field(name, kind) for name, kind, _ in (*COLUMNS, *extra)]
    return pa.schema(fields, metadata=dict(metadata) if metadata else None)


def as_stored(row: Row, columns: Schema) -> Row:
    """A row, or some of its columns, as a file gives it back."""
    fields = [field for field in columns if field.name in row]
    return batch([row], pa.schema(fields)).to_pylist()[0]


def unlike(table: Table, names: Sequence[str] | None = None) -> str | None:
    """How a table differs from rows in the columns that all families share, or in some of them; None if it does not."""
    for name, kind, _ in COLUMNS:
        if names is not None and name not in names:
            continue
        if name not in table.column_names:
            return f"it has no column {name!r}"
        if table.schema.field(name).type != kind or table[name].null_count:
            return f"its column {name!r} is not {kind} throughout"
    return None


def batch(rows: Sequence[Row], columns: Schema) -> RecordBatch:
    """Rows as Arrow; column by column, which costs a tenth of `RecordBatch.from_pylist`."""
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in columns]
    return pa.record_batch(arrays, schema=columns)


REJECTS: Final = pa.schema(
    [
        ("family", pa.string()),
        ("index", pa.int64()),
        ("reason", pa.string()),
        ("production", pa.string()),
        ("detail", pa.string()),
        ("source", pa.string()),
    ]
)
"""The columns of `rejects.parquet`: draws that gave no row, with what is known of why."""
