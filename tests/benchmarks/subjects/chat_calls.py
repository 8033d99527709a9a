"""Real client calls against a server in another process, under the tracer that ``BENCH_TRACER`` names, or none.

``OPENAI_BASE_URL`` and ``ANTHROPIC_BASE_URL`` are where the models are, ``BENCH_ENDPOINT`` is where spans go.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the capital of France?"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": f"look_up_{number}",
            "description": "Look up something of use in a database by its name.",
            "parameters": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "What it is called."},
                    "days": {"type": "integer", "minimum": 1},
                },
                "required": ["name"],
                "additionalProperties": False,
            },
        },
    }
    for number in range(6)
]
TOGETHER = 20


def switch_on() -> Callable[[], object]:
    """Begin tracing; returns what delivers all that has ended."""
    tracer, endpoint = os.environ.get("BENCH_TRACER", ""), os.environ.get("BENCH_ENDPOINT", "")
    if tracer == "mutagent":
        import mutagent.auto
        from mutagent import tracing

        mutagent.auto.instrument()
        tracing.init_tracing(endpoint=endpoint)
        return lambda: tracing.flush(30)
    if tracer == "opentelemetry":
        return _opentelemetry(endpoint)
    return lambda: None


def _opentelemetry(endpoint: str) -> Callable[[], object]:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint + "/v1/traces")))
    trace.set_tracer_provider(provider)
    OpenAIInstrumentor().instrument()
    AnthropicInstrumentor().instrument()
    return provider.force_flush


def timed(call: Callable[[], Any]) -> Callable[[int], list[float]]:
    def case(count: int) -> list[float]:
        taken = []
        for _ in range(count):
            begun = perf_counter()
            call()
            taken.append(perf_counter() - begun)
        return taken

    return case


def main() -> None:
    """Serve the cases."""
    finish = switch_on()
    from anthropic import Anthropic
    from openai import AsyncOpenAI, OpenAI
    from serve import serve

    openai, anthropic = OpenAI(api_key="k"), Anthropic(api_key="k")

    def chat() -> Any:
        return openai.chat.completions.create(model="gpt-4o", messages=ASKED)

    def chat_tools() -> Any:
        return openai.chat.completions.create(model="gpt-4o", messages=ASKED, tools=TOOLS)

    def chat_stream(chunks: int) -> Any:
        stream = openai.chat.completions.create(
            model="gpt-4o", messages=ASKED, stream=True, max_tokens=chunks, stream_options={"include_usage": True}
        )
        return list(stream)

    def message() -> Any:
        return anthropic.messages.create(model="claude", max_tokens=20, messages=ASKED[1:])

    def message_stream() -> Any:
        return list(anthropic.messages.create(model="claude", max_tokens=25, messages=ASKED[1:], stream=True))

    loop = asyncio.new_event_loop()
    client = AsyncOpenAI(api_key="k")

    async def asked(count: int) -> list[float]:
        taken = []
        for _ in range(count):
            begun = perf_counter()
            await client.chat.completions.create(model="gpt-4o", messages=ASKED)
            taken.append(perf_counter() - begun)
        return taken

    async def together(count: int) -> list[float]:
        shares = await asyncio.gather(*(asked(count // TOGETHER) for _ in range(TOGETHER)))
        return [taken for share in shares for taken in share]

    serve({
        "openai": timed(chat),
        "openai tools": timed(chat_tools),
        "openai stream 20": timed(lambda: chat_stream(20)),
        "openai stream 500": timed(lambda: chat_stream(500)),
        "openai async": lambda count: loop.run_until_complete(asked(count)),
        "openai async 20": lambda count: loop.run_until_complete(together(count)),
        "anthropic": timed(message),
        "anthropic stream 20": timed(message_stream),
    }, finish)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
