"""Spans by the OpenTelemetry SDK, as its documentation has them written. ``BENCH_ENDPOINT`` is where OTLP goes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from serve import serve
from work import FIVE, in_threads, repeated, timed

ENDPOINT = os.environ.get("BENCH_ENDPOINT", "")
provider = TracerProvider()
tracer = provider.get_tracer("benchmark")


def switch_on() -> Callable[[], object]:
    """Begin exporting, where there is somewhere to export to; returns what delivers all that has ended."""
    if not ENDPOINT:
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(ENDPOINT + "/v1/traces")))
    return provider.force_flush


def manual() -> None:
    with tracer.start_as_current_span("work", attributes=FIVE):
        pass


def bare_manual() -> None:
    with tracer.start_as_current_span("work"):
        pass


def full_manual() -> None:
    with tracer.start_as_current_span("chat gpt-4o", attributes=FIVE) as span:
        span.set_attribute("gen_ai.input.messages", '[{"role":"user","content":"What is the capital of France?"}]')
        span.set_attribute("gen_ai.output.messages", '[{"role":"assistant","content":"Paris."}]')
        span.set_attribute("gen_ai.response.model", "gpt-4o")
        span.set_attribute("gen_ai.provider.name", "openai")
        span.set_attribute("gen_ai.usage.input_tokens", 14)
        span.set_attribute("gen_ai.usage.output_tokens", 2)


# It records neither arguments nor results.
@tracer.start_as_current_span("answer")
def answer(question: str) -> str:
    return "answer"


@tracer.start_as_current_span("answer_later")
async def answer_later(question: str) -> str:
    return "answer"


@tracer.start_as_current_span("nested")
def nested(question: str, depth: int = 4) -> str:
    return nested(question, depth - 1) if depth else "answer"


async def _awaited(count: int) -> None:
    for _ in range(count):
        await answer_later("question")


if __name__ == "__main__":
    cases: dict[str, Callable[[int], Any]] = {
        "manual": repeated(manual),
        "bare": repeated(bare_manual),
        "full": repeated(full_manual),
        "decorated": repeated(answer, "question"),
        "async": lambda count: asyncio.run(_awaited(count)),
        "nested": lambda count: repeated(nested, "question")(count // 5),
        "timed": timed(manual),
        "threads": in_threads(repeated(manual)),
    }
    serve(cases, switch_on())
