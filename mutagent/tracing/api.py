"""Spans by hand: ``start_span``/``end_span``, ``with_trace``, and what is current."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import ref

from mutagent.capture.snapshot import flat_copy, own_copies, snapshot
from mutagent.guard import counted, guarded
from mutagent.tracing import context
from mutagent.tracing.ids import span_number_of, trace_number_of
from mutagent.tracing.runtime import live, live_tracer
from mutagent.tracing.span import MutagentSpan, OwnedSpan, Session
from mutagent.tracing.types import KINDS, STATUSES, SpanEndOptions, SpanIO, SpanOptions

T = TypeVar("T")
# Looked up once: they are called for every span.
_current, _make_current = context.current.get, context.current.set


def start_span(options: SpanOptions) -> MutagentSpan | None:
    """Start a span and make it current until :func:`end_span`.

    Args:
        options: kind, name, input, attributes, and where needed an explicit parent, session or trace.

    Returns:
        The span, also usable as a context manager; None where tracing is off. Dropped without an end it ends as
        abandoned, and is current no longer.
    """
    tracer = live.tracer
    if tracer is None and (tracer := live_tracer()) is None:
        return None
    # In one piece and not by `guarded`, here and at the end: a call within costs a quarter of the floor.
    try:
        kind = KINDS[options.kind]
        outer = _current()
        if outer is not None:
            # Spans that nobody ended in this context must not pile up in it.
            outer = context.open_value(outer)
        given = options.attributes
        attributes = (given.copy() if own_copies(given.values()) else flat_copy(given)) if given else None
        session = None if options.session_id is None else _session(options.session_id)
        recorded = None if options.input is None or not tracer.capture_inputs else _recorded(options.input)
        name = options.name or kind
        if options.trace_id is None and options.parent_span_id is None:
            span = tracer.start(kind, name, outer, recorded, attributes, session)
        else:
            attributes = attributes or {}
            numbers = _explicit(options, attributes)
            span = tracer.start_under(*numbers, kind, name, outer, recorded, attributes, session)
        # Held by who started it and by nobody else: dropped without an end, it ends as abandoned.
        held = ref(span)
        if span.recording:
            tracer.open[span.span_number] = held
        span.abandon = tracer.abandoning
        span.__class__ = OwnedSpan
        _make_current((held, outer))
        return span
    except Exception as error:
        if counted("start_span", error):
            return None
        raise


def _explicit(options: SpanOptions, attributes: dict[str, Any]) -> tuple[int | None, int | None]:
    trace_number = parent_number = None
    if options.trace_id is not None:
        trace_number, is_id = trace_number_of(options.trace_id)
        if not is_id:
            attributes["mutagent.trace_id"] = options.trace_id
    if options.parent_span_id is not None:
        parent_number, is_id = span_number_of(options.parent_span_id)
        if not is_id:
            attributes["mutagent.parent_span_id"] = options.parent_span_id
    return trace_number, parent_number


def _session(session_id: str) -> Session:
    outer = context.current_session.get()
    if outer is None:
        return Session(session_id)
    return Session(session_id, outer.user_id, outer.tags, outer.metadata)


def _recorded(part: Any) -> Any:
    """What is kept of an input or output: a wire-form dict, as it was now."""
    if part is None:
        return None
    return flat_copy(part.to_dict()) if type(part) is SpanIO else {"raw": snapshot(part)}


def end_span(span: MutagentSpan | None, end_options: SpanEndOptions | None = None) -> None:
    """End a span; the span that was current before its start is current again.

    Ending None, a span that has ended, out of order, or in another context is harmless.

    Args:
        span: what :func:`start_span` returned.
        end_options: status (it stays ``unset`` where it is not said), output, metrics, attributes, events.
    """
    if span is None:
        return
    if span.duration_ns is None:
        tracer = live.tracer
        try:
            span.__class__ = MutagentSpan  # nobody has to end it any more
            try:
                if end_options is not None:
                    _record(span, end_options, tracer is None or tracer.capture_outputs)
            finally:
                if tracer is not None:
                    tracer.end(span)
        except Exception as error:
            if not counted("end_span", error):
                raise
    # Where it stands in this context, what stood there before is put back; elsewhere it is skipped as ended.
    value = _current()
    if value.__class__ is tuple and value[0]() is span:
        _make_current(value[1])


def end_with(span: MutagentSpan, error: BaseException | None) -> None:
    """End a span that was used as a context manager, with the exception that left the block, if any."""
    tracer = live.tracer
    if error is not None and tracer is not None:
        guarded("end_span", tracer.fail, span, error)
    elif span.status == "unset":
        span.status = "ok"
    end_span(span)


def _record(span: MutagentSpan, options: SpanEndOptions, keep_output: bool) -> None:
    if options.status is not None:
        span.status = STATUSES[options.status]
    if options.status_message is not None:
        span.status_message = options.status_message
    if options.output is not None and keep_output:
        span.output = _recorded(options.output)
    if options.metrics is not None:
        span.read()
        if span._metrics is None:
            span._metrics = options.metrics
        else:
            span._metrics.update(options.metrics)
    if options.attributes:
        span.attributes.update(flat_copy(options.attributes))
    if options.events:
        span.events.extend(options.events)


def get_current_span() -> MutagentSpan | None:
    """The span that the running code belongs to; None outside any, or where tracing is off."""
    return context.current_span() if live.tracer is not None else None


def get_current_trace_id() -> str | None:
    """The trace that the running code belongs to, as 32 hex digits; None outside any."""
    span = get_current_span()
    return None if span is None else span.trace_id


def get_current_session_id() -> str | None:
    """The id of the innermost session set around the running code; None outside any."""
    session = context.current_session.get()
    return None if session is None else session.session_id


def run_in_span_context(span: MutagentSpan | None, fn: Callable[[], T]) -> T:
    """Call ``fn()`` with ``span`` as the current span and return its result; without tracing, just call it."""
    if span is None:
        return fn()
    outer = _current()
    _make_current((ref(span), outer))
    try:
        return fn()
    finally:
        _make_current(outer)
