"""100,000 spans as fast as one thread can make them: the service healthy, down, and hanging.

``python -m tests.benchmarks.flood``
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from time import perf_counter
from typing import Any

from tests.benchmarks import _measure, _peers
from tests.benchmarks._measure import NOTHING, ROOT, SUBJECTS, TIMES, environment, table
from tests.benchmarks._server import serving

SPANS = int(os.environ.get("BENCH_SPANS", "100000"))
ROUNDS = 3
SETTLED = ("accepted", "spooled", "dropped", "pending")


def flooded(tracer: str, endpoint: str, wait: bool) -> dict[str, Any]:
    """One run in a process of its own; ``exit`` is what its end took after its last line, in seconds."""
    python = sys.executable if tracer == "mutagent" else _peers.python_of(tracer)
    with tempfile.TemporaryDirectory() as home:
        variables = {"BENCH_TRACER": tracer, "BENCH_ENDPOINT": endpoint, "BENCH_SPANS": str(SPANS), "BENCH_HOME": home,
                     "BENCH_WAIT": "1" if wait else "0"}  # fmt: skip
        if tracer == "mutagent":
            variables["PYTHONPATH"] = str(ROOT)
        process = subprocess.Popen(
            [python, str(SUBJECTS / "flood.py")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=environment(variables),
        )  # fmt: skip
        assert process.stdout is not None
        found: dict[str, Any] = json.loads(process.stdout.readline())
        ending = perf_counter()
        process.wait()
        return {**found, "exit": perf_counter() - ending}


def _medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main() -> str:
    """The table."""
    with serving() as url:
        pairs = [(flooded("mutagent", url, True), flooded("opentelemetry", url, True)) for _ in range(ROUNDS)]
        rows = [
            _row("healthy", _medians([ours for ours, _ in pairs])),
            _row("healthy, OpenTelemetry with its queue raised", _medians([theirs for _, theirs in pairs])),
            _row("down (503)", _medians([flooded("mutagent", url + "/down", False) for _ in range(ROUNDS)])),
            _row("hanging", _medians([flooded("mutagent", url + "/hang", False) for _ in range(ROUNDS)])),
        ]
    quotient = statistics.median(ours["delivered"] / theirs["delivered"] for ours, theirs in pairs)
    heads = ["the service is", "made in", "delivered in", "CPU a span", "memory over idle", *SETTLED, "exit"]
    return table(f"{SPANS:,} spans by one thread", heads, rows) + (
        f"\nDelivered in {quotient:.2f} {TIMES} OpenTelemetry's time. What is pending where the service does not "
        "answer is counted before the exit, which spools it.\n"
    )


def _row(name: str, run: dict[str, float]) -> list[str]:
    counts = [f"{run[what]:,.0f}" if what in run else NOTHING for what in SETTLED]
    delivered = f"{run['delivered']:.1f} s" if run["accepted"] else NOTHING
    times = [f"{run['made']:.1f} s", delivered, f"{run['cpu'] / SPANS * 1e6:.0f} µs", f"{run['memory']:.0f} MB"]
    return [name, *times, *counts, f"{run['exit']:.1f} s"]


if __name__ == "__main__":
    _measure.run_alone(main)
