"""Sessions: a connection that stays open, and responses that are asked for and come over it as events.

The session is a span from its connecting to its closing, and each response is a span below it. Nothing is awaited or
called here: events are looked at as the program sends and receives them.
"""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from time import perf_counter_ns
from typing import Any
from weakref import WeakKeyDictionary, ref

from mutagent.guard import Guard, attempt
from mutagent.integrations import facts
from mutagent.integrations.engine import Call
from mutagent.integrations.spec import Moment, Request, Response, Session
from mutagent.tracing import context
from mutagent.tracing.span import MutagentSpan

_FIRST = "gen_ai.response.time_to_first_chunk"
_OPERATION = "gen_ai.operation.name"
# Responses that a session has under way at once; of more, the oldest ends as it is.
_MAX_OPEN = 100


class Following:
    """One session under way: its span, and the spans of its responses."""

    __slots__ = ("__weakref__", "asked", "call", "count", "current", "ended", "events", "lock", "open", "piece")

    def __init__(self, piece: Session, call: Call, instance: Any) -> None:
        self.piece = piece
        self.call = call
        self.events = piece.events(call.request or Request(), instance)
        # Asked for and not begun: the provider begins them in this order.
        self.asked: deque[MutagentSpan] = deque()
        self.open: dict[str, MutagentSpan] = {}
        self.count = 0
        self.ended = False
        # What stands in the context while the session is open.
        self.current = partial(_span_of, ref(self))
        # Sending and receiving may have threads of their own; a finalizer may come in between.
        self.lock = threading.RLock()

    def sent(self, event: Any) -> None:
        """The program sends an event."""
        with self.lock:
            self.take(self.events.sent(event))

    def received(self, event: Any) -> None:
        """An event came."""
        with self.lock:
            self.take(self.events.received(event))

    def take(self, moment: Moment | None) -> None:
        """Begin, continue or end what a moment is about."""
        if moment is None or self.ended:
            return
        if moment.kind == "asked":
            self.asked.append(self.started(moment.request))
        elif moment.kind == "begun":
            self.begun(str(moment.key), moment.request)
        elif moment.kind == "beside":
            self.follow(str(moment.key), self.started(moment.request, moment.of))
        elif moment.kind == "said":
            span = self.open.get(str(moment.key))
            if span is not None and _FIRST not in span.attributes:
                span.attributes[_FIRST] = (perf_counter_ns() - span.start_tick) / 1e9
        elif moment.kind == "told":
            if moment.response is not None:
                facts.apply_response(self.call.span, moment.response, keep_output=False)
        else:
            self.over(moment)

    def started(self, request: Request | None, of: tuple[str, str] | None = None) -> MutagentSpan:
        """A span below the session's: a response's, unless it is ``of`` another kind and operation."""
        kind, operation = of or self.piece.response
        span = self.call.tracer.start(kind, operation, self.call.span)
        span.attributes[_OPERATION] = operation
        self.count += of in (None, self.piece.response)
        self.asks(span, request)
        return span

    def asks(self, span: MutagentSpan, request: Request | None) -> None:
        """Record what a response is asked for."""
        if request is not None:
            facts.apply_request(span, span.attributes[_OPERATION], request, self.call.tracer.capture_inputs)

    def begun(self, key: str, request: Request | None) -> None:
        """The response that was asked for first begins, or one that nobody asked for."""
        span = self.asked.popleft() if self.asked else self.started(None)
        self.asks(span, request)
        self.follow(key, span)

    def follow(self, key: str, span: MutagentSpan) -> None:
        """A span is under way."""
        self.open[key] = span
        if len(self.open) > _MAX_OPEN:
            self.left(next(iter(self.open)))

    def over(self, moment: Moment) -> None:
        """A response has ended, or one that was asked for was refused."""
        if moment.kind == "refused":
            span = self.asked.popleft() if self.asked else None
        else:
            span = self.open.pop(str(moment.key), None)
        if span is None and moment.of is not None:
            span = self.started(None, moment.of)  # nobody told of its beginning
        if span is not None:
            self.asks(span, moment.request)
            self.end(span, moment.response or Response())

    def end(self, span: MutagentSpan, response: Response) -> None:
        """End a response's span."""
        facts.apply_response(span, response, self.call.tracer.capture_outputs)
        if span.status == "unset":
            span.status = "ok"
        self.call.tracer.end(span)
        self.call.traced.failures = 0

    def left(self, key: str) -> None:
        """End a response that nobody has seen the end of."""
        span = self.open.pop(key)
        span.attributes["mutagent.stream.outcome"] = "closed"
        self.end(span, self.events.so_far(key))

    def finish(self, outcome: str) -> None:
        """End the session's span, and those of responses that are still under way; later calls do nothing."""
        with self.lock:
            if self.ended:
                return
            for key in list(self.open):
                self.left(key)
            while self.asked:
                span = self.asked.popleft()
                span.attributes["mutagent.stream.outcome"] = outcome
                self.end(span, Response())
            self.ended = True
        attributes = self.call.span.attributes
        attributes["mutagent.session.responses"] = self.count
        attributes["mutagent.stream.outcome"] = outcome
        self.call.end()

    def __del__(self) -> None:
        with Guard("forgotten session"):
            if not self.ended:
                self.finish("abandoned")


def _span_of(following: ref[Following]) -> MutagentSpan | None:
    found = following()
    return None if found is None else found.call.span


_followed: WeakKeyDictionary[Any, Following] = WeakKeyDictionary()


def opened(piece: Session, call: Call, instance: Any, connection: Any) -> None:
    """A session is connected: follow it. What the program does until it closes belongs to it, such as its tools."""
    if not call.span.recording:
        call.end()
        return
    following = _followed[connection] = Following(piece, call, instance)
    call.span.claim = None
    context.current.set((following.current, context.open_value(call.outer)))


def sending(connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """The program sends an event over a connection; where a method takes no event, its arguments are one."""
    following = _followed.get(connection)
    if following is not None:
        attempt(following.call.traced, "event", following.sent, args[0] if args else kwargs.get("event", kwargs))


def receiving(connection: Any, event: Any) -> None:
    """An event came over a connection."""
    following = _followed.get(connection)
    if following is not None:
        attempt(following.call.traced, "event", following.received, event)


def closing(connection: Any) -> None:
    """The program closes a connection."""
    following = _followed.pop(connection, None)
    if following is not None:
        following.finish("closed")
        value = context.current.get()
        if value.__class__ is tuple and value[0] is following.current:
            context.current.set(value[1])
