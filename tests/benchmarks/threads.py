"""Eight threads that make spans at once, and what sending does to the calls that the program waits for.

``python -m tests.benchmarks.threads``
"""

from __future__ import annotations

from contextlib import ExitStack

from tests.benchmarks import _measure, _peers
from tests.benchmarks._measure import median, percentile, table, us
from tests.benchmarks._server import serving


def main() -> str:
    """The tables."""
    with ExitStack() as stack:
        url = stack.enter_context(serving())
        quiet = [stack.enter_context(peer()) for peer in (_peers.ours, _peers.opentelemetry, _peers.published)]
        sending = [stack.enter_context(peer(BENCH_ENDPOINT=url)) for peer in (_peers.ours, _peers.opentelemetry)]
        alone = _measure.rounds([(peer, "manual") for peer in quiet], 8000)
        together = _measure.rounds([(peer, "threads") for peer in quiet], 8000)
        without = _measure.rounds([(peer, "timed") for peer in quiet[:2]], 20_000)
        flushed = _measure.rounds([(peer, "timed") for peer in sending], 20_000)
    names = ("mutagent", "OpenTelemetry", "0.1.2")
    shared = table("Eight threads", ["wall time a span", *names], [
        ["one thread", *(us(median(each)) for each in alone)],
        ["eight threads", *(us(median(each)) for each in together)],
    ])  # fmt: skip
    rows = [
        [meaning, *(f"{percentile(each, 0.5):,.1f} / {percentile(each, 0.99):,.0f} / {percentile(each, 1):,.0f}"
                    for each in taken)]
        for meaning, taken in (("nothing is sent", without), ("a thread encodes and sends all the while", flushed))
    ]  # fmt: skip
    return shared + "\n" + table("Calls beside a flush", ["p50 / p99 / longest of a span, µs", *names[:2]], rows)


if __name__ == "__main__":
    _measure.run_alone(main)
