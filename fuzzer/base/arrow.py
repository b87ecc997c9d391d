"""Names for Arrow's types: pyarrow comes without annotations, so to a type checker they are all `Any`."""

from __future__ import annotations

from typing import Any, TypeAlias

Column: TypeAlias = Any
DataType: TypeAlias = Any
Field: TypeAlias = Any
RecordBatch: TypeAlias = Any
Schema: TypeAlias = Any
Table: TypeAlias = Any
