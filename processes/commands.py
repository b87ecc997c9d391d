"""What all commands share: how they read their arguments, how they say things, and what their exit status means."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, cast

from processes import __version__
from processes.errors import UserError

STATUSES: Final = (
    "Exit status: 0 if all is well; 1 if a check failed; 2 if the command, or what it runs in (a full disk, a missing"
    " package), must be changed, which one sentence says; 128 + N if signal N ended it (130 for Ctrl-C)."
)
"""For the end of every `--help`."""

LONGEST: Final = 300
"""Characters of another's message that a sentence has."""

ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")

MUST_BE: Final = {"integer": "a whole number", "float": "a number", "number": "a number"}
"""What click and typer call it, and how one says it."""


def counted(number: int, thing: str) -> str:
    """So many things: `counted(1, "row")` is "1 row", `counted(2_000, "row")` is "2,000 rows"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def one_line(text: str) -> str:
    """What another program said, as part of a sentence: on one line, without addresses, which are others each time, and
    where it is long without its middle, for its first words say what was done and its last ones often why it failed."""
    line = " ".join(ADDRESS.sub("", text).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"


def tell_version(wanted: bool) -> None:
    """For the option `--version`, which ends the command."""
    if wanted:
        print(f"jit-synthesis {__version__}")
        sys.exit(0)


def answer(command: str, app: Callable[..., Any], *mistakes: type[Exception]) -> tuple[int, str]:
    """Exit status, and what was wrong, of a typer app that takes this process's arguments. Beside a UserError it may
    raise `mistakes`."""
    import typer  # whoever has an app has imported it; who does without need not

    misuse = cast("type[Exception]", typer.BadParameter.__base__)  # click's or, in later versions, typer's own
    try:
        return app(standalone_mode=False) or 0, ""
    except misuse as error:
        return 2, misread(command, error, sys.argv[1:])
    except (UserError, *mistakes) as error:
        return 2, str(error)


def misread(command: str, error: Any, arguments: Sequence[str]) -> str:
    """A sentence about arguments that cannot be read, from the UsageError of click or typer."""
    said = str(error.format_message()).rstrip(".")
    named = max(getattr(getattr(error, "param", None), "opts", [""]), key=len)
    value, kind = _value(arguments, named), next((be for name, be in MUST_BE.items() if name in said), None)
    if value is not None and kind is not None:
        said = f"{named} is {value!r:.80} but must be {kind}"
    inner = error.ctx.info_name if error.ctx is not None and error.ctx.parent is not None else ""
    asked = " ".join(filter(None, ("python -m", command, inner, "--help")))
    return f"{said[:1].lower()}{said[1:300]}: `{asked}` says what can be given"


def _value(arguments: Sequence[str], option: str) -> str | None:
    """The last value of an option; versions of click and typer tell it in different ways, or not at all."""
    after = [value for name, value in pairwise(arguments) if name == option]
    joined = [argument.partition("=")[2] for argument in arguments if option and argument.startswith(f"{option}=")]
    return next(iter([*joined[-1:], *after[-1:]]), None)
