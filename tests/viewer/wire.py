"""Small traces in wire form."""

from __future__ import annotations

from typing import Any

from mutagent.export.payload import iso

Json = dict[str, Any]
# 2026-01-05 12:00 UTC, in nanoseconds since the epoch.
NOON = 1_767_614_400_000_000_000


def span(number: int, parent: int | None = None, at: float = 0, took: float | None = 100, **more: Any) -> Json:
    """A span: its number makes its id; ``at`` and ``took`` in ms from noon, ``took=None`` for one still open."""
    start = NOON + int(at * 1e6)
    made: Json = {"spanId": f"{number:016x}", "name": f"span {number}", "kind": "chain", "startTime": iso(start)}
    if parent is not None:
        made["parentSpanId"] = f"{parent:016x}"
    if took is not None:
        made |= {"endTime": iso(start + int(took * 1e6)), "durationMs": took, "status": "ok"}
    return made | more


def chat(number: int, parent: int | None = None, at: float = 0, took: float | None = 100, **more: Any) -> Json:
    """A model call of 30 + 10 tokens for a cent."""
    tokens = {"tokens": {"input": 30, "output": 10, "total": 40}, "costUsd": 0.01}
    return span(number, parent, at, took, **{"kind": "llm.chat", "model": "gpt-5-mini", **tokens, **more})


def trace(number: int, *spans: Json, session: str | None = None, run: str | None = None, **metadata: Any) -> Json:
    """A trace: its number makes its id."""
    known = {"mutagent.run_id": run} if run else {}
    made: Json = {"traceId": f"{number:032x}", "source": "sdk", "metadata": {**known, **metadata}, "spans": list(spans)}
    return made | ({"sessionId": session} if session else {})


def trace_id(number: int) -> str:
    """The id of the trace of this number."""
    return f"{number:032x}"
