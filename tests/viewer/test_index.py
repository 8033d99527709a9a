"""The index says what the store says, however the rows came, and can be lost at any time."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mutagent.store.reader import StoreReader
from mutagent.store.retention import Limits, sweep
from mutagent.store.rows import store_path
from mutagent.viewer.collector.payload import parse
from mutagent.viewer.index import database, follower
from mutagent.viewer.index.schema import index_path
from mutagent.viewer.queries import groups, listing
from mutagent.viewer.queries.filters import Filters
from mutagent.viewer.queries.overview import overview
from tests.viewer.conftest import Viewer
from tests.viewer.examples import agent_trace
from tests.viewer.wire import NOON, chat, span, trace, trace_id


def lines(viewer: Viewer, filters: Filters | None = None) -> list[listing.TraceLine]:
    with viewer.site.index() as index:
        return listing.page_of(index, filters or Filters()).traces


def tables(home: Path) -> dict[str, list[Any]]:
    """All that the index says, but for what counts the steps it took."""
    connection = database.open_for_reading(home)
    names = ("traces", "spans", "facets", "groups", "requests")
    found = {
        name: [tuple(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4")] for name in names
    }
    connection.close()
    return found


def test_a_line_says_what_the_store_sums_up(viewer: Viewer) -> None:
    viewer.write(agent_trace(NOON))
    (line,) = lines(viewer)
    (summary,) = StoreReader(viewer.home).traces()
    assert (line.name, line.kind, line.status, line.errors, line.spans) == ("answer_customer", "agent", "ok", 2, 11)
    assert (line.input_tokens, line.output_tokens) == (summary.tokens.input, summary.tokens.output)
    assert line.cost_usd == summary.cost_usd
    assert tuple(line.models) == summary.models
    assert (line.duration_ms, line.session, line.user) == (4870.0, "conversation-42", "ada")


def test_rows_one_by_one_make_the_same_index_as_all_at_once(viewer: Viewer, tmp_path: Path) -> None:
    example = agent_trace(NOON)
    for each in reversed(example["spans"]):
        viewer.write({**example, "spans": [each]})
    step_by_step = tables(viewer.home)
    database.remove(viewer.home)
    again = follower.Follower(viewer.home)
    again.catch_up()
    again.stop()
    at_once = tables(viewer.home)
    for name, rows in at_once.items():
        if name not in ("groups", "requests"):
            assert step_by_step[name] == rows, name
    # Sums of floats depend on the order in which they were made.
    rounded = [[(*row[:-1], round(row[-1], 9)) for row in each["requests"]] for each in (step_by_step, at_once)]
    assert rounded[0] == rounded[1]


def test_a_span_that_ends_replaces_its_open_state(viewer: Viewer) -> None:
    viewer.write(trace(1, chat(1, took=None)))
    assert [line.status for line in lines(viewer)] == ["open"]
    viewer.write(trace(1, chat(1, took=250)))
    assert [(line.status, line.duration_ms, line.spans) for line in lines(viewer)] == [("ok", 250.0, 1)]
    with viewer.site.index() as index:
        assert groups.choices(index, ["status"], 9) == {"status": [("ok", 1)]}


def test_a_span_sent_twice_counts_once(viewer: Viewer) -> None:
    viewer.write(trace(1, chat(1)))
    viewer.write(trace(1, chat(1)))
    viewer.write(trace(1, chat(1, took=None)))
    assert [(line.spans, line.tokens, line.status) for line in lines(viewer)] == [(1, 40, "ok")]
    with viewer.site.index() as index:
        assert overview(index, "1h", NOON / 1e9 + 60).total.requests == 1


def test_the_root_that_comes_last_names_the_trace_and_its_session(viewer: Viewer) -> None:
    viewer.write(trace(1, chat(2, parent=1, at=10)))
    viewer.write(trace(1, span(1, name="root", took=500), session="s", **{"service.name": "shop"}))
    (line,) = lines(viewer, Filters(session="s", service="shop"))
    assert (line.name, line.start_us, line.duration_ms) == ("root", NOON // 1000, 500.0)


def test_another_store_file_is_indexed_anew(viewer: Viewer) -> None:
    viewer.write(trace(1, span(1)), trace(2, span(2)))
    viewer.site.writer.close()
    for part in viewer.home.glob(f"{store_path(viewer.home).name}*"):
        part.rename(part.with_name(f"old-{part.name}"))
    viewer.write(trace(3, span(3)))
    assert [line.trace_id for line in lines(viewer)] == [trace_id(3)]


def test_a_damaged_index_is_built_anew(viewer: Viewer) -> None:
    viewer.write(trace(1, span(1)))
    viewer.site.follower.stop()
    index_path(viewer.home).write_bytes(b"this is no database, " * 500)
    again = follower.Follower(viewer.home)
    again.catch_up()
    again.catch_up()
    again.stop()
    assert [line.trace_id for line in lines(viewer)] == [trace_id(1)]


def test_two_viewers_over_one_store_take_turns(viewer: Viewer) -> None:
    other = follower.Follower(viewer.home)
    for number in range(1, 20):
        viewer.site.writer.append(parse(json.dumps({"traces": [trace(number, chat(number))]}).encode()).rows)
        (other if number % 2 else viewer.site.follower).catch_up()
    other.stop()
    assert len(lines(viewer)) == 19
    with viewer.site.index() as index:
        assert [group.traces for group in groups.newest(index, "model", 9)] == [19]


def test_what_retention_deleted_is_forgotten(viewer: Viewer) -> None:
    viewer.write(*(trace(number, chat(number), session="s") for number in range(1, 30)))
    store = sqlite3.connect(store_path(viewer.home), isolation_level=None)
    assert sweep(store, Limits(0, 1), now_ns=1 << 62)
    store.close()
    fresh = follower.Follower(viewer.home)
    fresh.catch_up()
    fresh.stop()
    assert [line.trace_id for line in lines(viewer)] == [trace_id(29)]
    with viewer.site.index() as index:
        assert [group.traces for group in groups.newest(index, "session", 9)] == [1]


def test_rows_that_are_no_spans_are_passed_over(viewer: Viewer) -> None:
    viewer.write(trace(1, span(1)))
    store = sqlite3.connect(store_path(viewer.home), isolation_level=None)
    for body in ("", "[]", "{", "null", '{"name": 5}', "[" * 5000):
        store.execute(
            "INSERT INTO spans (trace_id, span_id, written_ns, header, body) VALUES (?, ?, 1, ?, ?)",
            (trace_id(2), "x", body, body),
        )
    store.close()
    viewer.site.follower.catch_up()
    assert trace_id(1) in [line.trace_id for line in lines(viewer)]
    assert viewer.site.follower.progress.error == ""


def test_a_trace_that_cannot_be_summed_up_keeps_no_other_out(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    from mutagent.viewer.index import builder

    sound = builder.entry_of

    def fails_for_the_second(n: int, last_seq: int, found: Any, written_ns: int) -> Any:
        if found.trace_id == trace_id(2):
            raise OverflowError
        return sound(n, last_seq, found, written_ns)

    monkeypatch.setattr(builder, "entry_of", fails_for_the_second)
    viewer.write(trace(1, span(1)), trace(2, span(2)), trace(3, span(3)))
    assert [line.trace_id for line in lines(viewer)] == [trace_id(3), trace_id(1)]
