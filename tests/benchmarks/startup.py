"""What starting costs: an interpreter with and without each tracer, in turns.

``python -m tests.benchmarks.startup``
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter

from tests.benchmarks import _measure, _peers
from tests.benchmarks._measure import ROOT, environment, table

BOOTSTRAP = str(ROOT / "mutagent" / "auto" / "bootstrap")
AUTO = {"MUTAGENT_AUTO": "1", "PYTHONPATH": os.pathsep.join((BOOTSTRAP, str(ROOT)))}


@dataclass
class Start:
    """One way of starting; ``base`` is the position of what it is compared with."""

    name: str
    base: int
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)


def starts() -> list[Start]:
    """Every way, its base before it."""
    here, path = sys.executable, {"PYTHONPATH": str(ROOT)}
    other, old = _peers.python_of("opentelemetry"), _peers.python_of("published")
    instrument = os.path.join(os.path.dirname(other), "opentelemetry-instrument")
    quiet = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    return [
        Start("python", 0, [here, "-c", "pass"], path),
        Start("`import mutagent`", 0, [here, "-c", "import mutagent"], path),
        Start("`import mutagent.tracing`", 0, [here, "-c", "import mutagent.tracing"], path),
        Start("auto mode, no LLM library", 0, [here, "-c", "pass"], AUTO),
        Start("`import openai`", 4, [here, "-c", "import openai"], path),
        Start("auto mode, `import openai`", 4, [here, "-c", "import openai"], AUTO),
        Start("python (OpenTelemetry's environment)", 6, [other, "-c", "pass"]),
        Start("`import opentelemetry.sdk.trace`", 6, [other, "-c", "import opentelemetry.sdk.trace"]),
        Start("`opentelemetry-instrument`", 6, [instrument, other, "-c", "pass"], quiet),
        Start("python (0.1.2's environment)", 9, [old, "-c", "pass"]),
        Start("0.1.2: `import mutagent.tracing`", 9, [old, "-c", "import mutagent.tracing"]),
    ]


def _once(start: Start) -> tuple[float, float]:
    """Milliseconds until it has ended, and of CPU."""
    before, begun = getrusage(RUSAGE_CHILDREN), perf_counter()
    subprocess.run(start.command, env=environment(start.variables), check=True, cwd="/")
    wall, after = perf_counter() - begun, getrusage(RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, spent * 1000


def main() -> str:
    """The table."""
    ways = starts()
    taken: list[list[tuple[float, float]]] = [[] for _ in ways]
    for way in ways:
        _once(way)
    for _ in range(2 * _measure.ROUNDS):
        for index, way in enumerate(ways):
            taken[index].append(_once(way))
    rows = [_row(index, ways, taken) for index in range(len(ways))]
    return table("Starting", ["an interpreter", "until it has ended", "more", "CPU more"], rows)


def _row(index: int, ways: list[Start], taken: list[list[tuple[float, float]]]) -> list[str]:
    base = taken[ways[index].base]
    wall = statistics.median(each[0] for each in taken[index])
    more = [statistics.median(one[what] - other[what] for one, other in zip(taken[index], base, strict=True))
            for what in (0, 1)]  # fmt: skip
    added = ["", ""] if ways[index].base == index else [f"**{more[0]:+.1f} ms**", f"{more[1]:+.1f} ms"]
    return [ways[index].name, f"{wall:.0f} ms", *added]


if __name__ == "__main__":
    _measure.run_alone(main)
