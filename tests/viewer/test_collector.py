"""The local collector: both dialects in, torn payloads refused, and what was written can be read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mutagent.store.reader import StoreReader
from mutagent.viewer.collector.api import MOST_BYTES
from tests.viewer.conftest import Viewer
from tests.viewer.examples import agent_trace
from tests.viewer.wire import NOON, chat, span, trace, trace_id

BATCH = "/api/traces/batch"


def post(viewer: Viewer, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return viewer.client.post(BATCH, content=content, headers={"content-type": "application/json", **headers})


def stored(viewer: Viewer, number: int = 1) -> Any:
    found = StoreReader(viewer.home).trace(trace_id(number))
    assert found is not None
    return found


def test_the_structured_dialect_arrives_as_it_was_sent(viewer: Viewer) -> None:
    sent = agent_trace(NOON)
    answer = post(viewer, {"traces": [sent]})
    assert (answer.status_code, answer.json()) == (200, {"accepted": 11, "rejected": 0})
    got = stored(viewer).to_dict()
    assert sorted(got["spans"], key=lambda each: each["spanId"]) == sent["spans"]
    assert {name: got[name] for name in ("traceId", "sessionId", "environment", "metadata")} == {
        name: sent[name] for name in ("traceId", "sessionId", "environment", "metadata")
    }


def test_the_text_dialect_reads_as_the_structured_one(viewer: Viewer) -> None:
    moved = {"tokens": {"input": 3, "output": 4}, "costUsd": 0.5, "durationMs": 12.5, "model": "m", "provider": "p",
             "attributes": {"a": 1}, "events": [{"name": "e", "timestamp": "t"}], "mine": True}  # fmt: skip
    messages = {"messages": [{"role": "user", "content": "hello", "toolCalls": []}]}
    text = span(1, took=20) | {"input": "plain words", "output": json.dumps(messages), "metadata": moved}
    del text["durationMs"]
    assert post(viewer, {"traces": [trace(1, text)]}).json() == {"accepted": 1, "rejected": 0}
    (got,) = stored(viewer).spans
    names = ("input", "output", "tokens", "costUsd", "durationMs", "model", "provider")
    assert {name: got[name] for name in names} == {
        "input": {"text": "plain words"}, "output": messages, "tokens": {"input": 3, "output": 4}, "costUsd": 0.5,
        "durationMs": 12.5, "model": "m", "provider": "p",
    }  # fmt: skip
    assert got["attributes"] == {"a": 1, "mine": True}
    assert got["events"] == [{"name": "e", "timestamp": "t"}]


def test_what_our_own_encoder_writes_in_either_dialect_is_taken(viewer: Viewer) -> None:
    from mutagent.export.payload import batch_body, text_dialect
    from mutagent.viewer.collector.payload import parse

    rows = parse(json.dumps({"traces": [agent_trace(NOON)]}).encode()).rows
    assert post(viewer, text_dialect(rows)).json() == {"accepted": 11, "rejected": 0}
    in_text = stored(viewer).spans
    assert post(viewer, batch_body(rows)).json() == {"accepted": 11, "rejected": 0}
    # Messages whose contents are all strings are joined in the text dialect: that is all that differs.
    for before, after in zip(in_text, stored(viewer).spans, strict=True):
        assert {**before, "input": 0, "output": 0} == {**after, "input": 0, "output": 0}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b'{"traces": [', 400), (b"\xff\xfe", 400), (b"[" * 100_000, 400), (b"NaN", 422),
        (b"[]", 422), (b"null", 422), (b"{}", 422), (b'{"traces": {}}', 422), (b'{"traces": "x"}', 422),
        (b'{"traces": [{"traceId": ' + b"1" * 5000 + b"}]}", 200),
    ],
    ids=lambda value: ascii(value[:12]) if isinstance(value, bytes) else str(value),
)  # fmt: skip
def test_a_torn_body_is_refused_and_says_why(viewer: Viewer, body: bytes, status: int) -> None:
    answer = post(viewer, body)
    assert answer.status_code == status
    assert status == 200 or answer.json()["message"]


@pytest.mark.parametrize(
    "broken",
    [
        7, None, [], "span", {}, {"spanId": 5}, {"spanId": "x"}, {"spanId": "x", "startTime": "noon"},
        {"spanId": "", "startTime": "2026-01-05T12:00:00Z"}, {"spanId": "x" * 300, "startTime": "2026-01-05T12:00:00Z"},
        {"spanId": "x", "startTime": "2026-01-05T12:00:00Z", "endTime": "later"},
        {"spanId": "x", "startTime": "2026-01-05T12:00:00Z", "endTime": 5},
        {"spanId": "x", "startTime": "2026-01-05T12:00:00"},
    ],
)  # fmt: skip
def test_what_is_no_span_is_rejected_and_its_neighbours_are_taken(viewer: Viewer, broken: Any) -> None:
    answer = post(viewer, {"traces": [trace(1, span(1), broken)]})
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
    assert answer.json()["note"]
    assert len(stored(viewer).spans) == 1


@pytest.mark.parametrize("broken", [5, None, {}, {"traceId": "", "spans": [{}]}, {"traceId": "x", "spans": 5}])
def test_what_is_no_trace_is_rejected(viewer: Viewer, broken: Any) -> None:
    answer = post(viewer, {"traces": [broken, trace(1, span(1))]})
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1


def test_values_no_json_reader_takes_are_made_harmless(viewer: Viewer) -> None:
    body = json.dumps({"traces": [trace(1, span(1, costUsd=7, input={"raw": {"a": 8, "b": 9, "c": "deep"}}))]})
    deep = "[" * 150 + "]" * 150
    hostile = body.replace('"costUsd": 7', '"costUsd": 1e999').replace('"a": 8', '"a": NaN')
    hostile = hostile.replace('"b": 9', f'"b": {"9" * 400}').replace('"deep"', deep)
    assert post(viewer, hostile.encode()).json() == {"accepted": 1, "rejected": 0}
    (got,) = stored(viewer).spans
    assert "costUsd" not in got
    assert (got["input"]["raw"]["a"], got["input"]["raw"]["b"]) == (None, None)
    viewer.site.follower.catch_up()
    assert viewer.page(f"/traces/{trace_id(1)}")


def test_a_body_too_long_is_refused_before_it_is_read(viewer: Viewer) -> None:
    assert post(viewer, b"{}", **{"content-length": str(MOST_BYTES + 1)}).status_code == 413
    assert post(viewer, b" " * (MOST_BYTES + 1)).status_code == 413
    chunks = (b" " * (1 << 20) for _ in range(64))
    assert viewer.client.post(BATCH, content=chunks).status_code == 413
    assert post(viewer, b"{}", **{"content-encoding": "gzip"}).status_code == 415


def test_ids_of_other_forms_become_ids(viewer: Viewer) -> None:
    uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"
    sent = trace(1, span(1)) | {"traceId": uuid}
    sent["spans"][0] |= {"spanId": "first", "parentSpanId": None}
    sent["spans"].append(span(2) | {"spanId": "second", "parentSpanId": "first"})
    assert post(viewer, {"traces": [sent, {**sent, "traceId": "my own id"}]}).json()["accepted"] == 4
    found = StoreReader(viewer.home).trace(uuid.replace("-", ""))
    assert found is not None
    first, second = found.spans
    assert second["parentSpanId"] == first["spanId"]
    named = [trace for trace in StoreReader(viewer.home).traces() if trace.trace_id != uuid.replace("-", "")]
    own = StoreReader(viewer.home).trace(named[0].trace_id)
    assert own is not None
    assert own.header["metadata"]["mutagent.trace_id"] == "my own id"


def test_a_span_without_an_end_is_running_unless_it_says_how_it_went(viewer: Viewer) -> None:
    post(viewer, {"traces": [trace(1, span(1, took=None)), trace(2, span(2, took=None, status="ok", durationMs=40))]})
    viewer.site.follower.catch_up()
    with viewer.site.index() as index:
        found = dict(index.execute("SELECT trace_id, status FROM traces").fetchall())
    assert found == {trace_id(1): "open", trace_id(2): "ok"}


def test_a_store_that_cannot_be_written_is_said_and_nothing_is_lost(viewer: Viewer, tmp_path: Any) -> None:
    (tmp_path / "home").write_text("a file where the directory should be")
    answer = post(viewer, {"traces": [trace(1, span(1))]})
    assert answer.status_code == 503
    assert "can't be written" in answer.json()["message"]


def test_traces_are_listed_page_by_page_and_by_session(viewer: Viewer) -> None:
    viewer.write(*(trace(number, chat(number, at=number), session=f"s-{number % 2}") for number in range(1, 6)))
    first = viewer.client.get("/api/traces/?limit=2").json()
    assert [row["traceId"] for row in first["data"]] == [trace_id(5), trace_id(4)]
    second = viewer.client.get(f"/api/traces/?limit=2&cursor={first['nextCursor']}").json()
    assert [row["traceId"] for row in second["data"]] == [trace_id(3), trace_id(2)]
    third = viewer.client.get(f"/api/traces/?limit=2&cursor={second['nextCursor']}").json()
    assert ([row["traceId"] for row in third["data"]], third["nextCursor"]) == ([trace_id(1)], None)
    found = viewer.client.get("/api/traces?sessionId=s-0").json()["data"]
    assert [row["traceId"] for row in found] == [trace_id(4), trace_id(2)]
    assert viewer.client.get("/api/traces/?limit=many&cursor=nowhere").status_code == 200


def test_a_trace_and_its_spans_read_as_the_service_gives_them(viewer: Viewer) -> None:
    asked = {"messages": [{"role": "user", "content": "hi"}]}
    failed = {"status": "error", "statusMessage": "no", "error": "no"}
    viewer.write(trace(1, span(1, took=300, output={"text": "x"}), chat(2, 1, at=10, input=asked, **failed),
                       session="s", **{"service.name": "shop"}))  # fmt: skip
    listed, one = (
        viewer.client.get("/api/traces/").json()["data"][0],
        viewer.client.get(f"/api/traces/{trace_id(1)}").json(),
    )
    assert listed == one == {
        "traceId": trace_id(1), "serviceName": "shop", "sessionId": "s", "startTime": "2026-01-05T12:00:00.000000Z",
        "endTime": "2026-01-05T12:00:00.300000Z", "spanCount": 2, "resource": {"service.name": "shop"},
    }  # fmt: skip
    root, call = viewer.client.get(f"/api/traces/{trace_id(1)}/spans").json()["data"]
    assert root["attributes"] == {"mutagent.kind": "chain", "mutagent.output": {"text": "x"}}
    assert call == {
        "spanId": f"{2:016x}", "traceId": trace_id(1), "parentSpanId": f"{1:016x}", "name": "span 2", "kind": 3,
        "startTime": "2026-01-05T12:00:00.010000Z", "endTime": "2026-01-05T12:00:00.110000Z",
        "durationNanos": 100_000_000, "statusCode": 2, "statusMessage": "no", "events": [], "links": [],
        "scopeName": "mutagent", "scopeVersion": None,
        "attributes": {
            "mutagent.kind": "llm.chat", "mutagent.cost_usd": 0.01, "gen_ai.usage.input_tokens": 30,
            "gen_ai.usage.output_tokens": 10, "gen_ai.response.model": "gpt-5-mini",
            "gen_ai.input.messages": asked["messages"],
        },
    }  # fmt: skip
    assert viewer.client.get("/api/traces/ffff").status_code == 404
    assert viewer.client.get("/api/traces/ffff/spans").json()["message"]
