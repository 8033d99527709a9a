"""Spans → the wire: the only place that knows what the service reads, in both of its dialects.

A span is encoded once, on the worker, into bytes that every exporter shares; a request is those bytes joined. Nothing
here fails for what a program recorded: a field that can't be had is left out, and the span's attributes say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from time import gmtime, perf_counter_ns, strftime, time_ns
from typing import Any

from mutagent.capture.masking import FieldMask, without_secrets
from mutagent.config import Settings
from mutagent.export.encoding import json_bytes
from mutagent.export.structure import without_words
from mutagent.guard import guarded
from mutagent.tracing.ids import span_hex, trace_hex
from mutagent.tracing.span import MutagentSpan, Session
from mutagent.tracing.types import SpanEvent, SpanIO, SpanMetrics

# What one EncodedSpan takes in memory beside its bytes: the object, its strings, its place in a queue.
_OVERHEAD = 400
_KNOWN_SESSIONS = 256
DROPPED_FIELDS = "mutagent.dropped_fields"
OUTCOME = "mutagent.span.outcome"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"


@dataclass(slots=True, init=False)
class EncodedSpan:
    """One span as it goes out.

    ``header`` is the JSON object of its trace's fields without ``startTime`` and ``spans``; ``trace_fields`` is what
    stands in it after the id, the same bytes for all spans of a session, as 100,000 of them may wait. ``body`` is the
    JSON object of the span; ``ended`` is False for one that is still running. ``size``: bytes it takes in memory,
    roughly, or on the wire, whichever is more.
    """

    trace_id: str
    span_id: str
    start_ns: int
    ended: bool
    trace_fields: bytes
    body: bytes
    size: int

    # By hand: the size is asked for four times on a span's way.
    def __init__(
        self, trace_id: str, span_id: str, start_ns: int, ended: bool, trace_fields: bytes, body: bytes
    ) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.start_ns = start_ns
        self.ended = ended
        self.trace_fields = trace_fields
        self.body = body
        self.size = len(trace_fields) + len(body) + _OVERHEAD

    @property
    def header(self) -> bytes:
        """The JSON object of the trace's fields."""
        return b'{"traceId":"%s",%s' % (self.trace_id.encode(), self.trace_fields)


def trace_fields_of(header: bytes) -> bytes:
    """What stands in a header after the trace's id, which comes first."""
    return header.partition(b",")[2]


class Encoder:
    """Encodes the spans of one process under one set of settings.

    Args:
        settings: source, environment and the user's mask.
        resource: what is true of the whole process, as trace metadata by name.
    """

    def __init__(self, settings: Settings, resource: dict[str, Any]) -> None:
        self._settings = settings
        self._resource = resource
        # What the traces of one session share of their headers. The session stands with it so that its id stays taken.
        self._tails: dict[int, tuple[Session | None, bytes]] = {}

    def encode(self, span: MutagentSpan, cost_usd: float | None = None, outcome: str | None = None) -> EncodedSpan:
        """Encode a span; one that still runs, as far as it has come.

        Args:
            span: an ended or an open span.
            cost_usd: what it cost, where the span doesn't say so itself.
            outcome: what became of an open span of which no more will be heard, such as ``interrupted``.
        """
        span.read()
        fields = _SpanFields(span, self._settings).all(cost_usd, outcome)
        body = without_secrets(json_bytes(fields))
        ended = span.duration_ns is not None or outcome is not None
        tail = self._tail(span.root_session)
        return EncodedSpan(trace_hex(span.trace_number), fields["spanId"], span.start_ns, ended, tail, body)

    def _tail(self, session: Session | None) -> bytes:
        known = self._tails.get(id(session))
        if known is None:
            if len(self._tails) >= _KNOWN_SESSIONS:
                self._tails = {}
            known = self._tails[id(session)] = (session, self._new_tail(session))
        return known[1]

    def _new_tail(self, session: Session | None) -> bytes:
        fields: dict[str, Any] = {"source": self._settings.source}
        if session is not None and session.session_id is not None:
            fields["sessionId"] = session.session_id
        if self._settings.environment:
            fields["environment"] = self._settings.environment
        mask = FieldMask(self._settings.mask)
        fields["metadata"] = {**_session_values(session, mask), **self._resource}
        if mask.dropped:
            fields["metadata"][DROPPED_FIELDS] = mask.dropped
        return without_secrets(json_bytes(fields))[1:]


def _session_values(session: Session | None, mask: FieldMask) -> dict[str, Any]:
    if session is None:
        return {}
    values = mask.each(session.metadata or {}, "metadata.")
    values.update(mask.each({"user.id": session.user_id, "tags": list(session.tags) or None}, ""))
    return {name: value for name, value in values.items() if value is not None}


class _SpanFields:
    """One span's fields, by their names on the wire."""

    __slots__ = ("_attributes", "_mask", "_span")

    def __init__(self, span: MutagentSpan, settings: Settings) -> None:
        self._span = span
        self._mask = FieldMask(settings.mask)
        # A copy: the program may still write to those of an open span.
        self._attributes: dict[str, Any] = dict(span._attributes or ())
        if not settings.capture_inputs:
            self._attributes = without_words(self._attributes)

    def all(self, cost_usd: float | None, outcome: str | None) -> dict[str, Any]:
        """Every field that has a value; attributes come after what still adds to them."""
        span = self._span
        fields = self._frame()
        if span.status_message is not None:
            self._add_message(fields, span)
        given, made, metrics = span.input, span.output, span._metrics
        if given is not None:
            self._add_io(fields, "input", given)
        if made is not None:
            self._add_io(fields, "output", made)
        if metrics is not None or cost_usd is not None or span.kind.startswith("llm."):
            self._add_metrics(fields, metrics or _NO_METRICS, cost_usd)
        if span.session is not span.root_session:
            self._add_session()
        if outcome is not None and span.duration_ns is None:
            self._attributes.setdefault(OUTCOME, outcome)
        if span._events:
            self._add_events(fields, span._events)
        attributes = self._mask.each(self._attributes, "attributes.")
        if self._mask.dropped:
            attributes[DROPPED_FIELDS] = self._mask.dropped
        if attributes:
            fields["attributes"] = attributes
        return fields

    def _frame(self) -> dict[str, Any]:
        span = self._span
        start, duration, parent = span.start_ns, span.duration_ns, span.parent_number
        if duration is None:
            duration = perf_counter_ns() - span.start_tick
        fields: dict[str, Any] = {
            "spanId": span_hex(span.span_number),
            "name": span.name,
            "kind": span.kind,
            "startTime": iso(start),
            "endTime": iso(start + duration),
            "durationMs": duration / 1e6,
            "status": span.status,
        }
        if parent is not None:
            fields["parentSpanId"] = span_hex(parent)
        return fields

    def _add_message(self, fields: dict[str, Any], span: MutagentSpan) -> None:
        for text in self._mask.each({"status_message": span.status_message}, "").values():
            fields["statusMessage"] = text
            if span.status == "error":
                fields["error"] = text

    def _add_io(self, fields: dict[str, Any], name: str, part: Any) -> None:
        if type(part) is SpanIO:
            part = guarded(f"encode {name}", part.to_dict)
        if part is None:
            self._mask.dropped.append(name)
        else:
            self._mask.put(fields, name, part)

    def _add_metrics(self, fields: dict[str, Any], metrics: SpanMetrics, cost_usd: float | None) -> None:
        attributes = self._attributes
        model, provider = metrics.model, metrics.provider
        if self._span.kind.startswith("llm."):
            model = model or attributes.get("gen_ai.response.model") or attributes.get("gen_ai.request.model")
            provider = provider or attributes.get("gen_ai.provider.name")
        # By hand: a loop over names and values takes twice as long, at every model call.
        if model is not None:
            fields["model"] = model
        if provider is not None:
            fields["provider"] = provider
        tokens = _tokens(metrics)
        if tokens:
            fields["tokens"] = tokens
        cost = cost_usd if metrics.cost_usd is None else metrics.cost_usd
        if cost is not None:
            fields["costUsd"] = cost
        if metrics.latency_ms is not None:
            attributes.setdefault("mutagent.latency_ms", metrics.latency_ms)
        if metrics.ttft_ms is not None:
            attributes.setdefault(FIRST_CHUNK, metrics.ttft_ms / 1000)

    def _add_session(self) -> None:
        """What differs from the session that the trace's header names."""
        session, root = self._span.session, self._span.root_session
        if session is None:
            return
        root = root or Session(None)
        if session.session_id is not None and session.session_id != root.session_id:
            self._attributes.setdefault("session.id", session.session_id)
        if session.user_id is not None and session.user_id != root.user_id:
            self._attributes.setdefault("user.id", session.user_id)
        if session.tags != root.tags:
            self._attributes.setdefault("tags", list(session.tags))
        known = root.metadata or {}
        for name, value in (session.metadata or {}).items():
            if name not in known or known[name] is not value:
                self._attributes.setdefault(name, value)

    def _add_events(self, fields: dict[str, Any], events: list[SpanEvent]) -> None:
        wire = [guarded("encode event", self._event, event) for event in list(events)]
        fields["events"] = [event for event in wire if event is not None]

    def _event(self, event: SpanEvent) -> dict[str, Any]:
        wire: dict[str, Any] = {"name": event.name, "timestamp": _moment(event.timestamp)}
        if event.attributes:
            wire.update(self._mask.event(event.name, event.attributes))
        return wire


_NO_METRICS = SpanMetrics()


def _tokens(metrics: SpanMetrics) -> dict[str, int]:
    given, made, total = metrics.input_tokens, metrics.output_tokens, metrics.total_tokens
    if given is not None and made is not None:
        return {"input": given, "output": made, "total": given + made if total is None else total}
    counts = {"input": given, "output": made, "total": total}
    return {name: count for name, count in counts.items() if count is not None}


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))


def iso(ns: int) -> str:
    """Nanoseconds since the epoch as ISO 8601, UTC, to the microsecond."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1000:06d}Z"


def _moment(value: Any) -> str:
    if type(value) is not datetime:
        return value if type(value) is str else iso(time_ns())
    # A naive one is local time, as everywhere in Python.
    return value.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def batch_body(spans: Iterable[EncodedSpan]) -> bytes:
    """The request body in the structured dialect: spans grouped by trace, their bytes as they are."""
    traces: dict[str, list[EncodedSpan]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return b'{"traces":[%s]}' % b",".join(_trace(group) for group in traces.values())


def _trace(group: list[EncodedSpan]) -> bytes:
    start = iso(min(span.start_ns for span in group)).encode()
    # A later span may know the session that the first one of the trace did not.
    header = max((span.header for span in group), key=len)
    return b'%s,"startTime":"%s","spans":[%s]}' % (header[:-1], start, b",".join(span.body for span in group))


# What the text dialect has no place for at the top of a span.
_MOVED = ("tokens", "costUsd", "durationMs", "model", "provider", "attributes", "events")


def text_dialect(spans: Iterable[EncodedSpan]) -> bytes:
    """The request body in the text dialect: ``input`` and ``output`` as strings, the rest within ``metadata``."""
    body = json.loads(batch_body(spans))
    for trace in body["traces"]:
        trace["spans"] = [_text_span(span) for span in trace["spans"]]
    return json_bytes(body)


def _text_span(span: dict[str, Any]) -> dict[str, Any]:
    moved = {name: span.pop(name) for name in _MOVED if name in span}
    for name in ("input", "output"):
        if name in span:
            span[name] = _text(span[name])
    if moved:
        span["metadata"] = moved
    return span


def _text(part: Any) -> str:
    if isinstance(part, dict):
        texts = [message.get("content") for message in part.get("messages", ()) if isinstance(message, dict)]
        if texts and all(isinstance(text, str) for text in texts):
            return "\n".join(str(text) for text in texts)
        if len(part) == 1 and isinstance(part.get("text"), str):
            return str(part["text"])
    return json_bytes(part).decode()
