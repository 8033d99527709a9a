"""Spans by hand: started and ended in any order, in any place, or never."""

import asyncio
import contextvars
import gc
import threading
import uuid
from datetime import datetime, timezone

import pytest

from mutagent import guard
from mutagent.testing import capture
from mutagent.tracing import (
    Document,
    SpanEndOptions,
    SpanEvent,
    SpanIO,
    SpanKind,
    SpanMessage,
    SpanMetrics,
    SpanOptions,
    SpanStatus,
    ToolCall,
    end_span,
    get_current_session_id,
    get_current_span,
    get_current_trace_id,
    run_in_span_context,
    session,
    start_span,
    trace,
)

PARENT = "b7ad6b7169203331"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def begin(name, **options):
    return start_span(SpanOptions(kind="chain", name=name, **options))


def test_everything_that_can_be_said_about_a_span_is_on_the_wire(captured):
    with session("talk", user_id="ann"):
        span = start_span(
            SpanOptions(
                kind=SpanKind.LLM_CHAT,
                name="ask",
                input=SpanIO(messages=[SpanMessage(role="user", content="hi")]),
                attributes={"a": 1},
            )
        )
        end_span(
            span,
            SpanEndOptions(
                status=SpanStatus.OK,
                output=SpanIO(
                    text="hello",
                    tool_calls=[ToolCall("c1", "weather", {"city": "Oslo"})],
                    documents=[Document("d", score=0.5)],
                ),
                metrics=SpanMetrics("gpt-4o", "openai", 10, 5, 15, 0.25),
                attributes={"b": [1, 2]},
                events=[SpanEvent("cache.miss", datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc), {"k": "v"})],
            ),
        )
    (wire,) = captured.spans
    assert wire.pop("durationMs") >= 0
    assert [type(wire.pop(name)) for name in ("startTime", "endTime")] == [str, str]
    assert wire == {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": "ask",
        "kind": "llm.chat",
        "status": "ok",
        "input": {"messages": [{"role": "user", "content": "hi"}]},
        "output": {
            "toolCalls": [{"id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}],
            "documents": [{"content": "d", "score": 0.5}],
            "text": "hello",
        },
        "model": "gpt-4o",
        "provider": "openai",
        "tokens": {"input": 10, "output": 5, "total": 15},
        "costUsd": 0.25,
        "attributes": {"a": 1, "b": [1, 2]},
        "events": [{"name": "cache.miss", "timestamp": "2024-01-02T03:04:05.000006Z", "attributes": {"k": "v"}}],
    }
    assert captured.traces[span.trace_id]["sessionId"] == "talk"


def test_a_span_without_a_name_is_called_by_its_kind(captured):
    end_span(start_span(SpanOptions(kind=SpanKind.AGENT)))
    assert (captured.spans[0]["name"], captured.spans[0]["kind"]) == ("agent", "agent")


def test_a_span_can_be_read(captured):
    with session("talk"):
        span = begin("readable")
    assert (span.id, len(span.span_id), len(span.trace_id), span.parent_span_id) == (span.span_id, 16, 32, None)
    assert (span.kind, span.name, span.status, span.session_id, span.ended) == (
        "chain",
        "readable",
        "unset",
        "talk",
        False,
    )
    assert span.started_at.tzinfo is timezone.utc
    assert (span.metrics, span.attributes, span.events, span.output) == (SpanMetrics(), {}, [], None)
    assert repr(span) == f"<span chain 'readable' {span.span_id} open>"
    end_span(span)
    assert span.ended


def test_work_between_start_and_end_belongs_to_the_span(captured):
    @trace
    def helper():
        pass

    outer = begin("outer")
    helper()
    inner = begin("inner")
    helper()
    end_span(inner)
    end_span(outer)
    helper()
    assert captured.tree() == [["outer", [["helper", []], ["inner", [["helper", []]]]]], ["helper", []]]


def test_start_and_end_of_a_span_by_hand_do_not_outlive_the_decorated_call_around_them(captured):
    @trace
    def leaky():
        return begin("never ended here")

    span = leaky()
    assert get_current_span() is None
    end_span(span)
    assert captured.tree() == [["leaky", [["never ended here", []]]]]


# -- ends of every kind


def test_a_status_that_nobody_gave_stays_unset(captured):
    end_span(begin("a"))
    assert captured.spans[0]["status"] == "unset"


def test_ending_twice_counts_once(captured):
    span = begin("once")
    end_span(span, SpanEndOptions(status="ok"))
    end_span(span, SpanEndOptions(status="error", attributes={"late": True}))
    assert [(item["status"], item.get("attributes")) for item in captured.spans] == [("ok", None)]


def test_ending_none_is_harmless(captured):
    end_span(None)
    end_span(None, SpanEndOptions(status="ok"))


def test_out_of_order_ends_leave_nothing_current(captured):
    def program():
        first, second = begin("first"), begin("second")
        end_span(first)
        assert get_current_span() is second
        third = begin("third")
        end_span(second)
        end_span(third)
        return get_current_span()

    assert contextvars.Context().run(program) is None
    assert captured.tree() == [["first", [["second", [["third", []]]]]]]


def test_ending_in_another_context_ends_it_in_all(captured):
    span = begin("elsewhere")
    contextvars.copy_context().run(end_span, span)
    assert get_current_span() is None
    begin_after = begin("after")
    end_span(begin_after)
    assert captured.tree() == [["elsewhere", []], ["after", []]]


def test_ending_in_another_thread(captured):
    span = begin("threaded")
    thread = threading.Thread(target=end_span, args=(span, SpanEndOptions(status="ok")))
    thread.start()
    thread.join()
    assert (captured.spans[0]["status"], get_current_span()) == ("ok", None)


def test_ending_in_another_task(captured):
    async def main():
        span = begin("task")
        await asyncio.create_task(finish(span))
        return get_current_span()

    async def finish(span):
        end_span(span)

    assert asyncio.run(main()) is None
    assert [span["name"] for span in captured.spans] == ["task"]


def test_a_span_dropped_without_an_end_is_abandoned_with_what_it_had(captured):
    dropped = begin("dropped", input=SpanIO(text="in"))
    dropped.attributes["step"] = 1
    del dropped
    gc.collect()
    (span,) = captured.spans
    assert (span["status"], span["input"], span["attributes"]) == (
        "unset",
        {"text": "in"},
        {"step": 1, "mutagent.span.outcome": "abandoned"},
    )


def test_an_exception_between_start_and_end_leaves_nothing_current(captured):
    def work():
        span = begin("broken")
        raise KeyError(span.name)

    def program():
        try:
            work()
        except KeyError:
            pass
        gc.collect()
        return get_current_span()

    assert contextvars.Context().run(program) is None
    assert captured.named("broken")["attributes"] == {"mutagent.span.outcome": "abandoned"}


def test_a_span_as_context_manager_ends_ok_or_with_the_exception(captured):
    with begin("fine"):
        pass
    with pytest.raises(KeyError), begin("failing"):
        raise KeyError("x")
    with begin("told") as span:
        end_span(span, SpanEndOptions(status="error", status_message="by hand"))
    assert [(item["name"], item["status"], item.get("statusMessage")) for item in captured.spans] == [
        ("fine", "ok", None),
        ("failing", "error", "'x'"),
        ("told", "error", "by hand"),
    ]
    assert get_current_span() is None


def test_a_closed_generator_has_not_failed(captured):
    def steps():
        with begin("inside"):
            yield

    generator = steps()
    next(generator)
    generator.close()
    assert captured.spans[0]["status"] == "ok"


# -- explicit parents, traces and sessions


def test_an_explicit_parent_that_is_open_is_the_parent(captured):
    parent = begin("parent")
    begin_elsewhere = contextvars.Context().run(begin, "child", parent_span_id=parent.span_id)
    end_span(begin_elsewhere)
    end_span(parent)
    assert captured.tree() == [["parent", [["child", []]]]]


def test_an_unknown_parent_is_kept_by_its_id(captured):
    end_span(begin("child", parent_span_id=PARENT, trace_id=TRACE))
    assert (captured.spans[0]["traceId"], captured.spans[0]["parentSpanId"]) == (TRACE, PARENT)


def test_a_uuid_as_trace_id_becomes_its_hex_digits(captured):
    end_span(begin("span", trace_id=str(uuid.UUID(TRACE))))
    assert captured.spans[0]["traceId"] == TRACE
    assert "attributes" not in captured.spans[0]


def test_another_string_as_trace_id_is_hashed_and_kept(captured):
    end_span(begin("one", trace_id="request-17"))
    end_span(begin("two", trace_id="request-17", parent_span_id="step-1"))
    one, two = captured.spans
    assert one["traceId"] == two["traceId"]
    assert (one["attributes"], two["attributes"]) == (
        {"mutagent.trace_id": "request-17"},
        {"mutagent.trace_id": "request-17", "mutagent.parent_span_id": "step-1"},
    )


def test_a_new_trace_is_no_child_of_the_span_around_it(captured):
    with begin("around"), begin("other", trace_id=TRACE):
        pass
    assert captured.tree() == [["around", []], ["other", []]] or captured.tree() == [["other", []], ["around", []]]


def test_the_trace_of_the_span_around_it_makes_a_child(captured):
    with begin("around") as around, begin("inner", trace_id=around.trace_id):
        pass
    assert captured.tree() == [["around", [["inner", []]]]]


def test_a_session_given_with_the_options_wins_and_keeps_the_user(captured):
    with session("outer", user_id="ann", tags=["t"]):
        span = begin("own session", session_id="inner")
        assert (span.session_id, get_current_session_id()) == ("inner", "outer")
        end_span(span)
    header = captured.traces[span.trace_id]
    assert (header["sessionId"], header["metadata"]["user.id"]) == ("inner", "ann")


# -- what is recorded, and what a bad value costs


def test_inputs_are_recorded_as_they_were_at_the_start(captured):
    messages = [{"role": "user", "content": "hi"}]
    span = begin("chat", input=SpanIO(messages=messages))
    messages.append({"role": "assistant"})
    end_span(span)
    assert captured.spans[0]["input"] == {"messages": [{"role": "user", "content": "hi"}]}


def test_a_plain_value_as_input_is_taken_as_raw(captured):
    span = begin("plain", input={"question": "?"})
    end_span(span, SpanEndOptions(output=["answer"]))
    assert (captured.spans[0]["input"], captured.spans[0]["output"]) == (
        {"raw": {"question": "?"}},
        {"raw": ["answer"]},
    )


def test_contents_are_left_out_by_setting():
    with capture(capture_inputs=False, capture_outputs=False) as captured:
        end_span(begin("quiet", input=SpanIO(text="in")), SpanEndOptions(status="ok", output=SpanIO(text="out")))
    assert {"input", "output"} & captured.spans[0].keys() == set()


def test_output_set_on_the_span_itself_is_sent(captured):
    span = begin("by attribute")
    span.output = SpanIO(text="out")
    span.metrics.model = "m"
    span.attributes["k"] = "v"
    span.add_event("happened", {"n": 1})
    end_span(span, SpanEndOptions(metrics=SpanMetrics(provider="p")))
    wire = captured.spans[0]
    assert (wire["output"], wire["model"], wire["provider"], wire["attributes"]) == (
        {"text": "out"},
        "m",
        "p",
        {"k": "v"},
    )
    assert [(event["name"], event["attributes"]) for event in wire["events"]] == [("happened", {"n": 1})]


@pytest.mark.parametrize("options", [None, "chain", 7])
def test_options_of_the_wrong_type_cost_the_span_and_nothing_else(options):
    guard.forget()
    with capture() as captured:
        span = start_span(options)
        end_span(span)
    assert (span, captured.spans, list(guard.failures)) == (None, [], ["start_span"])
    guard.forget()


def test_end_options_of_the_wrong_type_still_end_the_span():
    guard.forget()
    with capture() as captured:
        end_span(begin("ended"), "ok")
    assert ([span["name"] for span in captured.spans], list(guard.failures)) == (["ended"], ["end_span"])
    guard.forget()


# -- off


def test_without_tracing_there_is_no_span_and_nothing_fails(undecided):
    span = begin("off")
    assert span is None
    end_span(span, SpanEndOptions(status="ok"))
    assert (get_current_span(), get_current_trace_id()) == (None, None)
    assert run_in_span_context(span, lambda: 7) == 7


def test_a_span_that_outlives_its_tracer_ends_without_a_word(captured):
    with capture() as short:
        span = begin("outlived")
    end_span(span, SpanEndOptions(status="ok"))
    assert span.ended
    assert short.open_spans() == []
