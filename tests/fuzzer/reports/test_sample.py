"""The sample in the repository is what its command makes today. Where it is not: python .ci/remake.py."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import pyarrow.parquet as pq
import pytest

import grammar
from fuzzer.base.versions import versions

SAMPLE = Path(__file__).parents[3] / "datasets" / "sample"
COMMAND = ["--seed", "1", "--shards", "3", "--rows-per-shard", "40"]
MANIFEST = json.loads((SAMPLE / "manifest.json").read_text())
MADE_BY = MANIFEST["run"]["versions"]
SAME_JAX = MADE_BY["jax"] == jax.__version__


def rows():
    for path in sorted(SAMPLE.glob("programs/*.parquet")):
        yield from pq.read_table(path).to_pylist()


def test_it_has_a_hundred_pairs():
    assert sum(1 for row in rows() if row["jaxpr"] and row["stablehlo"]) >= 100


def test_sources_are_drawn_again():
    drawn = grammar.load("default")
    for row in rows():
        assert drawn.draw(row["seed"], row["index"]).source == row["source"]


@pytest.mark.skipif(not SAME_JAX, reason="IR is compared on the JAX version of the sample's manifest")
def test_the_command_makes_the_same_bytes(tmp_path):
    out = tmp_path / "sample"
    subprocess.run([sys.executable, "-m", "fuzzer", *COMMAND, "--out", str(out)], check=True, capture_output=True)
    shards = sorted(path.relative_to(SAMPLE) for path in SAMPLE.glob("programs/*.parquet"))
    assert shards
    for shard in shards:
        assert pq.read_table(out / shard).equals(pq.read_table(SAMPLE / shard)), shard
        # Files name the versions of everything that made them, so their bytes are compared where all are the same.
        if versions() == MADE_BY:
            assert (out / shard).read_bytes() == (SAMPLE / shard).read_bytes(), shard
