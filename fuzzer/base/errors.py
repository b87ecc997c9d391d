"""What can go wrong beside a user's mistake: the machine's fault, or (anything else) ours."""

from __future__ import annotations

from processes import limits, services


class RunError(Exception):
    """The run cannot go on where it is, though nothing it has finished is lost: one sentence. Exit status 2."""


class Lost(Exception):
    """A task that ended without an answer: its worker died or ran over its time."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LostKeys(Exception):
    """The keys of the rows taken so far were lost with the machine that held them; the blocks are not."""


class Damaged(Exception):
    """A block whose bytes are not those that were written."""

    def __init__(self, family: str, number: int) -> None:
        super().__init__(family, number)
        self.family = family
        self.number = number


def stopped(address: str, error: OSError) -> RunError:
    """What is said of a run whose files the system refuses to read or write."""
    if services.full(error):
        return RunError(
            f"no space left for {address!r}: finished blocks are kept; make room and start the same command again"
        )
    if error.errno in limits.WANTS:
        return RunError(
            f"the system has no more for this process ({error.strerror}): its limits are {limits.listing()}; what is"
            " finished is kept; raise what is too small and start the same command again"
        )
    place, reason = error.filename2 or error.filename or address, error.strerror or str(error)
    return RunError(
        f"{place!r} cannot be read or written ({reason}): what is finished is kept; mend that and start the same"
        " command again"
    )
