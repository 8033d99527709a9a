"""A trace's line in the index, and what it can be filtered by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mutagent.store.fields import Span, text
from mutagent.store.summary import TraceSummary, sessions_of, summarise
from mutagent.store.trace import Trace
from mutagent.viewer.index.facts import clean, micros, real, whole

COLUMNS = (
    "trace_id, last_seq, start_us, duration_ms, name, kind, status, errors, spans, input_tokens, output_tokens,"
    " tokens, cost_usd, session, user, service, environment, run, models"
)
UPSERT = (
    f"INSERT INTO traces ({COLUMNS}) VALUES ({', '.join('?' * 19)}) ON CONFLICT (trace_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[1:])
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A trace as the index has it: its columns, and its facets as (facet, value)."""

    n: int
    start_us: int
    columns: tuple[Any, ...]
    facets: frozenset[tuple[str, str]]
    failing: int
    spans: int
    tokens: int
    cost_usd: float


def entry_of(n: int, last_seq: int, trace: Trace, written_ns: int) -> Entry:
    """Sum a trace up.

    Args:
        n: its number in the index.
        last_seq: the newest of its rows.
        trace: its spans, whole or as the index kept them.
        written_ns: when a row of it was written: its place in time where no span says so.
    """
    found = summarise(trace)
    start_us = micros(found.start_time)
    figures = _figures(found)
    start = written_ns // 1000 if start_us is None else start_us
    columns = (clean(trace.trace_id), last_seq, start, *_described(found), *figures, *_belongs(found))
    return Entry(
        n,
        start,
        columns,
        facets_of(trace, found),
        int(found.errors > 0),
        found.span_count,
        figures[-2] or 0,
        figures[-1] or 0.0,
    )


def facets_of(trace: Trace, found: TraceSummary) -> frozenset[tuple[str, str]]:
    """What the trace can be filtered by; `error` is the status of every trace in which a span failed."""
    values = [("status", found.status), ("status", "error" if found.errors else "")]
    values += [("service", found.service or ""), ("run", found.run_id or ""), ("user", found.user_id or "")]
    values += [("environment", found.environment or "")]
    values += [("model", model) for model in found.models]
    values += [("kind", kind) for kind in {_kind(span) for span in trace.spans}]
    values += [("session", session) for session in sessions_of(trace)]
    return frozenset((facet, clean(value)) for facet, value in values if value)


def _kind(span: Span) -> str:
    return text(span, "kind")


def _described(found: TraceSummary) -> tuple[Any, ...]:
    took = real({"ms": found.duration_ms}, "ms")
    return took, clean(found.name), clean(found.kind), clean(found.status), found.errors, found.span_count


def _figures(found: TraceSummary) -> tuple[int | None, int | None, int | None, float | None]:
    counts = {"in": found.tokens.input, "out": found.tokens.output, "all": found.tokens.total}
    return whole(counts, "in"), whole(counts, "out"), whole(counts, "all"), real({"usd": found.cost_usd}, "usd")


def _belongs(found: TraceSummary) -> tuple[Any, ...]:
    names = (found.session_id, found.user_id, found.service, found.environment, found.run_id)
    return *(clean(name) if name else None for name in names), json.dumps(found.models)
