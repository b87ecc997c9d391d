"""Small runs, each in processes of its own that are born with everything imported: a start costs no CPU time.

Reads lines of JSON from its input, the folders to write to; for each it starts a run in a new process group,
answers with the group's number, and with its exit status when it has ended. Runs here fork their workers, where
real ones spawn them: that is the only thing that is not as in a real run.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import sys
import traceback
from typing import Any

import jax  # noqa: F401  # pyright: ignore[reportUnusedImport]
from run_families import SIMPLE

import fuzzer.executors.local
import fuzzer.making.block
import fuzzer.run.maker  # pyright: ignore[reportUnusedImport]
import fuzzer.run.run
from fuzzer.base.options import Limits, Options
from fuzzer.families.family import resolve
from fuzzer.run.progress import Reporter

FORK = multiprocessing.get_context("fork")
OPTIONS: dict[str, Any] = {"seed": 7, "shards": 3, "rows_per_shard": 4, "block": 3}


def make(out: str) -> None:
    """One run; never returns."""
    os.setsid()
    fuzzer.executors.local.context = lambda: FORK  # type: ignore[assignment]
    status = 1
    try:
        options = Options(out, **OPTIONS, limits=Limits(workers=2))
        fuzzer.run.run.run(options, Reporter(), [fuzzer.run.run.FamilyRun(SIMPLE, 3)])
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def answer(fact: int) -> None:
    print(fact, flush=True)


if __name__ == "__main__":
    # The first program is the dearest: JAX reads its lowering rules. Tracing survives a fork; executing would not.
    fuzzer.making.block.draw_block(resolve(SIMPLE), 0, range(3), 4)
    gc.freeze()  # what is here stays: children need not look through it whenever they collect garbage
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            make(json.loads(line))
        answer(child)
        _, status = os.waitpid(child, 0)
        answer(os.waitstatus_to_exitcode(status))
