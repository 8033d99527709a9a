"""The floor: what any tracer has to do for a span, and nothing else.

Two ids, two clock reads, one context variable set and restored, one object that knows its name, one append. What a span
costs is told as a multiple of this, measured in the same run.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from random import Random
from time import perf_counter_ns

_bits = Random().getrandbits
_current: ContextVar[Span | None] = ContextVar("floor", default=None)
# As much as a queue holds whose worker keeps up: something is dropped for each that is appended.
_finished: deque[Span] = deque(maxlen=1000)


class Span:
    """One span."""

    __slots__ = ("end_ns", "name", "span_number", "start_ns", "trace_number")

    end_ns: int

    def __init__(self, name: str) -> None:
        self.name = name
        self.trace_number = _bits(128)
        self.span_number = _bits(64)
        self.start_ns = perf_counter_ns()


def span() -> None:
    """One span from its start to its end."""
    made = Span("floor")
    token = _current.set(made)
    _current.reset(token)
    made.end_ns = perf_counter_ns()
    _finished.append(made)


def spans(count: int) -> None:
    """``count`` of them."""
    for _ in range(count):
        span()
