"""What is counted: ``python workload.py <case> <count>`` does one thing so many times, on one thread."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from mutagent.config import resolve
from mutagent.export.payload import Encoder
from mutagent.tracing import SpanEndOptions, SpanOptions, end_span, runtime, start_span, trace
from mutagent.tracing.tracer import Sink
from tests.benchmarks import floor

FIVE = {"customer": "c-17", "attempt": 3, "cached": False, "score": 0.87, "region": "eu-west-1"}


# As many as the floor's queue holds.
FULL = 1000


class Kept(Sink):
    """A sink that keeps the last thousand spans."""

    def __init__(self) -> None:
        self.spans: deque[Any] = deque(maxlen=FULL)
        self.ended = self.spans.append


def manual() -> None:
    """By hand, with five attributes."""
    span = start_span(SpanOptions(kind="tool", name="work", attributes=dict(FIVE)))
    end_span(span, SpanEndOptions(status="ok"))


@trace(kind="tool")
def decorated(question: str) -> str:
    """By decorator, with a small argument and result."""
    return "answer"


def main(case: str, count: int) -> None:
    """Do it ``count`` times, after so many that the queue is full: from then on each one also frees one."""
    sink = Kept()
    settings = resolve({"endpoint": "http://localhost"})
    runtime.start(settings, sink)
    decorated("question")
    encoder = Encoder(settings, {"service.name": "callgrind"})
    [span] = sink.spans
    calls: dict[str, Callable[[], object]] = {
        "floor": floor.span,
        "manual": manual,
        "decorated": lambda: decorated("question"),
        "encoded": lambda: encoder.encode(span),
    }
    repeat(calls[case], FULL)
    mark()
    repeat(calls[case], count)
    mark()


def mark() -> None:
    """Where counting begins, and where it ends: a system call that nothing else asks for."""
    os.getsid(0)


def repeat(call: Callable[[], object], count: int) -> None:
    """Call it ``count`` times."""
    for _ in range(count):
        call()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
