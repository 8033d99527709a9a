"""``debug=True``: each span's start and end as one line on stdout, on the thread that makes it, without secrets."""

from __future__ import annotations

import sys

from mutagent.capture.masking import masked
from mutagent.guard import Guard
from mutagent.tracing.span import MutagentSpan


def print_start(span: MutagentSpan) -> None:
    """Print that a span started."""
    parent = f" parent={span.parent_span_id}" if span.parent_number is not None else ""
    _print(f"span started  {span.kind} {masked(span.name)!r} span={span.span_id} trace={span.trace_id}{parent}")


def print_end(span: MutagentSpan, messages: bool = True) -> None:
    """Print that a span ended: its status, how long it took and what it used.

    Args:
        span: the span.
        messages: whether to print the words of an error; not where a mask of the user's is to see them first, which
            runs on the worker alone.
    """
    span.read()
    took = f"{(span.duration_ns or 0) / 1e6:.1f} ms"
    metrics = span._metrics
    used = ""
    if metrics is not None and metrics.input_tokens is not None:
        used = f" tokens={metrics.input_tokens}+{metrics.output_tokens or 0}"
    failed = f" error={masked(span.status_message)!r}" if span.status == "error" and messages else ""
    _print(f"span ended    {span.kind} {masked(span.name)!r} span={span.span_id} {span.status} {took}{used}{failed}")


def _print(line: str) -> None:
    with Guard("debug"):
        if sys.stdout is not None:
            sys.stdout.write(f"mutagent: {line}\n")
