"""Model requests over time and by model."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from mutagent.viewer.index.aggregates import WIDTHS, percentile
from mutagent.viewer.queries.filters import SPANS_OF_TIME

_ROWS = """\
SELECT slot, model, latency, requests, errors, input_tokens, output_tokens, cost_usd
FROM requests WHERE width = ? AND slot >= ? AND slot < ?"""
_WIDTHS = dict(zip(SPANS_OF_TIME, WIDTHS, strict=True))
RANGES = tuple(SPANS_OF_TIME)


@dataclass(slots=True)
class Sums:
    """Requests summed; ``latencies`` counts them by step of latency."""

    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    latencies: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, latency: int, requests: int, errors: int, given: int, made: int, cost: float) -> None:
        """Count requests of one step of latency."""
        self.requests += requests
        self.errors += errors
        self.input_tokens += given
        self.output_tokens += made
        self.cost_usd += cost
        self.latencies[latency] += requests

    def latency(self, share: float) -> float | None:
        """The milliseconds that this share of requests stayed below, within 5 %."""
        return percentile(sorted(self.latencies.items()), share)


@dataclass(frozen=True, slots=True)
class Overview:
    """The requests of a range: all, by model (most requests first), and by point of time (seconds since the epoch)."""

    range: str
    seconds: int
    total: Sums
    models: list[tuple[str, Sums]]
    points: list[tuple[int, Sums]]


def overview(connection: sqlite3.Connection, chosen: str, now: float) -> Overview:
    """Sum the requests of a range up.

    Args:
        connection: to the index.
        chosen: one of :data:`RANGES`.
        now: its end, in seconds since the epoch.
    """
    width = _WIDTHS[chosen]
    last = int(now) // width + 1
    first = last - SPANS_OF_TIME[chosen] // width
    total, models, points = Sums(), defaultdict[str, Sums](Sums), {slot: Sums() for slot in range(first, last)}
    for slot, model, latency, *figures in connection.execute(_ROWS, (width, first, last)):
        for sums in (total, models[model], points[slot]):
            sums.add(latency, *figures)
    by_requests = sorted(models.items(), key=lambda item: item[1].requests, reverse=True)
    return Overview(
        chosen, SPANS_OF_TIME[chosen], total, by_requests, [(slot * width, sums) for slot, sums in points.items()]
    )


def plotted(found: Overview) -> dict[str, list[Any]]:
    """The points as columns, as the plots read them."""
    sums = [point for _, point in found.points]
    return {
        "time": [at for at, _ in found.points],
        "requests": [point.requests - point.errors for point in sums],
        "errors": [point.errors for point in sums],
        "p50": [point.latency(0.5) for point in sums],
        "p95": [point.latency(0.95) for point in sums],
        "p99": [point.latency(0.99) for point in sums],
        "input": [point.input_tokens for point in sums],
        "output": [point.output_tokens for point in sums],
        "cost": [point.cost_usd for point in sums],
    }
