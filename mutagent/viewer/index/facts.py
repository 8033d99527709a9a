"""What the index keeps of a span, and how it reads as a span again."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from mutagent.store.fields import Span, mapping, moment, number, text

_MOST = (1 << 62) - 1
_OUTCOME = "mutagent.span.outcome"
_SESSION = "session.id"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
COLUMNS = (
    "n, span_id, parent_id, name, kind, status, outcome, start_us, end_us, duration_ms, model,"
    " input_tokens, output_tokens, total_tokens, cost_usd, session"
)


def row_of(n: int, span: Span) -> tuple[Any, ...]:
    """The span as a row of the index, in the order of :data:`COLUMNS`."""
    tokens, attributes = mapping(span, "tokens"), mapping(span, "attributes")
    return (
        n,
        clean(text(span, "spanId")),
        clean(text(span, "parentSpanId")) or None,
        clean(text(span, "name")),
        clean(text(span, "kind")),
        clean(text(span, "status")),
        clean(text(attributes, _OUTCOME)) or None,
        micros(text(span, "startTime")),
        micros(text(span, "endTime")),
        real(span, "durationMs"),
        clean(text(span, "model")) or None,
        whole(tokens, "input"),
        whole(tokens, "output"),
        whole(tokens, "total"),
        real(span, "costUsd"),
        clean(text(attributes, _SESSION)) or None,
    )


def span_of(row: tuple[Any, ...]) -> Span:
    """The wire form of what a row kept: enough to sum a trace up."""
    (
        _,
        span_id,
        parent,
        name,
        kind,
        status,
        outcome,
        start,
        end,
        duration,
        model,
        given,
        made,
        total,
        cost,
        session,
    ) = row
    attributes = {_OUTCOME: outcome, _SESSION: session}
    tokens = {"input": given, "output": made, "total": total}
    fields: Span = {
        "spanId": span_id, "parentSpanId": parent, "name": name, "kind": kind, "status": status,
        "startTime": iso(start), "endTime": iso(end), "durationMs": duration, "model": model, "costUsd": cost,
        "tokens": {name: count for name, count in tokens.items() if count is not None},
        "attributes": {name: value for name, value in attributes.items() if value is not None},
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def micros(iso_time: str) -> int | None:
    """Microseconds since the epoch, or None for what is no time."""
    found = moment(iso_time)
    if found is None:
        return None
    passed = found - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def iso(micros_since_epoch: int | None) -> str | None:
    """The time as ISO 8601, UTC; None for None and for what no calendar has."""
    if micros_since_epoch is None:
        return None
    seconds, rest = divmod(micros_since_epoch, 1_000_000)
    try:
        found = datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return f"{found:%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def clean(value: str) -> str:
    """The string as SQLite can hold it: half of a surrogate pair has no UTF-8 form."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value


def whole(holder: dict[str, Any], key: str) -> int | None:
    """A count that fits a column, or None."""
    found = real(holder, key)
    return None if found is None else int(max(-_MOST, min(_MOST, found)))


def real(holder: dict[str, Any], key: str) -> float | None:
    """A finite number, or None; one that no float can hold is None too."""
    try:
        found = number(holder, key)
        return None if found is None else float(found)
    except OverflowError:
        return None
