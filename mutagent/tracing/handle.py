"""``with_trace``: call a function inside a span, giving it a handle to add to that span."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from mutagent.capture.snapshot import snapshot
from mutagent.guard import Guard, guarded
from mutagent.tracing import context
from mutagent.tracing.api import _recorded
from mutagent.tracing.runtime import live, live_tracer
from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.tracer import Tracer
from mutagent.tracing.types import SpanIO, SpanMetrics, checked_kind


class SpanHandle:
    """What ``with_trace`` gives to the function it calls. Without tracing it takes everything and records nothing."""

    __slots__ = ("_span", "span_id", "trace_id")

    def __init__(self, span_id: str = "", trace_id: str = "", span: MutagentSpan | None = None) -> None:
        self.span_id = span_id
        self.trace_id = trace_id
        self._span = span

    def set_attributes(self, attrs: dict[str, Any]) -> None:
        """Add attributes by name."""
        if self._span is not None:
            with Guard("set_attributes"):
                self._span.attributes.update({key: snapshot(value) for key, value in attrs.items()})

    def add_event(self, name: str, attributes: dict[str, Any] | None = None) -> None:
        """Record that something happened now."""
        if self._span is not None:
            guarded("add_event", self._span.add_event, name, attributes)

    def set_input(self, input: SpanIO) -> None:
        """Record what went in, in place of what was recorded."""
        if self._span is not None and live.tracer is not None and live.tracer.capture_inputs:
            self._span.input = guarded("set_input", _recorded, input)

    def set_output(self, output: SpanIO) -> None:
        """Record what came out, in place of what was recorded."""
        if self._span is not None and live.tracer is not None and live.tracer.capture_outputs:
            self._span.output = guarded("set_output", _recorded, output)

    def set_metrics(self, metrics: SpanMetrics) -> None:
        """Take over every value that ``metrics`` knows."""
        if self._span is not None:
            guarded("set_metrics", self._span.metrics.update, metrics)


def with_trace(
    kind: str,
    fn: Callable[[SpanHandle], Any],
    name: str | None = None,
    input: SpanIO | None = None,
    attributes: dict[str, Any] | None = None,
) -> Any:
    """Call ``fn(handle)`` inside a span.

    Args:
        kind: one of the span kinds.
        fn: takes a :class:`SpanHandle`; may return an awaitable.
        name: the span's name; the kind where left out.
        input: what goes in.
        attributes: details, by name.

    Returns:
        What ``fn`` returned; where that is a coroutine, one that ends the span when it is done.

    Raises:
        ValueError: for an unknown kind. What ``fn`` raises passes unchanged and marks the span as failed.
    """
    kind = checked_kind(kind)
    tracer = live.tracer or live_tracer()
    if tracer is None:
        return fn(SpanHandle())
    outer = context.current.get()
    kept = guarded("with_trace input", _recorded, input) if tracer.capture_inputs else None
    span = tracer.start(
        kind, name or kind, outer, kept, {key: snapshot(item) for key, item in (attributes or {}).items()}
    )
    context.current.set(span)
    try:
        result = fn(SpanHandle(span.span_id, span.trace_id, span))
    except BaseException as error:
        guarded("with_trace", tracer.fail, span, error)
        raise
    finally:
        context.current.set(outer)
    if inspect.iscoroutine(result):
        return _named_like(result, _ended_with(tracer, span, _Unstarted(tracer, span, result)))
    _end_ok(tracer, span)
    return result


class _Unstarted:
    """Holds a coroutine for the one that awaits it. Dropped before that, it closes it: one warning is enough."""

    __slots__ = ("coroutine", "span", "tracer")

    def __init__(self, tracer: Tracer, span: MutagentSpan, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.tracer = tracer
        self.span = span
        self.coroutine = coroutine

    def __del__(self) -> None:
        if self.span.duration_ns is None:
            self.coroutine.close()
            guarded("with_trace", self.tracer.abandon, self.span)


def _named_like(inner: Any, shell: Any) -> Any:
    shell.__name__, shell.__qualname__ = inner.__name__, inner.__qualname__
    return shell


async def _ended_with(tracer: Tracer, span: MutagentSpan, held: _Unstarted) -> Any:
    outer = context.current.get()
    context.current.set(span)
    try:
        result = await held.coroutine
    except BaseException as error:
        guarded("with_trace", tracer.fail, span, error)
        raise
    finally:
        context.current.set(outer)
    _end_ok(tracer, span)
    return result


def _end_ok(tracer: Tracer, span: MutagentSpan) -> None:
    if span.status == "unset":
        span.status = "ok"
    guarded("with_trace", tracer.end, span)
