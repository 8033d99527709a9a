"""Run calls of OpenAI's client beside other tracers; print what they gave, and how many of them each one saw.

    python tests/faults/beside.py URL TOOL[+TOOL…] ours-above|ours-below|without-ours ours-first|theirs-first

Runs in an environment that has the other tracers. Not all of them can be taken off again.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])

import openai

from mutagent.auto import hooks
from mutagent.testing import capture

_HI: Any = [{"role": "user", "content": "Hi"}]


class Tool(NamedTuple):
    """Another tracer that is at work: how many calls it has seen so far, and how it is taken off again."""

    seen: Callable[[], int]
    take_off: Callable[[], object] | None


def opentelemetry() -> Tool:
    """OpenTelemetry's own instrumentation, with a provider that is not the global one."""
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider, instrumentor = InMemorySpanExporter(), TracerProvider(), OpenAIInstrumentor()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor.instrument(tracer_provider=provider)
    return Tool(lambda: len(exporter.get_finished_spans()), instrumentor.uninstrument)


def sentry() -> Tool:
    """Sentry's integration, which can't be taken off."""
    import sentry_sdk
    from sentry_sdk.integrations.openai import OpenAIIntegration

    spans: list[Any] = []

    def before_send(event: Any, hint: Any) -> None:
        spans.extend(span for span in event.get("spans", ()) if span["op"].startswith("gen_ai"))

    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1", traces_sample_rate=1.0, default_integrations=False,
        auto_enabling_integrations=False, integrations=[OpenAIIntegration()], before_send_transaction=before_send,
    )  # fmt: skip

    def seen() -> int:
        _transaction.__exit__(None, None, None)
        _begin()
        return len(spans)

    def _begin() -> None:
        nonlocal _transaction
        _transaction = sentry_sdk.start_transaction(name="program")
        _transaction.__enter__()

    _transaction: Any = None
    _begin()
    return Tool(seen, None)


def langfuse() -> Tool:
    """Langfuse's drop-in, which patches the same classes when it is imported, and can't be taken off."""
    from langfuse import Langfuse
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    client = Langfuse(public_key="pk", secret_key="sk", base_url="http://127.0.0.1:9", span_exporter=exporter)
    import langfuse.openai  # noqa: F401

    def seen() -> int:
        client.flush()
        return len(exporter.get_finished_spans())

    return Tool(seen, None)


def ddtrace() -> Tool:
    """Datadog's integration."""
    from ddtrace.contrib.internal.openai.patch import patch, unpatch
    from ddtrace.trace import TraceFilter, tracer

    spans: list[Any] = []

    class Keeping(TraceFilter):
        def process_trace(self, trace: Any) -> None:
            spans.extend(span for span in trace if span.name.startswith("openai."))

    tracer.configure(trace_processors=[Keeping()])
    patch()
    return Tool(lambda: len(spans), unpatch)


TOOLS = {tool.__name__: tool for tool in (opentelemetry, sentry, langfuse, ddtrace)}


def calls(url: str) -> list[str]:
    """Three calls: sync, streamed and async; what they gave."""
    client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
    whole = client.chat.completions.create(model="m", messages=_HI)
    with client.chat.completions.create(model="m", messages=_HI, stream=True) as stream:
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]

    async def later() -> Any:
        async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as asynchronous:
            return await asynchronous.chat.completions.create(model="m", messages=_HI)

    answers = [whole, asyncio.run(later())]
    return [str(answer.choices[0].message.content) for answer in answers] + ["".join(pieces)]


def main(url: str, names: str, order: str, first: str) -> None:
    """All on, then ours or theirs off, then both."""
    original = vars(openai.resources.chat.completions.Completions)["create"]
    with capture() as captured:
        if order == "ours-below":
            hooks.install()
        tools = [TOOLS[name]() for name in names.split("+")]
        if order == "ours-above":
            hooks.install()

        def counts() -> list[int]:
            return [len(captured.spans), *(tool.seen() for tool in tools)]

        def phase() -> list[Any]:
            before = counts()
            answers = calls(url)
            return [answers, *(now - then for now, then in zip(counts(), before, strict=True))]

        report = [phase()]
        steps = [hooks.uninstall, *(tool.take_off for tool in tools if tool.take_off is not None)]
        for step in steps if first == "ours-first" else reversed(steps):
            step()
            report.append(phase())
    left = vars(openai.resources.chat.completions.Completions)["create"]
    print(json.dumps({"report": report, "restored": left is original}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
