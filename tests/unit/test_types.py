"""What users construct: checked when constructed, in the forms of the first published module."""

import pytest

from mutagent.tracing import (
    Document,
    FinishedSpan,
    SpanEndOptions,
    SpanIO,
    SpanKind,
    SpanMessage,
    SpanMetrics,
    SpanOptions,
    SpanStatus,
    ToolCall,
    TracingConfig,
)
from mutagent.tracing.types import SPAN_KINDS, checked_kind


def test_every_kind_is_a_string_and_its_own_member():
    assert SPAN_KINDS == (
        "llm.chat", "llm.completion", "llm.embedding", "chain", "agent", "graph", "node", "edge",
        "workflow", "middleware", "tool", "retrieval", "rerank", "guardrail", "custom",
    )  # fmt: skip
    assert [SpanKind(kind) for kind in SPAN_KINDS] == list(SpanKind)
    assert [SpanKind(kind) == kind for kind in SPAN_KINDS] == [True] * 15


def test_statuses_are_strings():
    assert [status.value for status in SpanStatus] == ["ok", "error", "unset"]
    assert SpanStatus.OK == "ok"


@pytest.mark.parametrize("kind", ["agent", SpanKind.AGENT])
def test_a_kind_is_given_as_string_or_member(kind):
    assert checked_kind(kind) == "agent"
    assert type(checked_kind(kind)) is str


@pytest.mark.parametrize("kind", ["Agent", "", None, 7, ["agent"], "llm"])
def test_an_unknown_kind_is_an_error_that_names_the_known_ones(kind):
    with pytest.raises(ValueError, match=r"unknown span kind .*; one of: llm\.chat, .*custom\."):
        checked_kind(kind)


@pytest.mark.parametrize("kind", ["Agent", None, ["agent"], {}])
def test_span_options_refuse_an_unknown_kind(kind):
    with pytest.raises(ValueError, match="unknown span kind"):
        SpanOptions(kind=kind)


@pytest.mark.parametrize("status", ["OK", "failed", 1, ["ok"]])
def test_span_end_options_refuse_an_unknown_status(status):
    with pytest.raises(ValueError, match=r"unknown span status .*; one of: ok, error, unset"):
        SpanEndOptions(status=status)


def test_options_take_their_arguments_in_the_published_order():
    text = SpanIO(None, None, None, "hello", None)
    options = SpanOptions("chain", "name", text, {"a": 1}, "p" * 16, "s", "t" * 32)
    assert (options.kind, options.name, options.input, options.attributes) == ("chain", "name", text, {"a": 1})
    assert (options.parent_span_id, options.session_id, options.trace_id) == ("p" * 16, "s", "t" * 32)
    metrics = SpanMetrics("m", "p", 1, 2, 3, 0.5, 7.0, 8.0)
    end = SpanEndOptions("ok", "fine", text, metrics, {"b": 2}, [])
    assert (end.status, end.status_message, end.output, end.metrics) == ("ok", "fine", text, metrics)
    assert (end.attributes, end.events) == ({"b": 2}, [])


def test_an_io_object_in_wire_form_has_what_is_set_and_nothing_else():
    call = ToolCall("call_1", "weather", {"city": "Oslo"}, result="sunny")
    message = SpanMessage("tool", "sunny", name="weather", tool_call_id="call_1", tool_calls=[call])
    document = Document("text", metadata={"source": "a"}, score=0.5)
    assert SpanIO().to_dict() == {}
    io = SpanIO(messages=[message, {"role": "user"}], tool_calls=[call], documents=[document], text="t", raw=0)
    assert io.to_dict() == {
        "messages": [
            {
                "role": "tool",
                "content": "sunny",
                "name": "weather",
                "toolCallId": "call_1",
                "toolCalls": [
                    {"id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}, "result": "sunny"},
                ],
            },
            {"role": "user"},
        ],
        "toolCalls": [{"id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}, "result": "sunny"}],
        "documents": [{"content": "text", "metadata": {"source": "a"}, "score": 0.5}],
        "text": "t",
        "raw": 0,
    }


def test_metrics_take_over_only_what_the_other_knows():
    metrics = SpanMetrics(model="a", input_tokens=1)
    metrics.update(SpanMetrics(provider="openai", input_tokens=0, cost_usd=0.0))
    assert metrics == SpanMetrics(model="a", provider="openai", input_tokens=0, cost_usd=0.0)


def test_a_config_object_fills_in_the_defaults_and_hides_its_key():
    config = TracingConfig(api_key="mt_secret")
    assert (config.endpoint, config.batch_size, config.batch_interval_ms, config.debug, config.source) == (
        "https://api.mutagent.io", 10, 5000, False, "sdk",
    )  # fmt: skip
    assert "mt_secret" not in repr(config)


def test_a_finished_span_has_no_shared_defaults():
    facts = ("s", "t", "n", "custom", "2024-01-01T00:00:00+00:00", "2024-01-01T00:00:01+00:00", 1000.0, "ok")
    one, other = FinishedSpan(*facts), FinishedSpan(*facts)
    one.attributes["a"] = 1
    one.events.append({})
    assert (other.attributes, other.events) == ({}, [])
