"""Rows for the store's tests: what an exporter is given."""

import json
from dataclasses import dataclass

HEADER = {"source": "sdk", "sessionId": "s-1", "metadata": {"service.name": "agent.py", "mutagent.run_id": "run-1"}}


@dataclass(slots=True)
class EncodedRow:
    trace_id: str
    span_id: str
    header: bytes
    body: bytes
    ended: bool = True


def trace_id(number):
    return f"{number:032x}"


def span_id(number):
    return f"{number:016x}"


def span(number=1, parent=None, **fields):
    """An ended span of one second that began `number` seconds after noon."""
    plain = {
        "spanId": span_id(number),
        "name": f"span {number}",
        "kind": "chain",
        "startTime": f"2026-01-31T12:00:{number % 60:02d}.000000Z",
        "endTime": f"2026-01-31T12:00:{number % 60:02d}.500000Z",
        "durationMs": 500.0,
        "status": "ok",
        **fields,
    }
    if parent is not None:
        plain["parentSpanId"] = span_id(parent)
    return {key: value for key, value in plain.items() if value is not None}


def row(trace=1, number=1, parent=None, header=None, **fields):
    body = span(number, parent, **fields)
    return EncodedRow(
        trace_id(trace),
        span_id(number),
        json.dumps(HEADER if header is None else header).encode(),
        json.dumps(body).encode(),
        fields.get("endTime", "") is not None,
    )
