"""Stores with traces in them, made fast: the same for the same numbers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

from mutagent.export.payload import EncodedSpan, iso, trace_fields_of
from mutagent.store.writer import StoreWriter

SPANS_OF_TRACE = 15
_PATIENCE = 60.0
MODELS = (
    ("gpt-5-mini", "openai"),
    ("claude-sonnet-5", "anthropic"),
    ("gpt-4.1", "openai"),
    ("gemini-3-pro", "gcp.gemini"),
)
SERVICES = ("shop", "support", "search")
WORDS = """\
order parcel return refund boots delivery depot invoice address customer agent answer question help page search size
colour stock price voucher gift card weather meeting report summary table column query index error retry token
model prompt message tool function result document score chunk page title author date place number
""".split()  # noqa: SIM905 - a list of fifty strings is fifty lines


def fill(home: Path, traces: int, *, end_ns: int, seconds: float, seed: int = 7) -> None:
    """Write traces of fifteen spans each, evenly over the given time.

    Args:
        home: directory of the store.
        traces: how many.
        end_ns: when the last one starts, in nanoseconds since the epoch.
        seconds: the time over which they start.
        seed: another one makes other traces.
    """
    writer = StoreWriter(home, 0, 0)
    batch: list[EncodedSpan] = []
    chance = random.Random(seed)
    for number in range(traces):
        start_ns = end_ns - int(seconds * 1e9 * (1 - (number + 1) / traces))
        batch.extend(one_trace(chance, number, start_ns))
        if len(batch) >= 5000:
            writer.append(batch, deadline=monotonic() + _PATIENCE)
            batch.clear()
    writer.append(batch, deadline=monotonic() + _PATIENCE)
    writer.close()


def one_trace(chance: random.Random, number: int, start_ns: int) -> Iterator[EncodedSpan]:
    """An agent's answer: three turns of a model, a tool and a search, in a chain each."""
    trace_id = f"{chance.getrandbits(128):032x}"
    header = json.dumps(_header(trace_id, number)).encode()
    ids = [f"{chance.getrandbits(64):016x}" for _ in range(SPANS_OF_TRACE)]
    at = start_ns
    children = []
    for turn in range((SPANS_OF_TRACE - 1) // 4):
        began = at
        chain, *parts = ids[1 + turn * 4 : 5 + turn * 4]
        for span_id, kind in zip(parts, ("llm.chat", "tool", "retrieval"), strict=True):
            took = int(chance.lognormvariate(5.5 if kind == "llm.chat" else 3, 0.8) * 1e6)
            children.append(_span(chance, span_id, chain, kind, at, took))
            at += took
        children.append(_span(chance, chain, ids[0], "chain", began, at - began))
    last = int(chance.lognormvariate(5, 0.8) * 1e6)
    children += [_span(chance, span_id, ids[0], "llm.chat", at, last) for span_id in ids[13:]]
    root = _span(chance, ids[0], None, "agent", start_ns, at + last - start_ns)
    for span in [*children, root]:
        yield EncodedSpan(trace_id, span["spanId"], start_ns, True, trace_fields_of(header), json.dumps(span).encode())


def _header(trace_id: str, number: int) -> dict[str, Any]:
    metadata = {
        "service.name": SERVICES[number % 3],
        "mutagent.run_id": f"{random.Random(number // 40).getrandbits(128):032x}",
    }
    session = {"sessionId": f"session-{number // 5}"} if number % 3 else {}
    return {"traceId": trace_id, "source": "sdk", **session, "environment": "dev", "metadata": metadata}


def _span(
    chance: random.Random, span_id: str, parent: str | None, kind: str, start_ns: int, took_ns: int
) -> dict[str, Any]:
    failed = chance.random() < 0.01
    span: dict[str, Any] = {"spanId": span_id, "parentSpanId": parent, "name": _name(chance, kind), "kind": kind}
    span |= {"startTime": iso(start_ns), "endTime": iso(start_ns + took_ns), "durationMs": took_ns / 1e6}
    span |= {"status": "error" if failed else "ok"}
    if parent is None:
        del span["parentSpanId"]
    if failed:
        span |= {"statusMessage": "the parcel service did not answer", "error": "the parcel service did not answer"}
    return span | _content(chance, kind)


def _content(chance: random.Random, kind: str) -> dict[str, Any]:
    if kind != "llm.chat":
        return {"input": {"raw": {"query": _text(chance, 6)}}, "output": {"text": _text(chance, 25)}}
    model, provider = MODELS[chance.randrange(len(MODELS))]
    given, made = chance.randrange(50, 4000), chance.randrange(5, 600)
    messages = [
        {"role": "system", "content": "You answer customers of a shop."},
        {"role": "user", "content": _text(chance, 40)},
    ]
    return {
        "input": {"messages": messages},
        "output": {"messages": [{"role": "assistant", "content": _text(chance, 40)}]},
        "model": model,
        "provider": provider,
        "tokens": {"input": given, "output": made, "total": given + made},
        "costUsd": given * 2e-6 + made * 8e-6,
        "attributes": {"gen_ai.request.model": model, "gen_ai.request.temperature": 0.2},
    }


def _name(chance: random.Random, kind: str) -> str:
    names = {
        "llm.chat": ("chat",),
        "tool": ("look_up_order", "search_help"),
        "agent": ("answer_customer", "file_report"),
    }
    return chance.choice(names.get(kind, (kind,)))


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words))
