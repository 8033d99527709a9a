"""An exception on a span: its type, its message and its stack, without running code of the user's.

``str(exception)`` and the ``traceback`` module's formatting call ``__str__`` of classes that users write, so the
message is read from the arguments where the class brings its own.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone

from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.types import SpanEvent

_OWN_FILES = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PLAIN = (str, int, float, bool, bytes, type(None))
# The C implementations: they format the arguments and nothing else.
_SAFE_STR = frozenset(
    kind.__dict__["__str__"]
    for kind in (BaseException, KeyError, OSError, ImportError, SyntaxError, UnicodeDecodeError, UnicodeEncodeError)
    if "__str__" in kind.__dict__
)
_MAX_FRAMES = 60
_MAX_CHAIN = 5


def type_name(error: BaseException) -> str:
    """The class as Python prints it: ``module.Class``, without the module for builtins."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def message(error: BaseException) -> str:
    """What the exception says, read from its arguments; their classes' names where they are no plain values."""
    args = error.args
    if type(error).__str__ in _SAFE_STR and all(type(arg) in _PLAIN for arg in args):
        return str(error)
    return ", ".join(str(arg) if type(arg) in _PLAIN else f"<{type(arg).__qualname__}>" for arg in args)


def stack(error: BaseException) -> str:
    """The stack trace with its causes, ours left out, the way Python prints it."""
    parts: list[str] = []
    link: BaseException | None = error
    while link is not None and len(parts) < _MAX_CHAIN:
        parts.append(_one(link))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\nDuring handling of the above, or as its direct cause:\n\n".join(reversed(parts))


def _one(error: BaseException) -> str:
    from traceback import StackSummary, walk_tb  # a start must not pay for what only failures need

    frames = [pair for pair in walk_tb(error.__traceback__) if not pair[0].f_code.co_filename.startswith(_OWN_FILES)]
    lines = StackSummary.extract(iter(frames[-_MAX_FRAMES:])).format()
    return "".join(["Traceback (most recent call last):\n", *lines, f"{type_name(error)}: {message(error)}"])


def record(span: MutagentSpan, error: BaseException) -> None:
    """Mark the span as failed with this exception; a generator that was closed has not failed."""
    if isinstance(error, GeneratorExit):
        span.status = "ok" if span.status == "unset" else span.status
        return
    text = message(error)
    span.status = "error"
    span.status_message = text or type_name(error)
    span.attributes["error.type"] = type_name(error)
    details = {"exception.type": type_name(error), "exception.message": text, "exception.stacktrace": stack(error)}
    span.events.append(SpanEvent("exception", datetime.now(timezone.utc), details))
