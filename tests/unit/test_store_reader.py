"""Readers see merged spans, newest traces first, and never make or change a store."""

import sqlite3
from contextlib import closing

import pytest

from mutagent.store.errors import AmbiguousPrefix, StoreUnreadable
from mutagent.store.reader import StoreReader
from mutagent.store.rows import FILE_NAME
from mutagent.store.summary import Tokens, TraceSummary, spans_that_count
from mutagent.store.writer import StoreWriter
from tests.unit.store_rows import HEADER, EncodedRow, row, span, span_id, trace_id


@pytest.fixture
def writer(tmp_path):
    with closing(StoreWriter(tmp_path, 0, 0)) as writer:
        yield writer


@pytest.fixture
def reader(tmp_path):
    return StoreReader(tmp_path)


def ids(found):
    return [int(trace.trace_id, 16) for trace in found]


def test_reading_makes_no_store(tmp_path):
    reader = StoreReader(tmp_path / "home")
    assert (reader.traces(), reader.trace("a"), reader.rows_after(0, 1), reader.identity()) == ([], None, [], None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_table_is_an_empty_store(tmp_path, reader):
    (tmp_path / FILE_NAME).touch()
    assert reader.traces() == []


def test_a_damaged_file_is_unreadable_and_left_alone(tmp_path, reader):
    (tmp_path / FILE_NAME).write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreUnreadable, match="not a database"):
        reader.traces()
    assert (tmp_path / FILE_NAME).read_bytes() == b"garbage" * 1000


def test_a_summary_says_it_all(writer, reader):
    writer.append(
        [
            row(
                7,
                2,
                parent=1,
                kind="llm.chat",
                model="gpt-4o",
                tokens={"input": 10, "output": 5, "total": 15},
                costUsd=0.5,
            ),
            row(7, 3, parent=1, kind="llm.chat", model="claude", tokens={"input": 1, "output": 2}, costUsd=0.25),
            row(7, 4, parent=1, kind="tool", status="error", statusMessage="no"),
            row(7, 1, name="agent", kind="agent", endTime="2026-01-31T12:00:09.000000Z", durationMs=8000.0),
        ]
    )
    assert reader.traces() == [
        TraceSummary(
            seq=1,
            trace_id=trace_id(7),
            name="agent",
            kind="agent",
            status="ok",
            errors=1,
            start_time="2026-01-31T12:00:01.000000Z",
            end_time="2026-01-31T12:00:09.000000Z",
            duration_ms=8000.0,
            span_count=4,
            models=("gpt-4o", "claude"),
            tokens=Tokens(11, 7, 18),
            cost_usd=0.75,
            session_id="s-1",
            user_id=None,
            service="agent.py",
            environment=None,
            run_id="run-1",
        )
    ]


def test_an_open_span_is_replaced_by_its_end_and_never_the_other_way_round(writer, reader):
    opened = row(1, 1, endTime=None, durationMs=None, status="unset")
    writer.append([opened])
    assert reader.traces()[0].status == "open"
    writer.append([row(1, 1)])
    writer.append([opened])
    assert reader.trace(trace_id(1)).spans == [span(1)]
    assert reader.traces()[0].status == "ok"


def test_the_later_of_two_ends_counts(writer, reader):
    writer.append([row(1, 1, name="first"), row(1, 1, name="second")])
    assert reader.trace(trace_id(1)).spans == [span(1, name="second")]


def test_a_trace_comes_back_in_its_wire_form(writer, reader):
    root_header = {**HEADER, "environment": "dev", "metadata": {"service": "web"}}
    child_header = {"source": "other", "metadata": {"service": "worker", "tag": "x"}}
    writer.append([row(1, 2, parent=1, header=child_header), row(1, 1, header=root_header)])
    assert reader.trace(trace_id(1)).to_dict() == {
        "traceId": trace_id(1),
        "source": "sdk",
        "sessionId": "s-1",
        "environment": "dev",
        "metadata": {"service": "web", "tag": "x"},
        "startTime": "2026-01-31T12:00:01.000000Z",
        "spans": [span(1), span(2, parent=1)],
    }


def test_pages_follow_each_other_newest_first(writer, reader):
    # Interleaved: a trace stands where its first row stands, however late its last one came.
    writer.append([row(trace, part) for part in (1, 2) for trace in range(1, 8)])
    first = reader.traces(3)
    second = reader.traces(3, before_seq=first[-1].seq)
    third = reader.traces(3, before_seq=second[-1].seq)
    assert [ids(page) for page in (first, second, third)] == [[7, 6, 5], [4, 3, 2], [1]]


def test_filters_look_past_any_number_of_other_traces(writer, reader):
    other = {"source": "sdk", "sessionId": "other", "metadata": {"mutagent.run_id": "run-2"}}
    writer.append([row(1), row(2, status="error"), row(3, endTime=None)])
    writer.append([row(trace, header=other) for trace in range(10, 210)])
    assert ids(reader.traces(session_id="s-1")) == [3, 2, 1]
    assert ids(reader.traces(run_id="run-1")) == [3, 2, 1]
    assert ids(reader.traces(status="error")) == [2]
    assert ids(reader.traces(status="open")) == [3]
    assert ids(reader.traces(2, status="ok", session_id="other")) == [209, 208]
    assert reader.traces(session_id="nobody") == []


def test_a_session_named_by_any_row_of_the_trace_is_found(writer, reader):
    writer.append([row(1, 2, parent=1, header={"source": "sdk"}), row(1, 1)])
    assert ids(reader.traces(session_id="s-1")) == [1]


def test_a_session_that_only_a_span_stands_in_is_found(writer, reader):
    plain = {"source": "sdk"}
    writer.append([row(1, 1, header=plain), row(1, 2, 1, header=plain, attributes={"session.id": "s-9"}), row(2)])
    assert [(trace.trace_id, trace.session_id) for trace in reader.traces(session_id="s-9")] == [(trace_id(1), "s-9")]


def test_sessions_with_any_characters_are_found(writer, reader):
    for number, name in enumerate(('said "so"', "größer", "a\\b", "plain"), start=1):
        writer.append([row(number, header={"sessionId": name})])
        assert ids(reader.traces(session_id=name)) == [number]


def test_a_prefix_is_enough_where_it_is_unique(writer, reader):
    first, second = "4f2a" + "0" * 28, "4f2b" + "0" * 28
    for given in (first, second):
        writer.append([EncodedRow(given, span_id(1), b"{}", b'{"name": "x"}')])
    assert reader.trace("4f2a").trace_id == first
    assert reader.trace("4F2B").trace_id == second
    assert reader.trace(second).trace_id == second
    assert reader.trace("5") is None
    with pytest.raises(AmbiguousPrefix) as caught:
        reader.trace("4f2")
    assert caught.value.matches == [first, second]


def test_rows_that_are_no_json_objects_are_passed_over(writer, reader):
    for body in (b"", b"[1]", b"{", b"[" * 100_000):
        writer.append([EncodedRow(trace_id(1), span_id(9), b"?", body)])
    assert reader.traces() == []
    writer.append([EncodedRow(trace_id(1), span_id(1), b"?", b'{"name": 5, "tokens": [], "costUsd": true}')])
    found = reader.traces()[0]
    assert (found.name, found.span_count, found.tokens, found.cost_usd) == ("", 1, Tokens(), None)


def test_usage_that_a_parent_repeats_counts_once():
    usage = {"tokens": {"input": 10, "output": 1}}
    spans = [
        span(1, kind="agent", **usage),
        span(2, 1, kind="chain"),
        span(3, 2, kind="llm.chat", **usage),
        span(4, 3, kind="llm.chat", **usage),
        span(5, 1, kind="tool", costUsd=0.1),
        span(6, kind="agent", **usage),
    ]
    assert [found["spanId"] for found in spans_that_count(spans)] == [span_id(number) for number in (2, 3, 4, 5, 6)][1:]


def test_the_outcome_of_a_span_the_program_did_not_end_is_its_status(writer, reader):
    writer.append([row(1, 1, status="unset", attributes={"mutagent.span.outcome": "interrupted"})])
    assert ids(reader.traces(status="interrupted")) == [1]


def test_a_reader_keeps_up_by_seq(tmp_path, writer, reader):
    writer.append([row(1), row(2)])
    seen = reader.rows_after(0, 100)[-1].seq
    writer.append([row(3)])
    assert [found.trace_id for found in reader.rows_after(seen, 100)] == [trace_id(3)]
    assert (reader.oldest_seq(), reader.identity() is not None) == (1, True)


def test_reading_while_a_transaction_is_open_sees_what_was_committed(tmp_path, writer, reader):
    writer.append([row(1)])
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN IMMEDIATE")
        neighbour.execute("DELETE FROM spans")
        assert ids(reader.traces()) == [1]
        neighbour.execute("ROLLBACK")
