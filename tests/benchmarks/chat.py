"""What tracing costs a real model call: OpenAI's and Anthropic's own clients against a server in another process.

``python -m tests.benchmarks.chat``
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from tests.benchmarks import _measure, _peers
from tests.benchmarks._measure import Subject, median, more, percentile, table
from tests.benchmarks._server import serving

# Calls of a block: enough for a tenth of a second, and for the spans of a block to be sent as they are in a program.
CASES = {
    "openai": ("OpenAI", 100),
    "openai stream 20": ("OpenAI, stream of 20 chunks", 60),
    "openai stream 500": ("OpenAI, stream of 500 chunks", 6),
    "openai async": ("OpenAI, async", 100),
    "openai async 20": ("OpenAI, async, 20 at once", 100),
    "anthropic": ("Anthropic", 100),
    "anthropic stream 20": ("Anthropic, stream of 20 deltas", 60),
}


def main() -> str:
    """The tables."""
    with ExitStack() as stack:
        url = stack.enter_context(serving())
        at = {"OPENAI_BASE_URL": url + "/v1", "ANTHROPIC_BASE_URL": url, "BENCH_ENDPOINT": url}
        subjects = [
            stack.enter_context(peer("chat_calls.py", BENCH_TRACER=tracer, **at))
            for peer, name in ((_peers.ours, "mutagent"), (_peers.opentelemetry, "opentelemetry"))
            for tracer in ("", name)
        ]
        taken = {case: _rounds(subjects, case, calls) for case, (_, calls) in CASES.items()}
    return "\n".join((_cpu(taken), _latency(taken)))


def _rounds(subjects: list[Subject], case: str, calls: int) -> list[list[dict[str, Any]]]:
    for subject in subjects:
        subject.run(case, 20)
    return _measure.rounds([(subject, case) for subject in subjects], calls)


def _cpu(taken: dict[str, list[list[dict[str, Any]]]]) -> str:
    rows = []
    for case, (bare, ours, other_bare, other) in taken.items():
        base, added = median(bare, "cpu"), more(ours, bare)
        cells = [f"{base:,.0f} µs", f"**{added:+.0f} µs** ({added / base:.1%})", f"{more(other, other_bare):+.0f} µs"]
        rows.append([CASES[case][0], *cells])
    heads = ["CPU of the whole process, a call, export included", "without", "mutagent", "OpenTelemetry"]
    return table("A model call: CPU", heads, rows)


def _latency(taken: dict[str, list[list[dict[str, Any]]]]) -> str:
    rows = []
    for case, measured in taken.items():
        cells = [f"{percentile(each, 0.5):,.0f} / {percentile(each, 0.99):,.0f}" for each in measured]
        rows.append([CASES[case][0], *cells])
    heads = ["p50 / p99 of a call, µs", "without", "mutagent", "without (its environment)", "OpenTelemetry"]
    return table("A model call: how long the program waits", heads, rows)


if __name__ == "__main__":
    _measure.run_alone(main)
