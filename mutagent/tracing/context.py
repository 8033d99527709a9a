"""Which span and which session the running code belongs to.

The context variable holds the innermost span of a frame that restores it (a decorated call, a patched client), or, for
a span whose holder must end it, a pair of a weak reference and the value that stood there before: an exception between
start and end must not keep such a span alive, nor current. Spans that have ended are never current; a lookup goes on to
the nearest one outside that is still open. No token is kept across a yield: values are put back by ``set``.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from mutagent.guard import guarded
from mutagent.tracing.ids import is_hex
from mutagent.tracing.span import MutagentSpan, RemoteSpan, Session

# A MutagentSpan, a pair (weak reference to a span, value outside), or None.
current: ContextVar[Any] = ContextVar("mutagent_span", default=None)
current_session: ContextVar[Session | None] = ContextVar("mutagent_session", default=None)


def open_value(value: Any) -> Any:
    """A context value without the spans in front that have ended or are gone; None where no open one is left."""
    while value is not None:
        if value.__class__ is tuple:
            span, outer = value[0](), value[1]
        else:
            span, outer = value, value.outer
        if span is not None and span.duration_ns is None:
            return value
        value = outer
    return None


def open_span(value: Any) -> MutagentSpan | None:
    """The nearest open span of a context value, remote ones included; None where there is none."""
    value = open_value(value)
    return value[0]() if value.__class__ is tuple else value  # type: ignore[no-any-return]


def current_span() -> MutagentSpan | None:
    """The open span of this process that the running code belongs to."""
    span = open_span(current.get())
    return None if span.__class__ is RemoteSpan else span


class session:  # used as a function: `with session("id"):`
    """Set the session for every span started inside the block; nested blocks inherit what they don't set.

    Args:
        session_id: the conversation's id; None keeps the surrounding one.
        user_id: who it is for.
        tags: labels, added to the surrounding ones.
        metadata: values by name, over the surrounding ones.

    Usable as ``with`` and ``async with``, and again after it was left.
    """

    def __init__(
        self,
        session_id: str | None = None,
        *,
        user_id: str | None = None,
        tags: Iterable[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(tags, str):
            raise ValueError(f"tags must be a list of strings, got the string {tags!r}.")
        self._given = Session(session_id, user_id, tuple(tags), metadata)
        # What each entering has covered, by what it has set: several tasks may be inside at once.
        self._outer: dict[Session, Session | None] = {}

    def __enter__(self) -> None:
        outer = current_session.get()
        entered = _merged(outer, self._given)
        self._outer[entered] = outer
        current_session.set(entered)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        entered = current_session.get()
        if entered in self._outer:
            current_session.set(self._outer.pop(entered))

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def _merged(outer: Session | None, inner: Session) -> Session:
    if outer is None:
        return Session(inner.session_id, inner.user_id, inner.tags, inner.metadata)
    same_conversation = inner.session_id is None or inner.session_id == outer.session_id
    metadata = {**(outer.metadata or {}), **(inner.metadata or {})} or None
    return Session(
        outer.session_id if same_conversation else inner.session_id,
        inner.user_id or outer.user_id,
        tuple(dict.fromkeys((*outer.tags, *inner.tags))),
        metadata,
    )


def inject(headers: MutableMapping[str, str]) -> MutableMapping[str, str]:
    """Write the current span's W3C ``traceparent`` into ``headers`` and return them.

    Without a current span they are left as they are. Source of the form: https://www.w3.org/TR/trace-context/.
    """
    span = open_span(current.get())
    if span is not None:
        headers["traceparent"] = f"00-{span.trace_id}-{span.span_id}-{'01' if span.sampled else '00'}"
    return headers


class extract:  # used as a function: `with extract(headers):`
    """Continue the trace of an incoming request: spans started inside the block are children of the caller's span.

    Args:
        headers: any mapping with a ``traceparent`` entry, in any case; a missing or malformed one changes nothing.
    """

    def __init__(self, headers: Any) -> None:
        self._remote = guarded("extract", _remote_span_of, headers)
        self._outer: list[Any] = []

    def __enter__(self) -> None:
        outer = current.get()
        self._outer.append(outer)
        if self._remote is not None:
            current.set(self._remote)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        current.set(self._outer.pop())


def _header(headers: Any, name: str) -> str:
    for key in headers:
        text = key.decode("latin-1") if isinstance(key, bytes) else key
        if isinstance(text, str) and text.lower() == name:
            value = headers[key]
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return ""


def _remote_span_of(headers: Any) -> RemoteSpan | None:
    return _remote_span(_header(headers, "traceparent"))


def _remote_span(traceparent: str) -> RemoteSpan | None:
    parts = traceparent.strip().split("-")[:4]
    if [len(part) for part in parts] != [2, 32, 16, 2] or not is_hex("".join(parts)) or parts[0] == "ff":
        return None
    trace_number, span_number, flags = (int(part, 16) for part in parts[1:])
    if not trace_number or not span_number:
        return None
    return RemoteSpan(trace_number, span_number, bool(flags & 1))
