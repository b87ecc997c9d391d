"""The mistakes a caller can make, one class each; every message names the value, the bound and the cure.

A fault of our own is never one of these: it keeps its own type and its traceback.
"""


class LoweringError(Exception):
    """The program or its inputs cannot be turned into IR; the message is one sentence for the user."""


class SourceError(LoweringError):
    """The source text does not parse, or raises when it is executed."""


class EntryError(LoweringError):
    """The source defines no function of the entry's name."""


class InputError(LoweringError):
    """The inputs do not fit the entry: an argument missing or unknown, a dtype or a path that JAX lacks."""


class NotTraceableError(LoweringError):
    """JAX cannot trace the entry on these inputs.

    `reason` is the type name of what was raised and `line` the program's line it came from (None if no
    line of the program was running), so that callers can count by reason.
    """

    def __init__(self, message: str, reason: str, line: int | None) -> None:
        super().__init__(message)
        self.reason = reason
        self.line = line


class NotLowerableError(NotTraceableError):
    """The entry traces, but JAX has no StableHLO for an equation of it."""


class SideEffectError(LoweringError):
    """The entry does more than compute: an effect in the JAXPR, or a value leaked from the trace."""


def summary(error: BaseException) -> str:
    """Type and first line of the message, if there is one: a program's own exception may fail to print."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:
        lines = []
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__
