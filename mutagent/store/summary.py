"""A trace in one line: how it ended, how long it took, and its sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from mutagent.store.fields import Span, elapsed_ms, is_ended, mapping, number, status_of, text
from mutagent.store.trace import Trace

# Names in a trace's metadata, and of the attribute of a span that stands in another session than its root.
_SERVICE = "service.name"
_USER = "user.id"
_RUN = "mutagent.run_id"
_SESSION = "session.id"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token counts summed over a trace; None where no span said."""

    input: int | None = None
    output: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One line of the list of traces.

    ``seq`` is the place in the list (page on with ``before_seq``). ``status`` is ``open`` until the root span has
    ended, then ``ok``, ``error``, ``unset`` or how it ended otherwise (``interrupted``, ``abandoned``); ``errors``
    counts failed spans.
    """

    seq: int
    trace_id: str
    name: str
    kind: str
    status: str
    errors: int
    start_time: str
    end_time: str | None
    duration_ms: float | None
    span_count: int
    models: tuple[str, ...]
    tokens: Tokens
    cost_usd: float | None
    session_id: str | None
    user_id: str | None
    service: str | None
    environment: str | None
    run_id: str | None

    def to_dict(self) -> dict[str, Any]:
        """The form of ``mutagent traces --json``: every key always there, in camelCase."""
        plain = asdict(self)
        del plain["seq"]
        return {_camel(name): value for name, value in plain.items()}


def summarise(trace: Trace) -> TraceSummary:
    """The line that stands for a trace in a list."""
    known = {text(span, "spanId") for span in trace.spans}
    roots = [span for span in trace.spans if text(span, "parentSpanId") not in known] or trace.spans[:1]
    root = roots[0] if roots else {}
    more = f" (+{len(roots) - 1})" if len(roots) > 1 else ""
    metadata = mapping(trace.header, "metadata")
    counted = spans_that_count(trace.spans)
    ended = all(is_ended(span) for span in roots)
    start, end = text(root, "startTime"), max((text(span, "endTime") for span in trace.spans), default="")
    return TraceSummary(
        seq=trace.seq,
        trace_id=trace.trace_id,
        name=text(root, "name") + more,
        kind=text(root, "kind"),
        status=_status_of_roots(roots) if ended else "open",
        errors=sum(text(span, "status") == "error" for span in trace.spans),
        start_time=start,
        end_time=end if ended and end else None,
        duration_ms=(number(root, "durationMs") if len(roots) == 1 else elapsed_ms(start, end)) if ended else None,
        span_count=len(trace.spans),
        models=tuple(dict.fromkeys(filter(None, (text(span, "model") for span in trace.spans)))),
        tokens=_sum_tokens(counted),
        cost_usd=_total(number(span, "costUsd") for span in counted),
        session_id=next(iter(sessions_of(trace)), None),
        user_id=text(metadata, _USER) or None,
        service=text(metadata, _SERVICE) or None,
        environment=text(trace.header, "environment") or None,
        run_id=text(metadata, _RUN) or None,
    )


def _status_of_roots(roots: list[Span]) -> str:
    statuses = [status_of(span) for span in roots]
    return "error" if "error" in statuses else next(iter(statuses), "unset")


def spans_that_count(spans: list[Span]) -> list[Span]:
    """The spans whose tokens and cost make the trace's sums.

    A chain or agent that repeats the usage of the model calls below it is left out; a model call always counts.
    """
    by_id = {text(span, "spanId"): span for span in spans}
    repeating: set[str] = set()
    for span in spans:
        parent = text(span, "parentSpanId")
        while _has_usage(span) and parent in by_id and parent not in repeating:
            repeating.add(parent)
            parent = text(by_id[parent], "parentSpanId")
    return [span for span in spans if text(span, "kind").startswith("llm.") or text(span, "spanId") not in repeating]


def sessions_of(trace: Trace) -> list[str]:
    """The sessions a trace belongs to: the one it names itself first, then those that spans of it stand in."""
    inner = (text(mapping(span, "attributes"), _SESSION) for span in trace.spans)
    return [session for session in dict.fromkeys((text(trace.header, "sessionId"), *inner)) if session]


def _has_usage(span: Span) -> bool:
    return bool(mapping(span, "tokens")) or number(span, "costUsd") is not None


def _sum_tokens(spans: list[Span]) -> Tokens:
    counts = [mapping(span, "tokens") for span in spans]
    total = _total(_total_of(count) for count in counts)
    return Tokens(*map(_whole, (_sum(counts, "input"), _sum(counts, "output"), total)))


def _total_of(count: dict[str, Any]) -> float | None:
    given = number(count, "total")
    return given if given is not None else _total((number(count, "input"), number(count, "output")))


def _sum(counts: list[dict[str, Any]], key: str) -> float | None:
    return _total(number(count, key) for count in counts)


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)
