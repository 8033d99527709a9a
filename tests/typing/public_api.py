"""Not run: what a type checker has to make of the public API. `mypy --strict` reads it, see pyproject.toml."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from typing_extensions import assert_type

import mutagent
from mutagent import auto
from mutagent.export.receipt import Receipt
from mutagent.testing import capture
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
    extract,
    flush,
    get_current_session_id,
    get_current_span,
    get_current_trace_id,
    init_tracing,
    inject,
    is_tracing_initialized,
    run_in_span_context,
    session,
    shutdown_tracing,
    start_span,
    trace,
    with_trace,
)


@trace
def bare(x: int) -> str:
    return str(x)


@trace(kind=SpanKind.AGENT, name="later", attributes={"a": 1})
async def later(x: int) -> str:
    return bare(x)


@trace(kind="tool", capture_input=False)
def steps() -> Iterator[int]:
    yield 1


@trace("tool")
async def async_steps() -> AsyncIterator[int]:
    yield 1


class Agent:
    @trace
    def run(self, question: str) -> int:
        return len(question)


def decorated_functions_keep_their_types() -> None:
    assert_type(bare(1), str)
    assert_type(asyncio.run(later(1)), str)
    assert_type(next(steps()), int)
    assert_type(async_steps(), AsyncIterator[int])
    assert_type(Agent().run("q"), int)
    bare("1")  # type: ignore[arg-type]


def spans_by_hand() -> None:
    span = start_span(SpanOptions(kind=SpanKind.CHAIN, name="n", input=SpanIO(messages=[SpanMessage("user", "hi")])))
    assert_type(span, MutagentSpan | None)
    end_span(
        span,
        SpanEndOptions(
            status=SpanStatus.OK,
            output=SpanIO(text="t", tool_calls=[ToolCall("c", "n", {})], documents=[Document("d")]),
            metrics=SpanMetrics(model="m", input_tokens=1),
            events=[SpanEvent("e")],
        ),
    )
    end_span(span, SpanEndOptions(status="ok"))
    SpanOptions(name="no kind")  # type: ignore[call-arg]
    assert_type(get_current_span(), MutagentSpan | None)
    assert_type(get_current_trace_id(), str | None)
    assert_type(get_current_session_id(), str | None)
    assert_type(run_in_span_context(span, lambda: 7), int)
    assert_type(is_tracing_initialized(), bool)


def handle_takes_everything(handle: SpanHandle) -> str:
    handle.set_attributes({"a": 1})
    handle.add_event("e")
    handle.set_input(SpanIO(text="i"))
    handle.set_output(SpanIO(text="o"))
    handle.set_metrics(SpanMetrics())
    return handle.span_id


def start_and_end() -> None:
    init_tracing(api_key="mt_x", config=TracingConfig(api_key="mt_x"), mask=lambda value, where: value)
    with session("s", user_id="u", tags=["t"], metadata={"m": 1}), extract(inject({})):
        with_trace("chain", handle_takes_everything, name="n")
    assert_type(flush(), Receipt | None)
    assert_type(asyncio.run(shutdown_tracing()), Receipt | None)
    with capture(sample_rate=1.0) as captured:
        assert_type(captured.spans, list[dict[str, Any]])
    auto.instrument("openai")
    mutagent.trace(bare)


def types_of_the_wire(span: FinishedSpan) -> tuple[TracePayload, TraceHTTPResponse]:
    return {"traces": [span.name]}, {"accepted": 1}
