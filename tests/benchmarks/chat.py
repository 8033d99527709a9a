"""What tracing costs a real model call: OpenAI's and Anthropic's own clients against a server in another process.

``python -m tests.benchmarks.chat``
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from typing import Any

from tests.benchmarks import _measure, _peers
from tests.benchmarks._measure import Subject, median, more, percentile, table
from tests.benchmarks._server import serving

# Calls of a block: enough for a tenth of a second, and for the spans of a block to be sent as they are in a program.
CASES = {
    "openai": ("OpenAI", 100),
    "openai tools": ("OpenAI, six tools", 100),
    "openai stream 20": ("OpenAI, stream of 20 chunks", 60),
    "openai stream 500": ("OpenAI, stream of 500 chunks", 6),
    "openai async": ("OpenAI, async", 100),
    "openai async 20": ("OpenAI, async, 20 at once", 100),
    "anthropic": ("Anthropic", 100),
    "anthropic stream 20": ("Anthropic, stream of 20 deltas", 60),
}
# Pairs of calls in turns on one thread; whatever else the machine does is in the slower half of them.
PAIRS = {"openai": 1500, "openai tools": 1500, "openai stream 20": 600, "anthropic": 1500, "anthropic stream 20": 1000}


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
        turns = {
            name: stack.enter_context(peer("chat_turns.py", BENCH_TRACER=name, **at))
            for peer, name in ((_peers.ours, "mutagent"), (_peers.opentelemetry, "opentelemetry"))
        }
        added = {case: [_by_turns(subject, case) for subject in turns.values()] for case in PAIRS}
    return "\n".join((_cpu(taken), _threads(added), _latency(taken)))


def _rounds(subjects: list[Subject], case: str, calls: int) -> list[list[dict[str, Any]]]:
    for subject in subjects:
        subject.run(case, 20)
    return _measure.rounds([(subject, case) for subject in subjects], calls)


def _by_turns(subject: Subject, case: str) -> tuple[float, float]:
    """Microseconds of the thread for a call without the tracer, and how many more with it."""
    subject.run(case, 20)
    calls = subject.run(case, PAIRS[case])["calls"]
    quiet = sorted(zip(calls[::2], calls[1::2], strict=True), key=sum)[: PAIRS[case] // 2]
    bare = statistics.median(plain for plain, _ in quiet)
    return bare * 1e6, statistics.median(traced - plain for plain, traced in quiet) * 1e6


def _threads(added: dict[str, list[tuple[float, float]]]) -> str:
    rows = [
        [CASES[case][0], f"{bare:,.0f} µs", f"**{ours:+.0f} µs** ({ours / bare:.1%})", f"{other:+.0f} µs"]
        for case, ((bare, ours), (_, other)) in added.items()
    ]
    heads = ["CPU of the program's thread, calls without and with tracing in turns", "without", "mutagent",
             "OpenTelemetry"]  # fmt: skip
    return table("A model call: the program's thread", heads, rows)


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
