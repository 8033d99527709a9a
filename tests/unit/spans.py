"""Spans for tests of what comes after the tracer: made by hand, with the ids and times that a test wants."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from mutagent.config import Settings
from mutagent.export.payload import EncodedSpan, Encoder
from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.tracer import Tracer

# 2026-01-02T03:04:05.123456Z
START_NS = 1_767_323_045_123_456_000


def ended_span(number: int = 1, **fields: Any) -> MutagentSpan:
    """A span that took 1.5 ms; ``fields`` are slots to set."""
    span = MutagentSpan()
    given = {
        **dict.fromkeys(MutagentSpan.__slots__[1:]), "trace_number": 7, "span_number": number, "kind": "custom",
        "name": f"span {number}", "attributes": {}, "root_session": fields.get("session"), "sampled": True,
        "recording": True, "start_ns": START_NS, "start_tick": 0, "duration_ns": 1_500_000, "status": "ok",
    }  # fmt: skip
    for name, value in {**given, **fields}.items():
        setattr(span, name, value)
    return span


def encoded(*numbers: int, trace: int = 7, name: str = "span") -> list[EncodedSpan]:
    """Encoded spans with these numbers."""
    encoder = Encoder(Settings(), {})
    return [encoder.encode(ended_span(number, trace_number=trace, name=f"{name} {number}")) for number in numbers]


def wait_until(condition: Any, seconds: float = 20.0) -> bool:
    """Whether the condition came true before the (generous) deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def remote(endpoint: str, home: Path, **settings: Any) -> Settings:
    """Settings that send to ``endpoint``."""
    return Settings(endpoint=endpoint, api_key="mt_secret0key0of0tests", remote=True, home=home, **settings)


def traced(pipeline: Any) -> Tracer:
    """A tracer on top of a pipeline, as the runtime puts it there."""
    tracer = Tracer(pipeline.settings, pipeline)
    pipeline.open_spans = tracer.open_spans
    pipeline.unsampled = lambda: tracer.unsampled
    return tracer


def record(tracer: Tracer, *names: str) -> None:
    """Start and end one root span for each name."""
    for name in names:
        tracer.end(tracer.start("custom", name, None))
