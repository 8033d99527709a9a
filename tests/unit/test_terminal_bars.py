"""The bars of a tree: when each span ran."""

import io

import pytest

from mutagent.store.trace import Trace
from mutagent.terminal.bars import Scale
from mutagent.terminal.style import ASCII, PLAIN, bar_columns
from mutagent.terminal.tree import render_trace
from tests.unit.store_rows import HEADER, span, trace_id


def timed(number, start, end, parent=None, **fields):
    times = {"startTime": f"2026-01-31T12:00:{start:09.6f}Z", "endTime": end and f"2026-01-31T12:00:{end:09.6f}Z"}
    return span(number, parent, **times, **fields)


SPANS = [timed(1, 0, 10), timed(2, 0, 2.5, 1), timed(3, 5, 7.5, 1), timed(4, 9.99, 9.99, 1), timed(5, 7.5, None, 1)]


def test_a_bar_stands_where_the_span_ran():
    scale = Scale(SPANS, 8)
    assert [scale.bar(each, PLAIN) for each in SPANS] == [
        "━━━━━━━━",
        "━━      ",
        "    ━━  ",
        "       ━",
        "      ━━",
    ]
    assert scale.bar(SPANS[2], ASCII) == "    ==  "


@pytest.mark.parametrize(
    ("spans", "bar"),
    [
        ([span(1, startTime="soon", endTime="later")], "    "),
        ([timed(1, 3, 3)], "    "),
        ([timed(1, 3, None)], "    "),
        ([timed(1, 5, 3), timed(2, 3, 5)], "   ━"),
        ([], None),
    ],
    ids=["no times", "no duration", "just begun", "ends before it begins", "no spans"],
)
def test_times_that_make_no_sense_make_no_bar_too_long(spans, bar):
    scale = Scale(spans, 4)
    assert [scale.bar(each, PLAIN) for each in spans[:1]] == ([] if bar is None else [bar])


def test_a_tree_has_bars_where_they_are_asked_for():
    trace = Trace(1, trace_id(1), HEADER, SPANS[:3])
    lines = render_trace(trace, 60, previews=False, bars=8, style=PLAIN).splitlines()[-3:]
    assert lines == [
        "span 1  chain" + " " * 29 + "  ━━━━━━━━  500 ms",
        "├─ span 2  chain" + " " * 26 + "  ━━        500 ms",
        "└─ span 3  chain" + " " * 26 + "      ━━    500 ms",
    ]
    assert "━" not in render_trace(trace, 60, style=PLAIN)


def test_a_pipe_gets_none():
    assert bar_columns(io.StringIO()) == 0
