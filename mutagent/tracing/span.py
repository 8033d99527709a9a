"""The live span: one slots object with its ids and its clock.

A start reads the wall clock and the monotonic one, an end reads the monotonic one: ``endTime`` is ``startTime`` plus
the duration, so a clock step or a suspended machine never makes a span end before it began.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from mutagent.tracing.ids import span_hex, trace_hex
from mutagent.tracing.types import SpanEvent, SpanMetrics

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Of these classes an output is a value that a function returned, and not yet an object of the wire's.
_SINGLE = frozenset((str, int, float, bool))


class Session:
    """Who a span belongs to: conversation id, user, tags and metadata; see :func:`mutagent.tracing.session`."""

    __slots__ = ("metadata", "session_id", "tags", "user_id")

    def __init__(
        self,
        session_id: str | None,
        user_id: str | None = None,
        tags: tuple[str, ...] = (),
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.session_id = session_id
        self.user_id = user_id
        self.tags = tags
        self.metadata = metadata


class Unread(Protocol):
    """What was recorded in a form that is quick to take, and takes longer to read."""

    def read(self, span: MutagentSpan) -> None:
        """Record it on the span as it is shown. The span is no longer unread then, unless more may come."""


class MutagentSpan:
    """One operation of a program: from its start until :func:`mutagent.tracing.end_span`.

    Ids are integers inside (``trace_number``, ``span_number``, ``parent_number``); ``trace_id``, ``span_id`` and
    ``parent_span_id`` give the hex strings. ``input`` and ``output`` are wire-form dicts or :class:`SpanIO`.
    ``recording`` is False for a span that is only context: one that was sampled out, or that belongs to the process
    that forked this one.
    """

    __slots__ = (
        "__weakref__",
        "_attributes",
        "_events",
        "_input",
        "_metrics",
        "_output",
        "abandon",
        "claim",
        "duration_ns",
        "kind",
        "name",
        "named",
        "outer",
        "parent_number",
        "recording",
        "root_session",
        "sampled",
        "session",
        "span_number",
        "start_ns",
        "start_tick",
        "status",
        "status_message",
        "trace_number",
        "unread",
    )

    trace_number: int
    span_number: int
    parent_number: int | None
    kind: str
    name: str
    session: Session | None
    root_session: Session | None
    sampled: bool
    recording: bool
    # The context value this span replaced: where a lookup goes on once this span has ended.
    outer: Any
    # The family of model request that this span stands for until one has been made under it.
    claim: Any
    # What is known of it and stands in none of the fields below: who looks at one reads that first.
    unread: Unread | None
    status: str
    status_message: str | None
    start_ns: int
    start_tick: int
    duration_ns: int | None
    # As the properties give them, but for what a call under a decorator leaves to whoever looks: a tuple of what it was
    # given, which ``named`` names, and what it returned. An object made to hold each would be a tenth of such a call.
    _input: Any
    _output: Any
    named: Callable[[tuple[Any, ...]], dict[str, Any]]
    # Of those alone that a holder must end.
    abandon: Callable[[MutagentSpan], None]
    # Made when somebody looks: most spans of a program's own functions have none.
    _attributes: dict[str, Any] | None
    _metrics: SpanMetrics | None
    _events: list[SpanEvent] | None

    @property
    def ended(self) -> bool:
        """Whether the span has ended; nothing recorded after that is sent."""
        return self.duration_ns is not None

    @property
    def span_id(self) -> str:
        """16 lower-case hex digits."""
        return span_hex(self.span_number)

    @property
    def id(self) -> str:
        """The ``span_id``."""
        return span_hex(self.span_number)

    @property
    def trace_id(self) -> str:
        """32 lower-case hex digits."""
        return trace_hex(self.trace_number)

    @property
    def parent_span_id(self) -> str | None:
        """The parent's ``span_id``, None for a root."""
        return None if self.parent_number is None else span_hex(self.parent_number)

    @property
    def started_at(self) -> datetime:
        """Start by the wall clock, UTC, to the microsecond."""
        return _EPOCH + timedelta(microseconds=self.start_ns // 1000)

    @property
    def session_id(self) -> str | None:
        """The session's id, where one is set."""
        return None if self.session is None else self.session.session_id

    def read(self) -> None:
        """Record what is still unread."""
        if (unread := self.unread) is not None:
            unread.read(self)

    def note(self, name: str, value: Any) -> None:
        """Record an attribute, and leave unread what is: for a name that nothing else writes to."""
        if self._attributes is None:
            self._attributes = {}
        self._attributes[name] = value

    @property
    def input(self) -> Any:
        """What went in."""
        if (unread := self.unread) is not None:
            unread.read(self)
        part = self._input
        if part.__class__ is tuple:
            named = getattr(self, "named", None)  # not yet there, where a signal's handler looks at the very start
            part = self._input = named(part) if part and named is not None else None
        return part

    @input.setter
    def input(self, value: Any) -> None:
        if (unread := self.unread) is not None:
            unread.read(self)
        self._input = list(value) if value.__class__ is tuple else value

    @property
    def output(self) -> Any:
        """What came out."""
        if (unread := self.unread) is not None:
            unread.read(self)
        part = self._output
        if part.__class__ in _SINGLE:
            part = self._output = {"raw": part}
        return part

    @output.setter
    def output(self, value: Any) -> None:
        if (unread := self.unread) is not None:
            unread.read(self)
        self._output = value

    @property
    def attributes(self) -> dict[str, Any]:
        """What else is known, by name."""
        if (unread := self.unread) is not None:
            unread.read(self)
        found = self._attributes
        if found is None:
            found = self._attributes = {}
        return found

    @attributes.setter
    def attributes(self, value: dict[str, Any]) -> None:
        if (unread := self.unread) is not None:
            unread.read(self)
        self._attributes = value

    @property
    def metrics(self) -> SpanMetrics:
        """Model, tokens and cost; fill in what is known."""
        if (unread := self.unread) is not None:
            unread.read(self)
        if self._metrics is None:
            self._metrics = SpanMetrics()
        return self._metrics

    @metrics.setter
    def metrics(self, value: SpanMetrics | None) -> None:
        if (unread := self.unread) is not None:
            unread.read(self)
        self._metrics = value

    @property
    def events(self) -> list[SpanEvent]:
        """What happened within the span; append :class:`SpanEvent` objects."""
        if self._events is None:
            self._events = []
        return self._events

    def add_event(self, name: str, attributes: dict[str, Any] | None = None) -> None:
        """Record that something happened now.

        Args:
            name: what happened, such as ``"cache.miss"``.
            attributes: details, by name.
        """
        self.events.append(SpanEvent(name, datetime.now(timezone.utc), attributes))

    def __enter__(self) -> MutagentSpan:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        from mutagent.tracing.api import end_with

        end_with(self, error)

    def __repr__(self) -> str:
        state = "open" if self.duration_ns is None else self.status
        return f"<span {self.kind} {self.name!r} {self.span_id} {state}>"


class OwnedSpan(MutagentSpan):
    """A span that its holder must end. Collected unended, it ends as abandoned with what it had recorded."""

    # The context and the registry hold it weakly.
    __slots__ = ()

    def __del__(self) -> None:
        if self.duration_ns is None:
            self.abandon(self)


class RemoteSpan(MutagentSpan):
    """The caller's span in another process, known by its ids alone: a parent, never recorded here."""

    __slots__ = ()

    def __init__(self, trace_number: int, span_number: int, sampled: bool) -> None:
        for name in MutagentSpan.__slots__[1:]:
            setattr(self, name, None)
        self.trace_number = trace_number
        self.span_number = span_number
        self.sampled = sampled
