"""Loads a run's shards into a training loop: a model of which byte follows which, in source and JAXPR.

    python examples/load_shards.py datasets/sample

What matters is the way from Parquet to batches. It streams: no more than a row group is ever in memory.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow.parquet as pq

LENGTH = 512
BATCH = 16
EPOCHS = 5


def texts(run: Path, split: str) -> Iterator[str]:
    """Source and JAXPR of every row, joined by a zero byte."""
    for shard in sorted(run.glob(f"programs/{split}-*.parquet")):
        for rows in pq.ParquetFile(shard).iter_batches(batch_size=BATCH, columns=["source", "jaxpr"]):
            yield from (f"{row['source']}\0{row['jaxpr']}" for row in rows.to_pylist())


def batches(run: Path, split: str) -> Iterator[np.ndarray]:
    """Arrays uint8[BATCH, LENGTH] of consecutive bytes; what does not fill the last one is left out."""
    size = BATCH * LENGTH
    waiting = b""
    for text in texts(run, split):
        waiting += text.encode() + b"\0\0"
        while len(waiting) >= size:
            yield np.frombuffer(waiting[:size], np.uint8).reshape(BATCH, LENGTH)
            waiting = waiting[size:]


def loss(logits: jax.Array, tokens: jax.Array) -> jax.Array:
    """Mean bits a byte of a table of logits, float32[256, 256], on uint8[batch, length]."""
    scores = jax.nn.log_softmax(logits)[tokens[:, :-1], tokens[:, 1:]]
    return -scores.mean() / jnp.log(2.0)


@jax.jit
def step(logits: jax.Array, tokens: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One step of gradient descent, and the loss before it."""
    value, slope = jax.value_and_grad(loss)(logits, tokens)
    return logits - 100.0 * slope, value


def main(run: Path) -> None:
    logits = jnp.zeros((256, 256))
    for epoch in range(EPOCHS):
        for tokens in batches(run, "train"):
            logits, value = step(logits, jnp.asarray(tokens))
            print(f"epoch {epoch}: {value:.2f} bits a byte", end="\r")
        print()
    held_out = [float(loss(logits, jnp.asarray(tokens))) for tokens in batches(run, "validation")]
    if held_out:
        print(f"validation: {sum(held_out) / len(held_out):.2f} bits a byte")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "datasets/sample"))
