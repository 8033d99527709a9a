"""The rows of a trace's page: where each bar begins and ends, and what share of time, tokens and cost is its own."""

from __future__ import annotations

from dataclasses import dataclass

from mutagent.viewer.trace.critical_path import critical_path
from mutagent.viewer.trace.spans import Node, Tree

_TICKS = 6
# Percent of the axis: narrower pieces are the moments between one call and the next.
_LEAST_WIDTH = 0.4
_NICE = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of the time axis, in percent of its length."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the waterfall. Shares are of the whole trace, from 0 to 1."""

    node: Node
    bar: Bar
    critical: list[Bar]
    critical_ms: float
    time_share: float
    token_share: float
    cost_share: float
    first_token: float | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """All rows, and the marks of the axis as (percent, milliseconds)."""

    rows: list[Row]
    ticks: list[tuple[float, float]]
    start_us: int
    length_ms: float
    tokens: int
    cost_usd: float

    def row(self, span_id: str) -> Row | None:
        """The row of a span, or None."""
        return next((row for row in self.rows if row.node.span_id == span_id), None)


def timeline_of(tree: Tree) -> Timeline:
    """Measure every span of the tree."""
    own = critical_path(tree)
    tokens = sum(node.tokens or 0 for node in tree.nodes)
    cost = sum(node.cost_usd or 0.0 for node in tree.nodes)
    length_ms = tree.length_us / 1000
    rows = [_row(node, tree, own.get(node.span_id, []), tokens, cost) for node in tree.nodes]
    return Timeline(rows, _ticks(length_ms), tree.start_us, length_ms, tokens, cost)


def _row(node: Node, tree: Tree, segments: list[tuple[int, int]], tokens: int, cost: float) -> Row:
    bars = [bar for bar in (_bar(start, end, tree) for start, end in segments) if bar.width >= _LEAST_WIDTH]
    critical_us = sum(end - start for start, end in segments)
    first = node.first_token_ms
    return Row(
        node,
        _bar(node.start_us, node.end_us, tree),
        bars,
        critical_us / 1000,
        critical_us / tree.length_us,
        (node.tokens or 0) / tokens if tokens else 0.0,
        (node.cost_usd or 0.0) / cost if cost else 0.0,
        None if first is None else _percent(node.start_us + int(min(first, 1e12) * 1000) - tree.start_us, tree),
    )


def _bar(start: int, end: int, tree: Tree) -> Bar:
    left = _percent(start - tree.start_us, tree)
    return Bar(left, round(_percent(end - tree.start_us, tree) - left, 3))


def _percent(micros: int, tree: Tree) -> float:
    return round(max(0.0, min(100.0, 100 * micros / tree.length_us)), 3)


def _ticks(length_ms: float) -> list[tuple[float, float]]:
    """At most seven marks at round times."""
    rough = length_ms / _TICKS
    power = 1.0
    while power * 10 <= rough:
        power *= 10
    while power > rough:
        power /= 10
    step = next(power * factor for factor in _NICE if power * factor >= rough * 0.999)
    count = int(length_ms / step)
    return [(round(100 * number * step / length_ms, 3), number * step) for number in range(count + 1)]
