"""A program for mutagent-sdk 0.1.2 that uses every name its tracing module exports. Run under that release and ours.

It prints what the module gives back, without ids and times; the endpoint is its argument.
"""

import asyncio
import sys
from datetime import datetime, timezone

from mutagent.tracing import (
    Document,
    FinishedSpan,
    MutagentSpan,
    SpanEndOptions,
    SpanEvent,
    SpanHandle,
    SpanIO,
    SpanKind,
    SpanMessage,
    SpanMetrics,
    SpanOptions,
    SpanStatus,
    ToolCall,
    TraceHTTPResponse,
    TracePayload,
    TracingConfig,
    end_span,
    get_current_session_id,
    get_current_span,
    get_current_trace_id,
    init_tracing,
    is_tracing_initialized,
    run_in_span_context,
    session,
    shutdown_tracing,
    start_span,
    trace,
    with_trace,
)

ENDPOINT = sys.argv[1]
WHEN = datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)


@trace(kind="tool", name="look-up", attributes={"index": "docs"})
def look_up(query, limit=3):
    return [query] * limit


@trace(kind=SpanKind.AGENT)
async def run_agent(question):
    await asyncio.sleep(0)
    return {"question": question, "found": look_up(question, limit=1)}


class Refused(Exception):
    pass


@trace(kind="guardrail")
def refuse(text):
    raise Refused("not this: " + text)


@trace(kind="guardrail")
async def refuse_later():
    raise Refused("not later")


def fill(handle):
    handle.set_attributes({"step": 1})
    handle.add_event("seen", {"n": 1})
    handle.add_event("bare")
    handle.set_input(SpanIO(text="in"))
    handle.set_output(SpanIO(raw={"out": [1, 2]}))
    handle.set_metrics(SpanMetrics(model="m-1", provider="p-1", input_tokens=7, output_tokens=2))
    return isinstance(handle, SpanHandle) and bool(handle.span_id and handle.trace_id)


async def fill_later(handle):
    await asyncio.sleep(0)
    handle.set_attributes({"async": True})
    return "later"


def fail(handle):
    handle.set_attributes({"before": "failure"})
    raise Refused("inside")


def by_hand():
    with session("talk-1"):
        root = start_span(
            SpanOptions(
                kind=SpanKind.WORKFLOW,
                name="by-hand",
                input=SpanIO(
                    messages=[
                        SpanMessage(role="system", content="be kind"),
                        SpanMessage("user", "hi", name="ann"),
                        SpanMessage(role="tool", content="sunny", tool_call_id="call_1"),
                    ]
                ),
                attributes={"a": 1, "nested": {"b": [True, None, 1.5]}},
            )
        )
        print(root.session_id, get_current_session_id(), root.kind == "workflow", root.name, root.status == "unset")
        print(run_in_span_context(root, get_current_session_id), run_in_span_context(root, get_current_span) is root)
        print(
            run_in_span_context(root, get_current_trace_id) == root.trace_id,
            run_in_span_context(root, lambda: look_up("c")),
        )
    child = start_span(
        SpanOptions(
            kind="llm.chat", name="child", parent_span_id=root.span_id, trace_id=root.trace_id, session_id="talk-2"
        )
    )
    print(
        child.parent_span_id == root.span_id,
        child.trace_id == root.trace_id,
        child.session_id,
        child.id == child.span_id,
    )
    print(
        isinstance(child, MutagentSpan),
        child.started_at.tzinfo is not None,
        child.metrics.model,
        child.attributes,
        child.events,
    )
    end_span(
        child,
        SpanEndOptions(
            status=SpanStatus.OK,
            output=SpanIO(
                text="answer",
                tool_calls=[
                    ToolCall("call_1", "weather", {"city": "Oslo"}),
                    ToolCall("call_2", "mail", {}, result="sent"),
                ],
                documents=[Document("d1"), Document(content="d2", metadata={"k": "v"}, score=0.5)],
            ),
            metrics=SpanMetrics(
                model="m-1", provider="p-1", input_tokens=10, output_tokens=5, total_tokens=15, cost_usd=0.25,
                latency_ms=12.5, ttft_ms=3.5,
            ),
            attributes={"z": "last"},
            events=[SpanEvent("cache.miss", WHEN, {"key": "k"}), SpanEvent(name="bare", timestamp=WHEN)],
        ),
    )  # fmt: skip
    end_span(
        root, SpanEndOptions(status="error", status_message="stopped by hand", metrics=SpanMetrics(input_tokens=3))
    )
    unset = start_span(SpanOptions(kind="edge"))
    end_span(unset)
    print(unset.name == "edge", unset.status == "unset")


def types():
    finished = FinishedSpan(
        span_id="s",
        trace_id="t",
        name="n",
        kind="custom",
        start_time="2024",
        end_time="2025",
        duration_ms=1.0,
        status="ok",
    )
    print(finished.attributes, finished.events, finished.input, finished.session_id, finished.input_tokens)
    config = TracingConfig(api_key="mt_key")
    print(config.endpoint, config.batch_size, config.batch_interval_ms, config.debug, config.source, config.environment)
    print(TracePayload is not None, TraceHTTPResponse is not None)
    print([kind.value for kind in SpanKind], [status.value for status in SpanStatus])
    print(SpanKind.TOOL == "tool", SpanStatus("ok") is SpanStatus.OK, isinstance(SpanKind.TOOL, str))
    print(SpanIO(text="t", messages=[SpanMessage("user", "x")]).to_dict(), SpanIO().to_dict())
    print(SpanMessage("tool", "x", tool_call_id="c").to_dict())


def attempt(call):
    try:
        return call()
    except Refused as error:
        return f"raised {error}"


def main():
    types()
    print(
        is_tracing_initialized(),
        look_up("off", 1),
        get_current_span(),
        get_current_trace_id(),
        get_current_session_id(),
    )
    print(start_span(SpanOptions(kind="chain")), with_trace("chain", lambda handle: handle.span_id), end_span(None))
    init_tracing(config=TracingConfig(api_key="mt_key", endpoint=ENDPOINT, batch_size=1000, environment="first"))
    init_tracing(
        api_key="mt_key", endpoint=ENDPOINT + "/", environment="test", batch_size=1000, batch_interval_ms=600000,
        debug=False, source="manual",
    )  # fmt: skip
    print(is_tracing_initialized())
    print(look_up("a"), attempt(lambda: refuse("a")), attempt(lambda: asyncio.run(refuse_later())))
    with session("talk-0"):
        print(asyncio.run(run_agent("q")))
    by_hand()
    print(with_trace("retrieval", fill, name="filled", input=SpanIO(text="first"), attributes={"given": True}))
    print(asyncio.run(with_trace(kind="rerank", fn=fill_later, name="filled-later")))
    print(attempt(lambda: with_trace("node", fail)))
    asyncio.run(shutdown_tracing())
    print(is_tracing_initialized())


if __name__ == "__main__":
    main()
