"""The mistakes a caller can make, one class each; every message names the value, the bound and the cure.

A fault of our own is never one of these: it keeps its own type and its traceback.
"""

import re


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


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ASIDE = re.compile(r"\s*(-{8,}.*|The preceding stack trace .*|See https?://\S+.*|The error was:\s*)$", re.DOTALL)
_LONGEST = 400


def summary(error: BaseException) -> str:
    """Type and message in one line, without addresses and what JAX says about its own tracebacks.

    A message may be cut after some sentences, and be none: a program's own exception may fail to print.
    """
    try:
        text = " ".join(_ASIDE.sub("", _ADDRESS.sub("", str(error).strip())).split())
    except Exception:
        text = ""
    return f"{type(error).__name__}: {_shortened(text)}" if text else type(error).__name__


def shown(value: object) -> str:
    """A value as it stands in a message; its class if it has no repr."""
    try:
        return _shortened(_ADDRESS.sub("", " ".join(repr(value).split())))
    except Exception:
        return f"one {type(value).__name__}"


def _shortened(text: str) -> str:
    """A text of at most `_LONGEST` characters, cut where a sentence ends if one does."""
    if len(text) <= _LONGEST:
        return text
    return text[: text.rfind(". ", _LONGEST // 4, _LONGEST) + 1] or f"{text[:_LONGEST]}..."


_STATIC = (
    "bind what is no array before: functools.partial(function, name=value), or a default, with the arrays alone as"
    " arguments"
)
_CURES = (
    ("value is of type <class 'numpy.ndarray'>", "convert it to a dtype of JAX's and the machine's order of bytes"),
    ("An overflow was encountered", "give a number that 32 bits hold, or switch on jax_enable_x64"),
    ("as an abstract array", _STATIC),
    ("Non-hashable static arguments", _STATIC),
    ("static arguments", _STATIC),
    ("parameters to jaxpr equations must have", _STATIC),
    ("unhashable type: 'DynamicJaxprTracer'", _STATIC),
    ("unsupported format string passed to DynamicJaxprTracer", "put no traced value into a text"),
    ("must be static integers", "slice by jax.lax.dynamic_slice, or bind the value with functools.partial"),
    ("references cannot be returned", "return its value, as in `ref[...]`"),
    ("boolean conversion", "use jax.lax.cond or jnp.where, or bind the value as a static one with functools.partial"),
    ("numpy.ndarray conversion", "call jax.numpy instead of numpy"),
    ("concrete", "let no shape, index or Python number depend on a traced value"),
    ("__index__() method", "index with jnp.take, or bind the value as a static one with functools.partial"),
    ("DebugInfo(traced_for", "give no keyword the name of a parameter that is given by position"),
    ("sorting pytree dictionary keys", "let all keys of a dictionary be strings, or of another type with an order"),
    ("not a valid JAX type", "return arrays, numbers or containers of them"),
)
"""A phrase of JAX's message, and what helps."""


def explained(error: BaseException) -> str:
    """`summary`, and what helps against an error of JAX where its message does not say that itself."""
    text = summary(error)
    cure = next((cure for phrase, cure in _CURES if phrase in text), None)
    return f"{text.rstrip('.')}; {cure}" if cure else text
