"""The dataset card: YAML that loaders read, then what a reader wants to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fuzzer.base import markdown
from fuzzer.base.arrow import Field, Schema
from fuzzer.base.schema import COLUMNS, ColumnOf
from fuzzer.base.split import SPLITS
from fuzzer.run.shard import Figures, ShardReport


@dataclass(frozen=True)
class FamilyCard:
    """What the card says of one family."""

    name: str
    columns: Sequence[ColumnOf]
    arrow: Schema
    entry: Mapping[str, Any]
    shards: Sequence[ShardReport]
    figures: Figures


def card(run: Mapping[str, Any], families: Sequence[FamilyCard]) -> str:
    """The text of README.md. It has no time and no path in it: the same run has the same card."""
    parts = [
        "---",
        _yaml(families),
        "---",
        "",
        _about(run),
        *(_family(family) for family in families),
        _loading(families),
    ]
    return "\n".join(parts)


def _yaml(families: Sequence[FamilyCard]) -> str:
    lines = [
        "license: apache-2.0",
        "language: [code]",
        "task_categories: [text-generation]",
        "tags: [jax, jaxpr, stablehlo, synthetic]",
        "configs:",
    ]
    for family in families:
        lines += [f"- config_name: {family.name}", "  data_files:"]
        for split in _splits(family):
            lines += [f"  - split: {split}", f"    path: {family.name}/{split}-*.parquet"]
    lines += ["dataset_info:"]
    for family in families:
        lines += [f"- config_name: {family.name}", "  features:", *_features(family.arrow), *_sizes(family)]
    return "\n".join(lines)


def _splits(family: FamilyCard) -> list[str]:
    """Splits with rows: loaders have no notion of an empty one."""
    filled = {shard.split for shard in family.shards if shard.rows}
    return [split for split in SPLITS if split in filled]


def _features(fields: Iterable[Field]) -> list[str]:
    """Arrow fields as Hugging Face writes features."""
    return [line for field in fields for line in (f"  - name: {field.name}", *_feature(field.type))]


def _feature(kind: Any) -> list[str]:
    if not pa.types.is_list(kind):
        return [f"    dtype: {kind}"]
    item: Any = kind.value_type
    if not pa.types.is_struct(item):
        return [f"    list: {item}"]
    inner = _features(item.field(number) for number in range(item.num_fields))
    return ["    list:", *(f"  {line}" for line in inner)]


def _sizes(family: FamilyCard) -> list[str]:
    lines = ["  splits:"]
    for split in _splits(family):
        shards = [shard for shard in family.shards if shard.split == split]
        lines += [f"  - name: {split}", f"    num_bytes: {sum(shard.memory for shard in shards)}"]
        lines += [f"    num_examples: {sum(shard.rows for shard in shards)}"]
    lines += [f"  download_size: {sum(shard.bytes for shard in family.shards)}"]
    return [*lines, f"  dataset_size: {sum(shard.memory for shard in family.shards)}"]


def _about(run: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    most = run["per_structure"]
    alike = "one `id` or one `structure`" if most == 1 else f"one `id`, at most {most} have one `structure`"
    return f"""# JAX programs with their JAXPR and StableHLO, seed {run["seed"]}

Every row is a Python module that a probabilistic grammar drew, with what `jax.jit` traces it to (JAXPR) and
lowers it to (StableHLO). No two rows have {alike}, and no `structure`
stands in two splits, not even when runs are joined.

Made with {versions}. The same command gives the same bytes with these versions, whatever else is installed.
Another JAX gives the same sources, but other texts, `id`, `structure` and hence split: join runs of one JAX only.
"""


def _family(family: FamilyCard) -> str:
    splits = [[split, _rows(family, split)] for split in _splits(family)]
    columns = [[f"`{name}`", text] for name, _, text in (*COLUMNS, *family.columns)]
    parts = [
        f"## {family.name}",
        markdown.table(["split", "rows"], splits),
        markdown.sizes(family.figures.sizes),
        markdown.fate(family.entry["counts"]),
        markdown.rejects(family.entry["rejects"]),
        _most(family),
        markdown.table(["column", "meaning"], columns),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(family: FamilyCard, split: str) -> int:
    return sum(shard.rows for shard in family.shards if shard.split == split)


def _most(family: FamilyCard) -> str:
    named = family.figures.named
    return (
        f"Most used primitives: {markdown.most(named['primitives'], 15)}.\n\n"
        f"Most used StableHLO operations: {markdown.most(named['stablehlo_ops'], 15)}."
    )


def merged(parts: Iterable[Mapping[str, Counter[Any]]]) -> dict[str, Counter[Any]]:
    """Adds up counters of the same name."""
    result: dict[str, Counter[Any]] = {}
    for part in parts:
        for name, counter in part.items():
            result.setdefault(name, Counter()).update(counter)
    return result


def _loading(families: Sequence[FamilyCard]) -> str:
    name = families[0].name
    return f"""## Loading

```python
from datasets import load_dataset

rows = load_dataset("path/to/this/folder", "{name}", split="train", streaming=True)
```

```python
import duckdb

duckdb.sql("SELECT source, jaxpr FROM 'path/to/this/folder/{name}/train-*.parquet' WHERE equations < 20")
```

```python
import polars

rows = polars.scan_parquet("path/to/this/folder/{name}/train-*.parquet")
```

The seed, the grammar's digest, the profile and all versions are in the metadata of every Parquet file and in
`manifest.json`, with a checksum for each file.
"""
