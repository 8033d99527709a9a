"""An exception on a span: its type, its message and its stack, without running code of the user's.

``str(exception)`` and the ``traceback`` module's formatting call ``__str__`` of classes that users write, so the
message is read from the arguments where the class brings its own.
"""

from __future__ import annotations

import builtins
import os
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

from mutagent.capture.plain import class_attribute, is_exactly, is_kind, loaded, type_label
from mutagent.capture.snapshot import shortened, snapshot
from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.types import SpanEvent

_OWN_FILES = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PLAIN = (str, int, float, bool, bytes, type(None))
# These print their arguments, or what C code has stored beside them, and call nothing but the arguments' own methods.
_PRINTING = tuple(
    getattr(builtins, name)
    for name in ("BaseException", "KeyError", "OSError", "ImportError", "SyntaxError", "UnicodeDecodeError",
                 "UnicodeEncodeError", "BaseExceptionGroup")
    if hasattr(builtins, name)
)  # fmt: skip
_SAFE_STR = frozenset(kind.__dict__["__str__"] for kind in _PRINTING if "__str__" in kind.__dict__)
_GROUP = getattr(builtins, "BaseExceptionGroup", None)
_MAX_MESSAGE = 8_192
_MAX_FRAMES = 60
_MAX_CHAIN = 5
# Messages quote values; where no content is recorded, an exception is its class and its frames.
_with_messages = True


def set_with_messages(with_messages: bool) -> None:
    """Whether what exceptions say is recorded from here on."""
    global _with_messages
    _with_messages = with_messages


def type_name(error: BaseException) -> str:
    """The class as Python prints it: ``module.Class``, without the module for builtins."""
    return type_label(type(error))[1:-1].removeprefix("builtins.")


def message(error: BaseException, depth: int = 0) -> str:
    """What the exception says, to 8192 characters: its own words where they are safe, else its arguments.

    Those of requests have another exception for an argument; ``depth`` counts how far inside one we are.
    """
    args = _stored(error, "args")
    if class_attribute(type(error), "__str__") in _SAFE_STR and _prints_plain_values(error, args):
        return shortened(str(error), _MAX_MESSAGE)
    invalid = loaded("pydantic_core", "ValidationError")
    if invalid is not None and type(error) is invalid:
        # Its own words quote the values, by their repr.
        count: int = error.error_count()  # type: ignore[attr-defined]
        return f"{count} validation error{'s' if count > 1 else ''} for {error.title}"  # type: ignore[attr-defined]
    return shortened(", ".join(_shown(arg, depth) for arg in args), _MAX_MESSAGE)


def _prints_plain_values(error: BaseException, args: tuple[Any, ...]) -> bool:
    if _GROUP is not None and is_kind(error, _GROUP):
        return True  # a text and a number
    if is_kind(error, OSError) and not is_exactly(OSError.__dict__["filename"].__get__(error), *_PLAIN):
        return False
    return all(_is_plain(arg) for arg in args)


def _is_plain(arg: Any) -> bool:
    return is_exactly(arg, *_PLAIN) or (type(arg) is tuple and all(is_exactly(item, *_PLAIN) for item in arg))


def _shown(arg: Any, depth: int) -> str:
    if is_exactly(arg, *_PLAIN):
        return str(arg)
    if is_kind(arg, BaseException) and depth < _MAX_CHAIN:
        return message(arg, depth + 1) or type_name(arg)
    taken = snapshot(arg, _MAX_MESSAGE)
    import json  # nothing else of a start without spans needs it

    return taken if type(taken) is str else json.dumps(taken, ensure_ascii=False)


def _stored(error: BaseException, name: str) -> Any:
    """What C code has stored in an exception, which a property of its class may hide."""
    return BaseException.__dict__[name].__get__(error)


def stack(error: BaseException) -> str:
    """The stack trace with its causes, ours left out, the way Python prints it."""
    parts: list[str] = []
    link: BaseException | None = error
    while link is not None and len(parts) < _MAX_CHAIN:
        parts.append(_one(link))
        suppressed = _stored(link, "__suppress_context__")
        link = _stored(link, "__cause__") or (None if suppressed else _stored(link, "__context__"))
    return "\nDuring handling of the above, or as its direct cause:\n\n".join(reversed(parts))


def _one(error: BaseException) -> str:
    from traceback import StackSummary, walk_tb  # a start must not pay for what only failures need

    traceback: TracebackType | None = _stored(error, "__traceback__")
    frames = [pair for pair in walk_tb(traceback) if not pair[0].f_code.co_filename.startswith(_OWN_FILES)]
    lines = StackSummary.extract(iter(frames[-_MAX_FRAMES:])).format()
    said = f": {message(error)}" if _with_messages else ""
    return "".join(["Traceback (most recent call last):\n", *lines, f"{type_name(error)}{said}"])


def record(span: MutagentSpan, error: BaseException, said: str | None = None) -> None:
    """Mark the span as failed with this exception; a generator that was closed has not failed.

    ``said`` is its message, where somebody knows it better than the arguments tell.
    """
    if is_kind(error, GeneratorExit):
        span.status = "ok" if span.status == "unset" else span.status
        return
    text = ""
    if _with_messages:
        text = message(error) if said is None else shortened(said, _MAX_MESSAGE)
    span.status = "error"
    span.status_message = text or type_name(error)
    span.attributes["error.type"] = type_name(error)
    details = {"exception.type": type_name(error), "exception.message": text, "exception.stacktrace": stack(error)}
    span.events.append(SpanEvent("exception", datetime.now(timezone.utc), details))
