"""Spans by ``mutagent.tracing``: this checkout's, or that of the first published module, which has the same names.

``BENCH_ENDPOINT`` is where spans are sent. Without one they end in a bounded deque of the benchmark's, or where the
published module collects them; with ``off`` tracing was never switched on.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from serve import serve
from work import FIVE, in_threads, repeated, timed

from mutagent import tracing
from mutagent.tracing import SpanEndOptions, SpanIO, SpanMessage, SpanMetrics, SpanOptions, end_span, start_span, trace

ENDPOINT = os.environ.get("BENCH_ENDPOINT", "")
# The published module has neither traced generators nor a flush.
OURS = hasattr(tracing, "flush")


def switch_on() -> Callable[[], object]:
    """Begin tracing; returns what delivers all that has ended."""
    if ENDPOINT == "off":
        return lambda: None
    if not OURS:
        tracing.init_tracing(api_key="mt_benchmark", endpoint=ENDPOINT or None, batch_size=1 << 30)
        return _emptied
    if ENDPOINT:
        tracing.init_tracing(endpoint=ENDPOINT)
        return lambda: tracing.flush(30)
    from mutagent.config import resolve
    from mutagent.tracing import runtime
    from mutagent.tracing.tracer import Sink

    class Kept(Sink):
        """Keeps the last thousand spans."""

        def __init__(self) -> None:
            self.ended = deque[Any](maxlen=1000).append

        def flush(self, timeout: float) -> None:
            """Nothing is ever pending."""

    runtime.start(resolve({"endpoint": "http://localhost"}), Kept())
    return lambda: None


def _emptied() -> None:
    # It sends on a running event loop only. What it keeps would make its own garbage collections ever slower.
    from mutagent.tracing import init

    init._batch_collector._buffer.clear()  # type: ignore[attr-defined]


def manual() -> None:
    """A span with five attributes, its option objects included."""
    span = start_span(SpanOptions(kind="tool", name="work", attributes=dict(FIVE)))
    end_span(span, SpanEndOptions(status="ok"))


def bare_manual() -> None:
    """A span with a kind and a name."""
    end_span(start_span(SpanOptions(kind="tool", name="work")))


def full_manual() -> None:
    """A span as a hand-written integration makes it: messages in and out, tokens, attributes."""
    span = start_span(
        SpanOptions(
            kind="llm.chat",
            name="chat gpt-4o",
            input=SpanIO(messages=[SpanMessage(role="user", content="What is the capital of France?")]),
            attributes=dict(FIVE),
        )
    )
    end_span(
        span,
        SpanEndOptions(
            status="ok",
            output=SpanIO(messages=[SpanMessage(role="assistant", content="Paris.")]),
            metrics=SpanMetrics(model="gpt-4o", provider="openai", input_tokens=14, output_tokens=2),
        ),
    )


@trace(kind="tool")
def answer(question: str) -> str:
    return "answer"


@trace(kind="tool")
async def answer_later(question: str) -> str:
    return "answer"


@trace(kind="tool")
def words(question: str) -> Iterator[str]:
    yield from "abcdefghij"


@trace(kind="agent")
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
    if OURS:
        cases["generator"] = repeated(lambda question: list(words(question)), "question")
    serve(cases, switch_on())
