"""Spans by hand: ``start_span``/``end_span``, ``with_trace``, and what is current."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import ref

from mutagent.capture.snapshot import flat_copy, snapshot
from mutagent.guard import guarded, guarded_pair
from mutagent.tracing import context
from mutagent.tracing.ids import span_number_of, trace_number_of
from mutagent.tracing.runtime import live, live_tracer
from mutagent.tracing.span import MutagentSpan, Session
from mutagent.tracing.tracer import Tracer
from mutagent.tracing.types import KINDS, STATUSES, SpanEndOptions, SpanIO, SpanOptions

T = TypeVar("T")


def start_span(options: SpanOptions) -> MutagentSpan | None:
    """Start a span and make it current until :func:`end_span`.

    Args:
        options: kind, name, input, attributes, and where needed an explicit parent, session or trace.

    Returns:
        The span, also usable as a context manager; None where tracing is off. Dropped without an end it ends as
        abandoned, and is current no longer.
    """
    tracer = live.tracer
    if tracer is None:
        tracer = live_tracer()
        if tracer is None:
            return None
    return guarded_pair("start_span", _start, tracer, options)


def _start(tracer: Tracer, options: SpanOptions) -> MutagentSpan:
    kind = KINDS[options.kind]
    # Spans that nobody ended in this context must not pile up in it.
    outer = context.current.get()
    if outer is not None:
        outer = context.open_value(outer)
    attributes = flat_copy(options.attributes) if options.attributes else {}
    session = None if options.session_id is None else _session(options.session_id)
    recorded = _recorded(options.input) if tracer.capture_inputs and options.input is not None else None
    name = options.name or kind
    if options.trace_id is None and options.parent_span_id is None:
        span = tracer.start(kind, name, outer, recorded, attributes, session, None, None, True)
    else:
        numbers = _explicit(options, attributes)
        span = tracer.start_under(*numbers, kind, name, outer, recorded, attributes, session)
    context.current.set((ref(span), outer))
    return span


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
    if span is None or span.duration_ns is not None:
        return
    guarded_pair("end_span", _end, span, end_options)
    _uncover(span)


def end_with(span: MutagentSpan, error: BaseException | None) -> None:
    """End a span that was used as a context manager, with the exception that left the block, if any."""
    tracer = live.tracer
    if error is not None and tracer is not None:
        guarded("end_span", tracer.fail, span, error)
        _uncover(span)
        return
    if span.status == "unset":
        span.status = "ok"
    end_span(span)


def _end(span: MutagentSpan, options: SpanEndOptions | None) -> None:
    tracer = live.tracer
    try:
        if options is None:
            return
        if options.status is not None:
            span.status = STATUSES[options.status]
        if options.status_message is not None:
            span.status_message = options.status_message
        if options.output is not None and (tracer is None or tracer.capture_outputs):
            span._output = _recorded(options.output)
        if options.metrics is not None:
            if span._metrics is None:
                span._metrics = options.metrics
            else:
                span._metrics.update(options.metrics)
        if options.attributes:
            span.attributes.update(flat_copy(options.attributes))
        if options.events:
            span.events.extend(options.events)
    finally:
        if tracer is not None:
            tracer.end(span)


def _uncover(span: MutagentSpan) -> None:
    """Where the span stands in this context, put back what stood there before; elsewhere it is skipped as ended."""
    value = context.current.get()
    if value.__class__ is tuple and value[0]() is span:
        context.current.set(value[1])


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
    outer = context.current.get()
    context.current.set((ref(span), outer))
    try:
        return fn()
    finally:
        context.current.set(outer)
