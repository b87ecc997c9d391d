"""The blocks of a family, in order, from workers that may die."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from itertools import islice

from fuzzer.base.errors import Lost, RunError
from fuzzer.base.options import Limits
from fuzzer.executors.base import Answer, Executor
from fuzzer.making import surroundings
from fuzzer.making.block import BlockKeys, BlockTask, Reject, draw_source, make_block, probe

AHEAD = 4
"""Blocks in flight for each worker, at most: enough that a slow block does not leave the others idle."""


class Blocks:
    """Makes blocks on an executor. One whose worker is lost is tried again, then without what is guilty."""

    def __init__(self, executor: Executor, template: BlockTask, limits: Limits) -> None:
        self._executor = executor
        self._template = template
        self._limits = limits

    def in_order(self, wanted: Callable[[], int], numbers: Iterable[int]) -> Generator[BlockKeys]:
        """Blocks by these numbers; `wanted` says how many more the caller expects to need."""
        coming, flying = iter(numbers), deque[tuple[int, Answer[BlockKeys]]]()
        while True:
            ahead = max(1, min(AHEAD * self._executor.workers, wanted()))
            for number in islice(coming, max(0, ahead - len(flying))):
                flying.append((number, self._start(number)))
            if not flying:
                return
            yield self._settle(*flying.popleft())

    def make(self, number: int) -> BlockKeys:
        """One block, now."""
        return self._settle(number, self._start(number))

    def _start(
        self, number: int, lost: Mapping[int, Reject] | None = None, seconds: float | None = None
    ) -> Answer[BlockKeys]:
        task = replace(self._template, number=number, lost=lost or {})
        return self._executor.submit(make_block, task, seconds=seconds or self._limits.block_seconds)

    def _settle(self, number: int, answer: Answer[BlockKeys]) -> BlockKeys:
        try:
            return answer.result()
        except Lost:
            pass
        try:
            return self._start(number).result()
        except Lost:
            return self._without_guilty(number)

    def _without_guilty(self, number: int) -> BlockKeys:
        # Each program has shown that it needs no more than its own time, so this is no wait without end.
        seconds = self._limits.block_seconds + self._template.size * self._limits.program_seconds
        try:
            return self._start(number, self._guilty(number), seconds).result()
        except Lost as error:
            raise RunError(
                f"block {number} was lost again and again ({error.reason}) though each of its programs went"
                " through alone: raise --worker-memory or --block-seconds and start the same command again"
            ) from None

    def _guilty(self, number: int) -> dict[int, Reject]:
        """Runs the programs of a block one by one; those that take their worker with them are rejects."""
        task = replace(self._template, number=number)
        seconds = self._limits.program_seconds
        self._check_surroundings()
        trials = {index: self._executor.submit(probe, task, index, seconds=seconds) for index in task.indices}
        lost: dict[int, Reject] = {}
        for index, trial in trials.items():
            try:
                trial.result()
            except Lost as error:
                lost[index] = Reject(index, error.reason, "", "", self._source(task, index))
        return lost

    def _check_surroundings(self) -> None:
        """RunError where a worker does not survive a program that is known to be good."""
        try:
            self._executor.submit(surroundings.check, seconds=self._limits.block_seconds).result()
        except Lost as error:
            raise surroundings.unfit(error.reason, self._limits.memory_mb) from None

    def _source(self, task: BlockTask, index: int) -> str:
        """The text of a program that kills; empty if drawing it is what kills."""
        try:
            return self._executor.submit(draw_source, task, index, seconds=self._limits.program_seconds).result()
        except Exception:
            return ""
