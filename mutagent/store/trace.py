"""One trace as readers see it: the written states of its spans merged, in start order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mutagent.store.fields import Span, is_ended, mapping, text


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace: the place of its first row, its fields but the spans, and its spans as wire objects in start order."""

    seq: int
    trace_id: str
    header: dict[str, Any]
    spans: list[Span]

    def to_dict(self) -> dict[str, Any]:
        """The wire form of the whole trace."""
        start = text(self.spans[0], "startTime") if self.spans else ""
        return {"traceId": self.trace_id, **self.header, "startTime": start, "spans": self.spans}


def merge(trace_id: str, rows: Iterable[tuple[int, str, Mapping[str, Any], Span]]) -> Trace:
    """Merge the rows of one trace, given in ``seq`` order as (seq, span id, header, span).

    The last state of a span counts, except that an open one never replaces an ended one. The root's header counts, and
    the others fill what it doesn't say.
    """
    first = 0
    spans: dict[str, Span] = {}
    headers: dict[str, Mapping[str, Any]] = {}
    for seq, span_id, header, span in rows:
        first = first or seq
        headers[span_id] = header
        if is_ended(span) or not is_ended(spans.get(span_id, {})):
            spans[span_id] = {**span, "spanId": span_id}
    ordered = sorted(spans.values(), key=lambda span: text(span, "startTime"))
    return Trace(first, trace_id, _merged_header(ordered, headers), ordered)


def _merged_header(spans: list[Span], headers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    known = {text(span, "spanId") for span in spans}
    roots_first = sorted(spans, key=lambda span: text(span, "parentSpanId") in known)
    merged: dict[str, Any] = {}
    for span in roots_first:
        header = headers[text(span, "spanId")]
        metadata = {**mapping(header, "metadata"), **mapping(merged, "metadata")}
        merged = {**header, **merged, **({"metadata": metadata} if metadata else {})}
    return merged
