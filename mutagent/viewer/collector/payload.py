"""What a program posts, in either dialect, as rows of the store; what is not a span is counted as rejected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from mutagent.export.encoding import json_bytes
from mutagent.export.payload import EncodedSpan, trace_fields_of
from mutagent.store.fields import mapping, text
from mutagent.tracing.ids import span_hex, span_number_of, trace_hex, trace_number_of
from mutagent.viewer.index.facts import iso, micros, real

_STATUSES = ("ok", "error", "unset")
_HEADER = ("source", "sessionId", "environment", "name")
_STRINGS = ("statusMessage", "error", "model", "provider")
_IO_PARTS = frozenset({"messages", "toolCalls", "documents", "text", "raw"})
# What the text dialect carries within a span's metadata.
_MOVED = frozenset({"tokens", "costUsd", "durationMs", "model", "provider", "attributes", "events"})
_MOST_CHARACTERS = 4096
_MOST_ID = 256
_MOST_DIGITS = 18


class Torn(Exception):
    """The body is no JSON, or not of the form of a batch; the message says what is wrong."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Batch(NamedTuple):
    """Rows for the store, and how many spans could not be taken."""

    rows: list[EncodedSpan]
    rejected: int


def parse(body: bytes) -> Batch:
    """Read a batch.

    Raises:
        Torn: where nothing of it can be read.
    """
    rows, rejected = [], 0
    for trace in _traces(body):
        for row in _rows(trace):
            if row is None:
                rejected += 1
            else:
                rows.append(row)
    return Batch(rows, rejected)


def _traces(body: bytes) -> list[Any]:
    try:
        found = json.loads(body, parse_constant=_nothing, parse_int=_whole, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Torn(400, f"not JSON: {str(error)[:200]}") from None
    traces = found.get("traces") if isinstance(found, dict) else None
    if not isinstance(traces, list):
        raise Torn(422, "expected an object with a list `traces`")
    return traces


def _rows(trace: Any) -> Iterator[EncodedSpan | None]:
    if not isinstance(trace, dict):
        yield None
        return
    spans = trace.get("spans") or []
    trace_id = _id(trace.get("traceId"))
    if trace_id is None or not isinstance(spans, list):
        yield from [None] * (len(spans) if isinstance(spans, list) else 1)
        return
    number, known = trace_number_of(trace_id)
    hex_id = trace_hex(number)
    header = json_bytes(_header(hex_id, trace, None if known else trace_id))
    for span in spans:
        yield _row(hex_id, header, span)


def _header(hex_id: str, trace: dict[str, Any], given_id: str | None) -> dict[str, Any]:
    header: dict[str, Any] = {"traceId": hex_id}
    header |= {name: text(trace, name)[:_MOST_CHARACTERS] for name in _HEADER if text(trace, name)}
    metadata = mapping(trace, "metadata")
    return header | {"metadata": metadata | ({} if given_id is None else {"mutagent.trace_id": given_id})}


def _row(trace_id: str, header: bytes, span: Any) -> EncodedSpan | None:
    fields = _span(span) if isinstance(span, dict) else None
    if fields is None:
        return None
    start = micros(fields["startTime"])
    assert start is not None
    body = json_bytes(fields)
    return EncodedSpan(trace_id, fields["spanId"], start * 1000, "endTime" in fields, trace_fields_of(header), body)


def _span(given: dict[str, Any]) -> dict[str, Any] | None:
    """The span in the structured dialect, or None where it lacks what every span has."""
    span_id, start = _id(given.get("spanId")), micros(text(given, "startTime"))
    if span_id is None or start is None or iso(start) is None:
        return None
    metadata = mapping(given, "metadata")
    given = {**{name: metadata[name] for name in _MOVED & metadata.keys()}, **given}
    fields: dict[str, Any] = {"spanId": span_hex(span_number_of(span_id)[0])}
    parent = _id(given.get("parentSpanId"))
    if parent is not None:
        fields["parentSpanId"] = span_hex(span_number_of(parent)[0])
    fields["name"] = text(given, "name")[:_MOST_CHARACTERS]
    fields["kind"] = text(given, "kind")[:64] or "custom"
    fields["startTime"] = iso(start)
    fields["status"] = text(given, "status") if text(given, "status") in _STATUSES else "unset"
    if not _add_end(fields, given, start):
        return None
    fields |= {name: text(given, name)[: 16 * _MOST_CHARACTERS] for name in _STRINGS if text(given, name)}
    _add_content(fields, given, {name: value for name, value in metadata.items() if name not in _MOVED})
    return fields


def _add_end(fields: dict[str, Any], given: dict[str, Any], start: int) -> bool:
    """The end, where there is one; False where it is no time. A span that says how it went has ended."""
    end = micros(text(given, "endTime"))
    if end is None and given.get("endTime") not in (None, ""):
        return False
    if end is None and fields["status"] == "unset":
        return True
    took = real(given, "durationMs")
    end = start + int(min(took or 0.0, 1e12) * 1000) if end is None else end
    if iso(end) is None:
        return False
    fields["endTime"] = iso(end)
    fields["durationMs"] = max(0.0, (end - start) / 1000 if took is None else took)
    return True


def _add_content(fields: dict[str, Any], given: dict[str, Any], metadata: dict[str, Any]) -> None:
    for name in ("input", "output"):
        if given.get(name) is not None:
            fields[name] = _io(given[name])
    if isinstance(given.get("tokens"), dict):
        fields["tokens"] = given["tokens"]
    cost = real(given, "costUsd")
    if cost is not None:
        fields["costUsd"] = cost
    attributes = {**metadata, **mapping(given, "attributes")}
    if attributes:
        fields["attributes"] = attributes
    if isinstance(given.get("events"), list) and given["events"]:
        fields["events"] = given["events"]


def _io(value: Any) -> dict[str, Any]:
    """An IO object; the text dialect's string is one's JSON, or a text."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value, parse_constant=_nothing, parse_int=_whole, parse_float=_finite)
        except (ValueError, RecursionError):
            return {"text": value}
        return parsed if isinstance(parsed, dict) and parsed and parsed.keys() <= _IO_PARTS else {"text": value}
    return value if isinstance(value, dict) and value.keys() <= _IO_PARTS else {"raw": value}


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _MOST_ID else None


def _nothing(constant: str) -> None:
    """NaN and the infinities have no form in JSON."""


def _whole(digits: str) -> int | float | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else _finite(digits)


def _finite(digits: str) -> float | None:
    found = float(digits)
    return found if math.isfinite(found) else None
