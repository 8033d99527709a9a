"""Start and end spans: ids, parent, session, sampling, and the registry of those that are open.

The tracer knows where spans go only as a :class:`Sink`.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING, Any
from weakref import ref

from mutagent.guard import counted
from mutagent.tracing import context, failure, ids
from mutagent.tracing.context import open_span
from mutagent.tracing.ids import SPAN_BITS, TRACE_BITS, draw
from mutagent.tracing.span import MutagentSpan, Session

if TYPE_CHECKING:
    from mutagent.config import Settings

# A trace is sampled by the low 56 bits of its id, which are random in every version of the W3C format.
_SAMPLE_BITS = (1 << 56) - 1
# Looked up once: it is called for every span.
_current_session = context.current_session.get


class Reader:
    """What the program's threads see of the one that takes spans from a sink's queue.

    They look at it at every span and call nothing as a rule: a call takes a quarter of the floor (docs/performance.md).

    ``asleep``: it has to be told of what comes; ``patience``: the length of the queue from which on it needs help;
    ``wants_starts``: it has to be told of starts, too.
    """

    __slots__ = ("asleep", "patience", "wants_starts")

    def __init__(self, asleep: bool = False, patience: int = 0, wants_starts: bool = False) -> None:
        self.asleep = asleep
        self.patience = patience
        self.wants_starts = wants_starts


class Sink:
    """Where spans go; all of it happens on the program's own threads and returns at once."""

    reader = Reader()
    queue: Sized = ()
    # Takes a span that has ended: it is complete, though it may be unread, and the sink's from here on. A sink without
    # one is no sink.
    ended: Callable[[MutagentSpan], object]

    def started(self, span: MutagentSpan) -> None:
        """A span has begun, and the reader wants to know."""

    def attend(self) -> None:
        """A span has ended, and the reader is asleep or falls behind."""


class Tracer:
    """Makes spans under one set of settings and hands them to one sink."""

    def __init__(self, settings: Settings, sink: Sink) -> None:
        self.settings = settings
        self.give_to(sink)
        self.capture_inputs = settings.capture_inputs
        self.capture_outputs = settings.capture_outputs
        self.captures = self.capture_inputs and self.capture_outputs
        self.asks_usage = settings.stream_usage
        # Open spans by number. One whose holder must end it stands here weakly, as in the context.
        self.open: dict[int, MutagentSpan | ref[MutagentSpan]] = {}
        self.unsampled = 0
        self._samples_all = settings.sample_rate >= 1
        # Bound once: every owned span carries it.
        self.abandoning = self.abandon
        self._threshold = int(settings.sample_rate * (_SAMPLE_BITS + 1))

    def start(
        self,
        kind: str,
        name: str,
        outer: Any,
        input: Any = None,
        attributes: dict[str, Any] | None = None,
        session: Session | None = None,
        parent: MutagentSpan | None = None,
        trace_number: int | None = None,
    ) -> MutagentSpan:
        """Begin a span under the nearest open one of ``outer``.

        Args:
            kind: one of the span kinds.
            name: what to call it.
            outer: the context value to start under; the caller makes the span current and puts this back.
            input: what goes in, already a snapshot.
            attributes: becomes the span's own dict; None where there are none as yet.
            session: over the current one.
            parent: over the one that ``outer`` says.
            trace_number: the trace to begin, under no parent.
        """
        span = MutagentSpan()
        if outer is not None and parent is None and trace_number is None:
            # The usual case, a span of a frame around us that is still open, without a call.
            usual = outer.__class__ is MutagentSpan and outer.duration_ns is None
            parent = outer if usual else open_span(outer)
        if session is None:
            session = _current_session()
        # ids.bits without a call, which is a third of what an id costs.
        if not ids.seeded[0]:
            ids.seed()
        span.span_number = span_number = draw(SPAN_BITS) or 1
        if parent is not None:
            span.trace_number = parent.trace_number
            span.parent_number = parent.span_number
            span.root_session = parent.root_session or session
            sampled = parent.sampled
        else:
            span.trace_number = trace_number = trace_number or draw(TRACE_BITS) or 1
            span.parent_number = None
            span.root_session = session
            sampled = self._samples_all or self._samples(trace_number)
        # Here and not in an __init__: eleven arguments for it cost a fifth of the floor (docs/performance.md).
        span.kind = kind
        span.name = name
        span._input = input
        span._attributes = attributes
        span.session = session
        span.sampled = span.recording = sampled
        span.outer = outer
        span.status = "unset"
        # Filled in later or never; one chained assignment costs half of seven.
        span._output = span.claim = span.unread = span.status_message = span._metrics = span._events = None
        span.duration_ns = None
        span.start_ns = time_ns()
        span.start_tick = perf_counter_ns()
        if sampled:
            self.open[span_number] = span
            if self._reader.wants_starts:
                try:
                    self.sink.started(span)
                except RecursionError:
                    # A start for which the stack has no room leaves no span behind.
                    del self.open[span_number]
                    raise
        return span

    def start_under(
        self,
        trace_number: int | None,
        parent_number: int | None,
        kind: str,
        name: str,
        outer: Any,
        input: Any,
        attributes: dict[str, Any],
        session: Session | None,
    ) -> MutagentSpan:
        """Begin a span in a trace or under a parent that the program names."""
        parent, trace_number = self._explicit(outer, trace_number, parent_number)
        span = self.start(kind, name, outer, input, attributes, session, parent, trace_number)
        if parent is None and parent_number is not None:
            span.parent_number = parent_number
        return span

    def _explicit(
        self, outer: Any, trace_number: int | None, parent_number: int | None
    ) -> tuple[MutagentSpan | None, int | None]:
        """The parent, if it is known here and of the trace that is asked for; else the trace to begin."""
        parent = open_span(outer)
        if parent_number is not None and (parent is None or parent.span_number != parent_number):
            parent = self.open_by_number(parent_number)
        if parent is not None and trace_number in (None, parent.trace_number):
            return parent, None
        return None, ids.bits(TRACE_BITS) if trace_number is None else trace_number

    def end(
        self, span: MutagentSpan, output: Any = None, status: str = "unset", duration_ns: int | None = None
    ) -> None:
        """End a span with what it has recorded, and give it to the sink; a second end does nothing.

        Args:
            span: it.
            output: what came out, in place of what was recorded.
            status: where the program has not set one.
            duration_ns: how long it took, where it ended earlier and was not given to the sink then.
        """
        if duration_ns is None:
            if span.duration_ns is not None:
                return
            duration_ns = perf_counter_ns() - span.start_tick
        span.duration_ns = duration_ns
        if output is not None:
            span._output = output
        if span.status == "unset":
            span.status = status
        if span.recording:
            self.open.pop(span.span_number, None)
            self._ended(span)
            reader = self._reader
            if reader.asleep or len(self._queue) > reader.patience:
                try:
                    self.sink.attend()
                except RecursionError:
                    pass  # at the end of the stack there is no room for it; the next one that ends does it
        elif not span.sampled:
            self.unsampled += 1  # the others are a parent process's, which counts them itself

    def give_to(self, sink: Sink) -> None:
        """Give this sink what starts and ends from here on."""
        self.sink = sink
        # What is looked at for every span.
        self._reader, self._queue, self._ended = sink.reader, sink.queue, sink.ended

    def fail(self, span: MutagentSpan, error: BaseException, message: str | None = None) -> None:
        """End a span with the exception that left it, and with what it says where that can't be read off it.

        It raises nothing of its own, and has to do with no more of the stack than a start: at the end of it, a
        function that calls itself for ever fails, and all of its spans have to end.
        """
        if span.duration_ns is not None:
            return
        span.duration_ns = duration_ns = perf_counter_ns() - span.start_tick
        try:
            failure.record(span, error, message)
        except RecursionError:
            span.status = "error"  # no room to say why
        except Exception as ours:
            if not counted("exception", ours):
                raise
        finally:
            try:
                self.end(span, duration_ns=duration_ns)
            except RecursionError:
                if self.open.pop(span.span_number, None) is not None:
                    self._ended(span)

    def abandon(self, span: MutagentSpan) -> None:
        """End a span that nobody can end any more."""
        span.attributes["mutagent.span.outcome"] = "abandoned"
        self.end(span)

    def open_by_number(self, number: int) -> MutagentSpan | None:
        """The open span with this number, if it is one of ours."""
        found = self.open.get(number)
        return found() if isinstance(found, ref) else found

    def open_spans(self) -> list[MutagentSpan]:
        """All open spans, in the order of their starts."""
        found = [span() if isinstance(span, ref) else span for span in list(self.open.values())]
        return [span for span in found if span is not None and span.duration_ns is None]

    def hand_on(self, successor: Tracer) -> None:
        """Open spans, and whatever still ends here, go to the tracer that replaces this one."""
        successor.open = self.open
        self.give_to(successor.sink)

    def forget_open_spans(self) -> None:
        """In a forked child: the open spans are the parent's to end. They stay parents here, by their ids."""
        for span in self.open_spans():
            span.recording = False
        self.open = {}
        self.unsampled = 0

    def _samples(self, trace_number: int) -> bool:
        return trace_number & _SAMPLE_BITS < self._threshold
