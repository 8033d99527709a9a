"""Hold an outcome against its row."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.row import HEALTHY, Count, Row
from tests.faults.running import Outcome

# What an exit may add, whatever the service does.
BOUND = 2.5
COLUMNS = ("expected", "delivered", "spooled", "dropped", "duplicated", "exit +s", "peak MB")


def cells(row: Row, outcome: Outcome) -> tuple[str, ...]:
    """The row's cells below :data:`COLUMNS`."""
    peak = f"{outcome.traced.peak_mb:.0f} (+{outcome.added_mb:.0f})"
    counts = (row.spans, len(_ids(outcome)), len(outcome.spooled), outcome.dropped, _repeated(outcome))
    return (*map(str, counts), f"{outcome.added_seconds:.2f}", peak)


def complaints(row: Row, outcome: Outcome, busy: bool = False) -> list[str]:
    """What is not as expected, one line each; none where all is well.

    Args:
        row: what is expected.
        outcome: what became of it.
        busy: whether this machine has other things to do. Then an exit may take its whole bound, though the service is
            well, and what could not be sent within it may lie in the spool: it is not lost.
    """
    return [
        *_counts(row, outcome, busy),
        *_order(row, outcome),
        *_receipts(outcome),
        *_behaviour(row, outcome),
        *_slow(row, outcome, max(row.seconds, BOUND) if busy else row.seconds),
        *_lines(row, outcome.traced.ours),
    ]


def _counts(row: Row, outcome: Outcome, busy: bool) -> Iterator[str]:
    delivered, spooled, accounted = _ids(outcome), outcome.spooled, _ids(outcome) | outcome.spooled
    if busy and row.service is HEALTHY:
        delivered, spooled = (accounted, set()) if row.spooled == 0 else (delivered, spooled)
    lost = row.spans - len(accounted) - outcome.dropped
    wanted = row.delivered
    if wanted is None:
        wanted = row.spans
    interrupted = sum(_outcome_of(span) == "interrupted" for span in outcome.delivered)
    yield from _differs("delivered", len(delivered), wanted)
    yield from _differs("spooled", len(spooled), row.spooled)
    yield from _differs("dropped", outcome.dropped, row.dropped)
    yield from _differs("lost", lost, row.lost)
    yield from _differs("duplicated", _repeated(outcome), row.repeated)
    yield from _differs("interrupted", interrupted, row.interrupted)
    if row.requests is not None:
        yield from _differs("requests", outcome.requests, row.requests)


def _differs(what: str, found: int, wanted: Count) -> Iterator[str]:
    low, high = (wanted, wanted) if isinstance(wanted, int) else wanted
    if not low <= found <= high:
        yield f"{what}: {found}, expected {low if low == high else f'{low} to {high}'}"


def _order(row: Row, outcome: Outcome) -> Iterator[str]:
    if not row.in_order:
        return
    numbers = [int(span["name"].split()[-1]) for span in outcome.delivered]
    if numbers != sorted(numbers):
        yield f"order of arrival: {numbers}"


def _receipts(outcome: Outcome) -> Iterator[str]:
    for receipt in outcome.receipts:
        for sink in receipt["sinks"]:
            settled = sum(sink[name] for name in ("accepted", "rejected", "spooled", "dropped", "pending"))
            if sink["ended"] != settled or sink["pending"]:
                yield f"a receipt does not add up: {sink}"


def _behaviour(row: Row, outcome: Outcome) -> Iterator[str]:
    traced, plain = outcome.traced, outcome.plain
    if traced.code != row.code:
        yield f"exit code {traced.code}, expected {row.code}; stderr: {traced.stderr[-2000:]}"
    if row.parity and traced.visible != plain.visible:
        yield f"the program looks different: {traced.visible} instead of {plain.visible}"
    if outcome.added_mb > row.memory_mb:
        yield f"{outcome.added_mb:.0f} MB more memory, at most {row.memory_mb:.0f} are allowed"


def _slow(row: Row, outcome: Outcome, seconds: float) -> Iterator[str]:
    if outcome.added_seconds > seconds * outcome.slowness:
        allowed = f"{seconds} on an idle machine, this one is {outcome.slowness:.1f} times slower"
        yield f"exit took {outcome.added_seconds:.2f} s longer; allowed: {allowed}"


def _lines(row: Row, lines: list[str]) -> Iterator[str]:
    for part in row.says:
        if sum(part in line for line in lines) != 1:
            yield f"not said exactly once: {part!r}; said: {lines}"
    unexpected = [line for line in lines if not any(part in line for part in row.says)]
    if unexpected:
        yield f"said unexpectedly: {unexpected}"


def _ids(outcome: Outcome) -> set[tuple[str, str]]:
    return {(span["traceId"], span["spanId"]) for span in outcome.delivered}


def _repeated(outcome: Outcome) -> int:
    return sum(outcome.arrivals.values()) - len(outcome.arrivals)


def _outcome_of(span: dict[str, object]) -> object:
    attributes = span.get("attributes")
    return attributes.get("mutagent.span.outcome") if isinstance(attributes, dict) else None
