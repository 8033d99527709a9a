"""Traces and spans as the service's read calls give them."""

from __future__ import annotations

from typing import Any

from mutagent.store.fields import Span, mapping, text
from mutagent.store.summary import summarise
from mutagent.store.trace import Trace
from mutagent.viewer.index.facts import iso, micros, real, whole
from mutagent.viewer.queries.listing import TraceLine
from mutagent.viewer.trace.conversation import items

_CODES = {"ok": 1, "error": 2}
# OpenTelemetry's span kinds: internal, and client for what asks a model or another service.
_INTERNAL, _CLIENT = 1, 3
_USAGE = (("input", "gen_ai.usage.input_tokens"), ("output", "gen_ai.usage.output_tokens"))


def trace_row(trace: Trace) -> dict[str, Any]:
    """A whole trace in one row."""
    found = summarise(trace)
    return {
        "traceId": trace.trace_id,
        "serviceName": found.service,
        "sessionId": found.session_id,
        "startTime": _time(found.start_time) or iso(0),
        "endTime": _time(found.end_time or ""),
        "spanCount": found.span_count,
        "resource": mapping(trace.header, "metadata"),
    }


def listed_row(line: TraceLine, header: dict[str, Any]) -> dict[str, Any]:
    """The same from the index."""
    end = None if line.duration_ms is None else line.start_us + int(line.duration_ms * 1000)
    return {
        "traceId": line.trace_id,
        "serviceName": line.service,
        "sessionId": line.session,
        "startTime": iso(line.start_us) or iso(0),
        "endTime": iso(end),
        "spanCount": line.spans,
        "resource": mapping(header, "metadata"),
    }


def span_row(trace_id: str, span: Span) -> dict[str, Any]:
    """A span with flat attributes."""
    took = real(span, "durationMs") if text(span, "endTime") else None
    return {
        "spanId": text(span, "spanId"),
        "traceId": trace_id,
        "parentSpanId": text(span, "parentSpanId") or None,
        "name": text(span, "name"),
        "kind": _CLIENT if text(span, "kind").startswith("llm.") else _INTERNAL,
        "startTime": _time(text(span, "startTime")) or iso(0),
        "endTime": _time(text(span, "endTime")),
        "durationNanos": None if took is None else int(took * 1e6),
        "statusCode": _CODES.get(text(span, "status"), 0),
        "statusMessage": text(span, "statusMessage") or None,
        "attributes": _attributes(span),
        "events": items(span, "events"),
        "links": [],
        "scopeName": "mutagent",
        "scopeVersion": None,
    }


def _attributes(span: Span) -> dict[str, Any]:
    derived: dict[str, Any] = {"mutagent.kind": text(span, "kind"), "mutagent.cost_usd": real(span, "costUsd")}
    derived |= {name: whole(mapping(span, "tokens"), key) for key, name in _USAGE}
    derived["gen_ai.response.model"] = text(span, "model") or None
    derived["gen_ai.provider.name"] = text(span, "provider") or None
    for name in ("input", "output"):
        part = mapping(span, name)
        messages = part.get("messages")
        derived[f"gen_ai.{name}.messages" if messages else f"mutagent.{name}"] = messages or part or None
    return {**{name: value for name, value in derived.items() if value is not None}, **mapping(span, "attributes")}


def _time(iso_time: str) -> str | None:
    return iso(micros(iso_time))
