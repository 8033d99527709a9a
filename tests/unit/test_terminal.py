"""Traces as text: aligned, within the width, and unable to drive the terminal."""

import io

import pytest

from mutagent.store.summary import Tokens, TraceSummary
from mutagent.store.trace import Trace
from mutagent.terminal.content import preview, whole
from mutagent.terminal.style import ASCII, Style, style_for
from mutagent.terminal.table import render_list
from mutagent.terminal.text import clean, columns_of, cost, duration, fit, pad
from mutagent.terminal.tree import grow, render_trace
from tests.unit.store_rows import HEADER, span, span_id, trace_id


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


SEARCH = {"name": "search", "arguments": {"q": "x"}}


def agent_trace():
    return Trace(
        1,
        trace_id(7),
        HEADER,
        [
            span(1, name="agent", kind="agent", durationMs=3421.3, input={"raw": {"question": "Which mountain?"}}),
            span(
                2,
                1,
                name="plan",
                kind="llm.chat",
                model="gpt-4o",
                durationMs=812,
                tokens={"input": 1204, "output": 64},
                costUsd=0.0123,
                input={"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "Which?"}]},
                output={
                    "messages": [{"role": "assistant", "toolCalls": [{"name": "search", "arguments": {"q": "x"}}]}]
                },
            ),
            span(
                3,
                1,
                name="search",
                kind="tool",
                durationMs=203.4,
                status="error",
                statusMessage="no answer\nat all",
                attributes={"error.type": "TimeoutError"},
            ),
            span(4, 3, name="GET /search", kind="custom", durationMs=0.42),
            span(5, 1, name="wait", endTime=None, durationMs=None),
        ],
    )


def test_a_tree_shows_names_figures_errors_and_previews():
    assert render_trace(agent_trace(), 72) == (
        "agent · ok, 1 error · 3.42 s\n"
        "trace 00000000000000000000000000000007\n"
        "2026-01-31 12:00:01 · 5 spans · gpt-4o · 1,204 → 64 tokens · $0.0123\n"
        "session s-1 · service agent.py · run run-1\n"
        "\n"
        "agent  agent                                 3.42 s\n"
        '│  in  {"question": "Which mountain?"}\n'
        "├─ plan  llm.chat gpt-4o                     812 ms  1,204 → 64  $0.0123\n"
        "│     in  user: Which?\n"
        '│     out assistant: search({"q": "x"})\n'
        "├─ search  tool                              203 ms\n"
        "│  │  ✗ TimeoutError: no answer at all\n"
        "│  └─ GET /search  custom                    0.4 ms\n"
        "└─ wait  chain                                 open\n"
    )


def test_full_shows_everything_in_a_terminal_without_box_characters():
    shown = render_trace(agent_trace(), 60, full=True, style=ASCII)
    assert shown.split("\n\n", 1)[1] == (
        "agent  agent                    3.42 s\n"
        "|  in  {\n"
        '|        "question": "Which mountain?"\n'
        "|      }\n"
        "|- plan  llm.chat gpt-4o        812 ms  1,204 -> 64  $0.0123\n"
        "|     in  system: be brief\n"
        "|         user: Which?\n"
        '|     out assistant: search({"q": "x"})\n'
        "|- search  tool                 203 ms\n"
        "|  |  x TimeoutError: no answer\n"
        "|  |  x at all\n"
        "|  |      error.type = TimeoutError\n"
        "|  `- GET /search  custom       0.4 ms\n"
        "`- wait  chain                    open\n"
    )


def test_without_previews_there_is_one_line_for_each_span():
    shown = render_trace(agent_trace(), previews=False).split("\n\n", 1)[1]
    assert [line.split()[-2:] for line in shown.splitlines() if "✗" not in line][-1] == ["chain", "open"]
    assert len(shown.splitlines()) == 6


def test_colours_change_nothing_but_colour():
    painted = render_trace(agent_trace(), 72, style=Style(color=True))
    assert "\x1b[31m" in painted
    assert clean(painted) == render_trace(agent_trace(), 72)


@pytest.mark.parametrize("width", [20, 40, 60, 100])
def test_trees_and_lists_keep_to_the_width(width):
    trace = agent_trace()
    lines = render_trace(trace, max(width, 60)).splitlines()
    assert max(map(columns_of, lines)) <= max(width, 60)
    table = render_list([summary(), summary(name="a very long name indeed " * 5)], max(width, 60))
    assert max(map(columns_of, table.splitlines())) <= max(width, 60)
    # Narrower than anything fits into: no crash, and the names are still there.
    assert "agent" in render_list([summary()], width)
    assert "plan" in render_trace(trace, width)


def test_a_ring_of_parents_and_an_orphan_are_shown_once_each():
    spans = [span(1, 2), span(2, 1), span(3, 99), span(4, 4)]
    order = [branch.span["spanId"] for branch in grow(spans, ASCII, 40)]
    assert order == [span_id(3), span_id(1), span_id(2), span_id(4)]


def test_a_trace_deeper_than_the_recursion_limit_is_drawn_within_its_half_of_the_line():
    spans = [span(number, number - 1 or None) for number in range(1, 3001)]
    lines = render_trace(Trace(1, trace_id(1), {}, spans), 80).splitlines()[4:]
    assert len(lines) == 3000
    assert max(map(columns_of, lines)) <= 80


def test_a_model_that_the_name_says_is_not_repeated():
    shown = render_trace(Trace(1, trace_id(1), {}, [span(1, name="chat gpt-4o", kind="llm.chat", model="gpt-4o")]))
    assert shown.splitlines()[-1].split() == ["chat", "gpt-4o", "llm.chat", "500", "ms"]


def test_an_empty_span_is_drawn():
    assert "(no name)" in render_trace(Trace(1, trace_id(1), {}, [{"spanId": "a"}]))


HOSTILE = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m\x9b1mC1\x1bP$q\x1b\\\x08\x00\x7f\u202eright\u2066 \ud800\x1b"


def test_what_models_wrote_cannot_drive_the_terminal():
    assert clean(HOSTILE) == "redC1right \ufffd"
    hostile = span(1, name=HOSTILE, kind=HOSTILE, model=HOSTILE, status="error", statusMessage=HOSTILE)
    hostile["input"] = {"raw": {HOSTILE: [HOSTILE]}}
    hostile["output"] = {"messages": [{"role": HOSTILE, "content": [{"text": HOSTILE}]}], "text": HOSTILE}
    hostile["attributes"] = {HOSTILE: HOSTILE}
    hostile["events"] = [{"name": HOSTILE}]
    header = {
        "sessionId": HOSTILE,
        "environment": HOSTILE,
        "metadata": {"service.name": HOSTILE, "mutagent.run_id": HOSTILE},
    }
    trace = Trace(1, HOSTILE, header, [hostile])
    for shown in (render_trace(trace), render_trace(trace, full=True), render_list([summary(name=HOSTILE)])):
        assert not set(shown) & set("\x1b\x07\x08\x00\x7f\x9b\u202e\u2066\ud800\r")
        shown.encode()


def summary(**changes):
    values = {
        "seq": 1,
        "trace_id": "4f2a" * 8,
        "name": "agent",
        "kind": "agent",
        "status": "ok",
        "errors": 0,
        "start_time": "2026-01-31T12:00:01.000000Z",
        "end_time": None,
        "duration_ms": 3421.0,
        "span_count": 5,
        "models": ("gpt-4o", "claude-sonnet-4-5"),
        "tokens": Tokens(1204, 64, 1268),
        "cost_usd": 0.0123,
        "session_id": "s-1",
        "user_id": None,
        "service": "agent.py",
        "environment": None,
        "run_id": None,
        **changes,
    }
    return TraceSummary(**values)


def test_a_list_has_a_line_for_each_trace():
    other = summary(
        trace_id="b" * 32, name="日本語", models=(), tokens=Tokens(), cost_usd=None, status="open", duration_ms=None
    )
    assert render_list([summary(), other]) == (
        "TRACE     NAME    STARTED         DURATION  STATUS  SPANS  MODELS                         TOKENS     COST"
        "  SESSION  SERVICE\n"
        "4f2a4f2a  agent   01-31 12:00:01    3.42 s  ok          5  gpt-4o, claude-sonnet-4-5  1,204 → 64  $0.0123"
        "  s-1      agent.py\n"
        "bbbbbbbb  日本語  01-31 12:00:01            open        5                                              "
        "    s-1      agent.py\n"
    )


def test_a_narrow_list_gives_up_the_least_important_columns_first():
    assert render_list([summary(name="a rather long name")], 80) == (
        "TRACE     NAME             STARTED         DURATION  STATUS      TOKENS     COST\n"
        "4f2a4f2a  a rather long…   01-31 12:00:01    3.42 s  ok      1,204 → 64  $0.0123\n"
    )


def test_columns_that_nobody_fills_are_left_out():
    bare = summary(models=(), tokens=Tokens(), cost_usd=None, session_id=None, service=None)
    assert render_list([bare]).splitlines()[0].split() == ["TRACE", "NAME", "STARTED", "DURATION", "STATUS", "SPANS"]


def test_numbers_read_as_people_write_them():
    times = [0, 0.42, 9.96, 812, 999.6, 3421, 59_996, 125_000, 3_725_000]
    assert [duration(time) for time in times] == [
        "0.0 ms",
        "0.4 ms",
        "10.0 ms",
        "812 ms",
        "1.00 s",
        "3.42 s",
        "1m 00s",
        "2m 05s",
        "1h 02m",
    ]
    assert [cost(usd) for usd in (0, 0.00001, 0.0123, 4.2, 1234.5)] == [
        "$0.0000",
        "<$0.0001",
        "$0.0123",
        "$4.20",
        "$1,234.50",
    ]
    assert duration(None) == cost(None) == ""


def test_wide_and_combining_characters_are_measured():
    assert [columns_of(value) for value in ("abc", "日本", "e\u0301", "👍")] == [3, 4, 1, 2]
    assert (fit("日本語", 5), fit("abc", 3), fit("abcdef", 3), fit("abc", 0)) == ("日本…", "abc", "ab…", "")
    assert (pad("日", 4), pad("日", 4, right=True)) == ("日  ", "  日")


def test_previews_show_the_most_telling_part():
    long = {"messages": [{"role": "user", "content": [{"type": "text", "text": "what\n is"}, {"type": "image"}]}]}
    assert preview(long) == 'user: what is {"type": "image"}'
    assert preview({"documents": [{"content": "first", "score": 0.5}, {"content": "second"}]}) == "2 documents: first"
    call = {"id": "c", "name": "f", "arguments": {"a": 1}, "result": 2}
    assert preview({"toolCalls": [call]}) == 'f({"a": 1}) = 2'
    assert preview({"messages": "?", "text": 5, "raw": None}) == "null"
    assert preview({}) == ""
    assert whole({"text": "a\r\nb", "documents": [{"content": "first", "score": 0.5}]}) == [
        "a",
        "b",
        "document (score 0.5): first",
    ]


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def test_colour_is_for_terminals_whose_owner_wants_it():
    terminal = Terminal(io.BytesIO(), encoding="utf-8")
    pipe = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert style_for(terminal, {}) == Style(color=True)
    assert style_for(terminal, {"NO_COLOR": "1"}) == style_for(terminal, {"TERM": "dumb"}) == Style()
    assert style_for(pipe, {}) == ASCII
