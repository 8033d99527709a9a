"""Sums that pages show without reading what they are sums of: groups of traces, and model requests over time."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from typing import Any

from mutagent.store.fields import Span, mapping, text
from mutagent.viewer.index.entry import Entry
from mutagent.viewer.index.facts import micros, real, whole

# Seconds of a slot: what a point of a plot stands for, over an hour, a day, a week, a month.
WIDTHS = (60, 1800, 10_800, 43_200)
# Steps of latency in a doubling: a percentile is right within 5 %.
_STEPS = 8
_ADD_GROUP = """\
INSERT INTO groups (facet, value, traces, failing, spans, tokens, cost_usd, first_us, last_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (facet, value) DO UPDATE SET traces = traces + excluded.traces, failing = failing + excluded.failing,
  spans = spans + excluded.spans, tokens = tokens + excluded.tokens, cost_usd = cost_usd + excluded.cost_usd,
  first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us)"""
_ADD_REQUESTS = """\
INSERT INTO requests (width, slot, model, latency, requests, errors, input_tokens, output_tokens, cost_usd)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (width, slot, model, latency) DO UPDATE SET requests = requests + excluded.requests,
  errors = errors + excluded.errors, input_tokens = input_tokens + excluded.input_tokens,
  output_tokens = output_tokens + excluded.output_tokens, cost_usd = cost_usd + excluded.cost_usd"""


class Groups:
    """Changes of groups, gathered over a step."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str], list[Any]] = {}

    def add(self, entry: Entry) -> None:
        """A trace, or a new state of one, came in."""
        for key in entry.facets:
            self._count(key, entry, 1)

    def remove(self, entry: Entry) -> None:
        """A state of a trace no longer holds."""
        for key in entry.facets:
            self._count(key, entry, -1)

    def write(self, connection: sqlite3.Connection) -> None:
        """Bring the table up to date."""
        connection.executemany(_ADD_GROUP, ((*key, *change) for key, change in self._changes.items()))
        connection.execute("DELETE FROM groups WHERE traces <= 0")
        self._changes = {}

    def _count(self, key: tuple[str, str], entry: Entry, sign: int) -> None:
        start = entry.start_us
        change = self._changes.setdefault(key, [0, 0, 0, 0, 0.0, start, start])
        figures = (1, entry.failing, entry.spans, entry.tokens, entry.cost_usd)
        for place, figure in enumerate(figures):
            change[place] += sign * figure
        change[5], change[6] = min(change[5], start), max(change[6], start)


class Requests:
    """Model requests that ended, gathered over a step."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int, str, int], list[Any]] = {}

    def add(self, span: Span) -> None:
        """A span ended; it counts where it stands for a request to a model."""
        started = micros(text(span, "startTime"))
        if started is None or not text(span, "kind").startswith("llm."):
            return
        figures = _figures(span)
        model, latency = text(span, "model"), latency_step(real(span, "durationMs") or 0.0)
        for width in WIDTHS:
            slot = started // 1_000_000 // width
            sums = self._sums.setdefault((width, slot, model, latency), [0, 0, 0, 0, 0.0])
            for place, figure in enumerate(figures):
                sums[place] += figure

    def write(self, connection: sqlite3.Connection) -> None:
        """Bring the table up to date."""
        connection.executemany(_ADD_REQUESTS, ((*key, *sums) for key, sums in self._sums.items()))
        self._sums = {}


def latency_step(milliseconds: float) -> int:
    """The step a latency counts in."""
    return round(math.log2(max(milliseconds, 0.001)) * _STEPS)


def latency_of(step: int) -> float:
    """The milliseconds a step stands for."""
    return float(2.0 ** (step / _STEPS))


def percentile(counts: Sequence[tuple[int, int]], share: float) -> float | None:
    """The latency that this share of requests stayed below.

    Args:
        counts: (step, requests), steps ascending.
        share: from 0 to 1.
    """
    rank, total = 0, sum(count for _, count in counts)
    for step, count in counts:
        rank += count
        if rank >= share * total:
            return latency_of(step)
    return None


def _figures(span: Span) -> tuple[int, int, int, int, float]:
    tokens = mapping(span, "tokens")
    failed = int(text(span, "status") == "error")
    return 1, failed, whole(tokens, "input") or 0, whole(tokens, "output") or 0, real(span, "costUsd") or 0.0
