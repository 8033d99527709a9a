"""A span on the wire, in both dialects, whatever the program recorded."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutagent.config import Settings
from mutagent.export.encoding import json_bytes, plain
from mutagent.export.payload import Encoder, batch_body, iso, text_dialect, trace_fields_of
from mutagent.tracing.span import Session
from mutagent.tracing.types import Document, SpanEvent, SpanIO, SpanMessage, SpanMetrics, ToolCall
from tests.unit.spans import START_NS, ended_span

TRACE = "00000000000000000000000000000007"


def encode(span, resource=None, cost_usd=None, outcome=None, **settings):
    return Encoder(Settings(**settings), resource or {}).encode(span, cost_usd, outcome)


def body(span, **given):
    return json.loads(encode(span, **given).body)


def llm_span():
    span = ended_span(
        2,
        parent_number=1,
        kind="llm.chat",
        name="chat gpt-4o",
        input=SpanIO(messages=[SpanMessage("user", "hi", tool_call_id="c0")]),
        attributes={"gen_ai.request.temperature": 0.5},
    )
    span.output = SpanIO(
        messages=[SpanMessage("assistant", None, tool_calls=[ToolCall("c1", "find", {"q": "x"})])],
        documents=[Document("text", {"page": 1}, 0.9)],
    )
    span.metrics = SpanMetrics("gpt-4o", "openai", 150, 50, 200, 0.0123, latency_ms=1.5, ttft_ms=250.0)
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=1)))
    span.events.append(SpanEvent("cache.miss", moment, {"key": "k1"}))
    return span


def test_a_model_call_has_every_field_of_the_contract():
    assert body(llm_span()) == {
        "spanId": "0000000000000002",
        "parentSpanId": "0000000000000001",
        "name": "chat gpt-4o",
        "kind": "llm.chat",
        "startTime": "2026-01-02T03:04:05.123456Z",
        "endTime": "2026-01-02T03:04:05.124956Z",
        "durationMs": 1.5,
        "status": "ok",
        "input": {"messages": [{"role": "user", "content": "hi", "toolCallId": "c0"}]},
        "output": {
            "messages": [
                {
                    "role": "assistant",
                    "content": None,
                    "toolCalls": [{"id": "c1", "name": "find", "arguments": {"q": "x"}}],
                }
            ],
            "documents": [{"content": "text", "metadata": {"page": 1}, "score": 0.9}],
        },
        "model": "gpt-4o",
        "provider": "openai",
        "tokens": {"input": 150, "output": 50, "total": 200},
        "costUsd": 0.0123,
        "attributes": {
            "gen_ai.request.temperature": 0.5,
            "mutagent.latency_ms": 1.5,
            "gen_ai.response.time_to_first_chunk": 0.25,
        },
        "events": [{"name": "cache.miss", "timestamp": "2026-01-02T02:04:05.000006Z", "attributes": {"key": "k1"}}],
    }


def test_a_bare_span_has_no_empty_fields():
    assert body(ended_span(1)) == {
        "spanId": "0000000000000001",
        "name": "span 1",
        "kind": "custom",
        "startTime": "2026-01-02T03:04:05.123456Z",
        "endTime": "2026-01-02T03:04:05.124956Z",
        "durationMs": 1.5,
        "status": "ok",
    }


def test_a_failed_span_repeats_its_message_as_error():
    failed = body(ended_span(1, status="error", status_message="no such model"))
    assert (failed["status"], failed["statusMessage"], failed["error"]) == ("error", "no such model", "no such model")


def test_unknown_tokens_and_costs_are_left_out_and_the_total_is_the_sum():
    span = ended_span(1, kind="llm.chat", attributes={"gen_ai.request.model": "m"})
    span.metrics = SpanMetrics(input_tokens=3)
    assert body(span)["tokens"] == {"input": 3}
    assert body(span)["model"] == "m"
    assert "costUsd" not in body(span)
    span.metrics.output_tokens = 4
    assert body(span)["tokens"] == {"input": 3, "output": 4, "total": 7}


def test_a_computed_cost_gives_way_to_the_spans_own():
    span = ended_span(1)
    assert body(span, cost_usd=0.5)["costUsd"] == 0.5
    span.metrics = SpanMetrics(cost_usd=0.25)
    assert body(span, cost_usd=0.5)["costUsd"] == 0.25


def test_the_header_names_process_session_and_environment():
    session = Session("s1", "u1", ("a", "b"), {"plan": "pro"})
    resource = {"service.name": "app", "process.pid": 1}
    header = encode(ended_span(1, session=session), resource, environment="test", source="manual").header
    assert json.loads(header) == {
        "traceId": TRACE,
        "source": "manual",
        "sessionId": "s1",
        "environment": "test",
        "metadata": {"plan": "pro", "user.id": "u1", "tags": ["a", "b"], "service.name": "app", "process.pid": 1},
    }


def test_what_all_spans_of_a_session_say_of_their_traces_is_held_once():
    encoder = Encoder(Settings(), {})
    first, second = (encoder.encode(ended_span(number)) for number in (1, 2))
    assert first.trace_fields is second.trace_fields
    assert json.loads(first.header)["traceId"] == first.trace_id
    assert trace_fields_of(first.header) == first.trace_fields


def test_a_span_in_another_session_than_its_root_carries_it_itself():
    root = Session("s1", "u1")
    span = ended_span(1, session=Session("s2", "u2", ("t",), {"step": 2}), root_session=root)
    assert json.loads(encode(span).header)["sessionId"] == "s1"
    assert body(span)["attributes"] == {"session.id": "s2", "user.id": "u2", "tags": ["t"], "step": 2}
    same = ended_span(1, session=Session("s1", "u1"), root_session=root)
    assert "attributes" not in body(same)


def test_an_open_span_is_encoded_as_far_as_it_has_come():
    span = ended_span(1, duration_ns=None, status="unset")
    running, left = encode(span), encode(span, outcome="interrupted")
    assert (running.ended, left.ended) == (False, True)
    assert "attributes" not in json.loads(running.body)
    assert json.loads(left.body)["attributes"] == {"mutagent.span.outcome": "interrupted"}
    assert json.loads(left.body)["durationMs"] > 0


def test_a_request_groups_spans_by_trace_and_starts_each_with_its_earliest():
    spans = [ended_span(1), ended_span(2, trace_number=8), ended_span(3, start_ns=START_NS - 1_000_000)]
    encoder = Encoder(Settings(), {})
    traces = json.loads(batch_body([encoder.encode(span) for span in spans]))["traces"]
    assert [
        (trace["traceId"][-1], trace["startTime"], [span["name"] for span in trace["spans"]]) for trace in traces
    ] == [
        ("7", "2026-01-02T03:04:05.122456Z", ["span 1", "span 3"]),
        ("8", "2026-01-02T03:04:05.123456Z", ["span 2"]),
    ]


def test_the_text_dialect_has_strings_and_moves_the_rest_into_metadata():
    [trace] = json.loads(text_dialect([encode(llm_span())]))["traces"]
    [span] = trace["spans"]
    assert span["input"] == "hi"
    assert json.loads(span["output"])["documents"] == [{"content": "text", "metadata": {"page": 1}, "score": 0.9}]
    assert sorted(span["metadata"]) == [
        "attributes", "costUsd", "durationMs", "events", "model", "provider", "tokens",
    ]  # fmt: skip
    assert sorted(span.keys() - {"input", "output", "metadata"}) == [
        "endTime", "kind", "name", "parentSpanId", "spanId", "startTime", "status",
    ]  # fmt: skip


def test_plain_text_input_is_that_text_in_the_text_dialect():
    [trace] = json.loads(text_dialect([encode(ended_span(1, input=SpanIO(text="question")))]))["traces"]
    assert trace["spans"][0]["input"] == "question"


class Hostile:
    """Anything that asks this object something fails the test."""

    def __getattribute__(self, name):
        raise AssertionError(f"asked for {name}")

    __repr__ = __str__ = __iter__ = __len__ = __getitem__ = __hash__ = __eq__ = __bool__ = __getattribute__


class HostileDict(dict):
    def items(self):
        raise AssertionError("asked for items")

    __iter__ = keys = values = items


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("\ud800 half", "\ufffd half"),
        ("\ud83d\ude00", "\U0001f600"),
        (float("nan"), None),
        ({"a": [float("inf"), -0.5]}, {"a": [None, -0.5]}),
        (Hostile(), "<tests.unit.test_payload.Hostile>"),
        ({"x": [Hostile()]}, {"x": ["<tests.unit.test_payload.Hostile>"]}),
        (HostileDict(a=1), "<tests.unit.test_payload.HostileDict>"),
        ((i for i in [1]), "<builtins.generator>"),
        ({1: "a", None: "b", "\ud800": "c"}, {"1": "a", "None": "b", "\ufffd": "c"}),
        (datetime(2026, 1, 1), "<datetime.datetime>"),
        (2**100, 2**100),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_has_no_form_for_gets_its_nearest_and_runs_no_code(value, wire):
    span = ended_span(1, attributes={"value": value})
    assert body(span)["attributes"] == {"value": wire}


def test_a_cycle_and_endless_depth_end_somewhere():
    cycle: list = []
    cycle.append(cycle)
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    for value in (cycle, deep):
        assert json_bytes(value).startswith(b"[[[[")
        assert b"nested too deeply" in json_bytes(value)


def test_an_input_that_can_not_be_encoded_is_dropped_and_named():
    broken = body(ended_span(1, input=SpanIO(messages=5), output={"text": "kept"}))
    assert "input" not in broken
    assert broken["output"] == {"text": "kept"}
    assert broken["attributes"] == {"mutagent.dropped_fields": ["input"]}


def test_a_mask_sees_every_recorded_value_and_no_id():
    seen = {}

    def mask(value, where):
        seen[where] = value
        return "x" if where in ("status_message", "tags") else value

    span = llm_span()
    span.session = span.root_session = Session("s1", "u1", ("t",), {"plan": "pro"})
    span.status_message = "secret"
    span.attributes["gen_ai.response.id"] = "chatcmpl-1"
    encoded = encode(span, mask=mask)
    assert sorted(seen) == [
        "attributes.gen_ai.request.temperature", "attributes.gen_ai.response.time_to_first_chunk",
        "attributes.mutagent.latency_ms", "events.cache.miss", "input", "metadata.plan", "output", "status_message",
        "tags", "user.id",
    ]  # fmt: skip
    assert seen["input"] == {"messages": [{"role": "user", "content": "hi", "toolCallId": "c0"}]}
    assert json.loads(encoded.body)["statusMessage"] == "x"
    assert json.loads(encoded.header)["metadata"] == {"plan": "pro", "user.id": "u1", "tags": "x"}


def test_a_mask_that_fails_costs_the_field_and_not_the_span():
    def mask(value, where):
        if where in ("input", "attributes.b", "events.cache.miss", "metadata.plan"):
            raise RuntimeError("mask")
        return value

    span = llm_span()
    span.attributes = {"a": 1, "b": 2}
    span.metrics = None
    span.session = span.root_session = Session("s1", None, (), {"plan": "pro"})
    encoded = encode(span, mask=mask)
    wire = json.loads(encoded.body)
    assert "input" not in wire
    assert wire["output"]
    assert wire["events"] == [{"name": "cache.miss", "timestamp": "2026-01-02T02:04:05.000006Z"}]
    dropped = ["input", "events.cache.miss", "attributes.b"]
    assert wire["attributes"] == {"a": 1, "mutagent.dropped_fields": dropped}
    assert json.loads(encoded.header)["metadata"] == {"mutagent.dropped_fields": ["metadata.plan"]}


def test_what_a_mask_returns_may_be_anything():
    assert body(ended_span(1, input={"text": "t"}), mask=lambda value, where: Hostile())["input"] == (
        "<tests.unit.test_payload.Hostile>"
    )


def test_secrets_are_masked_in_body_and_header():
    key = "sk-proj-1234567890abcdefghijklmn"
    session = Session("s1", None, (f"tag {key}",), {"note": key})
    span = ended_span(1, session=session, input={"text": f"use {key}"}, status_message=f"bad key {key}")
    span.events.append(SpanEvent("e", None, {"detail": key}))
    encoded = encode(span)
    assert key.encode() not in encoded.body + encoded.header
    assert json.loads(encoded.body)["input"] == {"text": "use [masked]"}


def test_times_are_iso_in_utc_to_the_microsecond():
    assert iso(0) == "1970-01-01T00:00:00.000000Z"
    assert iso(START_NS + 999) == "2026-01-02T03:04:05.123456Z"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.characters(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_any_plain_value_becomes_json_that_reads_back_alike(value):
    assert json.loads(json_bytes(value)) == json.loads(json_bytes(plain(value)))
