"""The tree, its bars, and which span took the time."""

from __future__ import annotations

import pytest

from mutagent.store.fields import Span
from mutagent.store.trace import Trace
from mutagent.viewer.trace.critical_path import critical_path
from mutagent.viewer.trace.reading import read
from mutagent.viewer.trace.spans import Tree, tree_of
from mutagent.viewer.trace.timeline import timeline_of
from tests.viewer.wire import NOON, chat, span

NOON_US = NOON // 1000


def tree(*spans: Span, now_ms: float = 10_000) -> Tree:
    return tree_of(Trace(1, "t", {}, list(spans)), NOON_US + int(now_ms * 1000))


def own_ms(made: Tree) -> dict[str, list[tuple[float, float]]]:
    """The critical path by span number, in ms from noon."""
    return {
        str(int(span_id, 16)): [((start - NOON_US) / 1000, (end - NOON_US) / 1000) for start, end in segments]
        for span_id, segments in critical_path(made).items()
    }


@pytest.mark.parametrize(
    ("spans", "path"),
    [
        ([span(1)], {"1": [(0, 100)]}),
        # One after another, with the parent's own time between.
        (
            [span(1), span(2, 1, at=10, took=30), span(3, 1, at=50, took=40)],
            {"1": [(0, 10), (40, 50), (90, 100)], "2": [(10, 40)], "3": [(50, 90)]},
        ),
        # At the same time: the one that ended last is what was waited for.
        (
            [span(1), span(2, 1, at=10, took=80), span(3, 1, at=10, took=30)],
            {"1": [(0, 10), (90, 100)], "2": [(10, 90)]},
        ),
        # Overlapping: each has the time until the later one began.
        (
            [span(1), span(2, 1, at=0, took=60), span(3, 1, at=40, took=60)],
            {"2": [(0, 40)], "3": [(40, 100)]},
        ),
        # A child that outlives its parent counts as long as the parent lasted.
        ([span(1), span(2, 1, at=50, took=200)], {"1": [(0, 50)], "2": [(50, 100)]}),
        # Three deep.
        (
            [span(1), span(2, 1, at=20, took=60), span(3, 2, at=30, took=40)],
            {"1": [(0, 20), (80, 100)], "2": [(20, 30), (70, 80)], "3": [(30, 70)]},
        ),
        # Two roots and nothing between them.
        ([span(1), span(2, at=150, took=50)], {"1": [(0, 100)], "2": [(150, 200)]}),
    ],
)
def test_the_critical_path_is_what_the_end_waited_for(
    spans: list[Span], path: dict[str, list[tuple[float, float]]]
) -> None:
    assert own_ms(tree(*spans)) == path


def test_every_span_stands_in_the_tree_once_whatever_its_parents_say() -> None:
    ring = [span(1, parent=2), span(2, parent=1), span(3, parent=3), span(4, parent=99), span(5, parent=4)]
    made = tree(*ring)
    assert [(int(node.span_id, 16), node.depth) for node in made.nodes] == [(4, 0), (5, 1), (1, 0), (2, 1), (3, 0)]
    assert timeline_of(made).rows


def test_a_tree_deeper_than_pythons_stack_is_drawn() -> None:
    deep = [span(number, number - 1 if number > 1 else None) for number in range(1, 4000)]
    assert timeline_of(tree(*deep)).rows[-1].node.depth == 3998


def test_an_open_span_runs_until_now_and_one_without_its_program_does_not() -> None:
    running = tree(span(1, took=None), span(2, 1, at=5), now_ms=700)
    assert [(node.status, node.duration_ms) for node in running.nodes] == [("running", 700.0), ("ok", 100)]
    an_hour_later = tree(span(1, took=None), span(2, 1, at=5), now_ms=3_600_000)
    assert [(node.status, node.duration_ms) for node in an_hour_later.nodes] == [("unfinished", 105.0), ("ok", 100)]


def test_usage_counts_where_it_was_used_and_sums_stand_above() -> None:
    made = tree(chat(1, kind="agent"), chat(2, 1), chat(3, 1, at=200))
    assert [(node.tokens, node.below_tokens) for node in made.nodes] == [(None, 80), (40, 0), (40, 0)]
    rows = timeline_of(made).rows
    assert [(row.token_share, row.cost_share) for row in rows] == [(0, 0), (0.5, 0.5), (0.5, 0.5)]


@pytest.mark.parametrize("length", [0.003, 1, 99, 1234, 60_000, 86_400_000])
def test_the_axis_has_a_few_round_marks(length: float) -> None:
    ticks = timeline_of(tree(span(1, took=length))).ticks
    assert 3 <= len(ticks) <= 7
    assert ticks[0] == (0, 0)


def test_findings_name_the_span_that_failed_first_took_longest_and_cost_most() -> None:
    fail = {"status": "error", "statusMessage": "no quota", "attributes": {"error.type": "RateLimitError"}}
    reading = read(
        Trace(
            1,
            "t",
            {},
            [
                span(1, took=500, status="error", statusMessage="no quota"),
                chat(2, 1, at=10, took=300),
                chat(3, 1, at=320, costUsd=0.09),
                span(4, 1, at=430, took=20, **fail),
            ],
        )
    )
    assert [(found.question, int(found.span_id, 16), found.detail) for found in reading.findings] == [
        ("wrong", 4, "RateLimitError: no quota (and 1 more)"),
        ("slow", 2, "300 ms on the critical path"),
        ("dear", 3, "$0.0900"),
    ]
    assert reading.selected is not None
    assert int(reading.selected.span_id, 16) == 4
