"""What the local store costs: ``python tests/benchmarks/store.py [traces]`` prints a table.

Rows per second for batches of 100, the first row of a process (opening included), and readers' calls on a store of
100,000 traces of four spans.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from mutagent.store.reader import StoreReader  # noqa: E402
from mutagent.store.writer import StoreWriter  # noqa: E402
from tests.unit.store_rows import EncodedRow, span  # noqa: E402

BATCH = 100
SPANS = 4
HEADER = json.dumps(
    {
        "source": "sdk",
        "sessionId": "s-1",
        "metadata": {"service.name": "agent.py", "mutagent.run_id": "r-1", "sdk": "mutagent/0.5.0"},
    }
).encode()


def rows_of(trace: int, size: int) -> list[EncodedRow]:
    """A root and its children; every body of about ``size`` bytes."""
    # Ids of real traces are random: the index is written all over, not at its end.
    trace_id = f"{(trace * 0x9E3779B97F4A7C15) % (1 << 64):016x}{trace:016x}"
    rows = []
    for number in range(SPANS, 0, -1):
        body = span(
            number, None if number == 1 else 1, kind="llm.chat", model="gpt-4o", tokens={"input": 9, "output": 3}
        )
        body["input"] = {"text": "x" * (size - len(json.dumps(body)))}
        rows.append(EncodedRow(trace_id, body["spanId"], HEADER, json.dumps(body).encode()))
    return rows


def timed(call: Callable[[], object], times: int = 5) -> float:
    """The median time of a call, in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def write_rate(size: int, batches: int = 200) -> tuple[float, float]:
    """Rows per second and microseconds of CPU per row."""
    given = [[row for trace in range(n * 25, n * 25 + 25) for row in rows_of(trace, size)] for n in range(batches)]
    with tempfile.TemporaryDirectory() as home, closing(StoreWriter(Path(home), 2 << 30, 30)) as writer:
        writer.append(given[0])
        begun, used = time.perf_counter(), time.process_time()
        for batch in given[1:]:
            writer.append(batch)
        count = BATCH * (batches - 1)
        return count / (time.perf_counter() - begun), (time.process_time() - used) / count * 1e6


def first_row(home: Path) -> float:
    """Milliseconds for a new writer's first row."""
    row = rows_of(1, 1000)[:1]

    def write() -> None:
        with closing(StoreWriter(home, 2 << 30, 30)) as writer:
            writer.append(row)

    return timed(write, 20)


def import_ms() -> float:
    """Milliseconds that loading the writer (sqlite3 included) adds to an interpreter that has the exporter."""
    base = "import mutagent.export.local"
    return timed(lambda: python(f"{base}, mutagent.store.writer"), 9) - timed(lambda: python(base), 9)


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def fill(home: Path, traces: int) -> None:
    with closing(StoreWriter(home, 0, 0)) as writer:
        for first in range(0, traces, 250):
            writer.append([row for trace in range(first, first + 250) for row in rows_of(trace, 2000)])


def readings(home: Path, traces: int) -> list[tuple[str, str]]:
    reader = StoreReader(home)
    middle = reader.rows_after(SPANS * traces // 2, 1)[0]
    calls: list[tuple[str, Callable[[], object]]] = [
        ("list the newest 20", lambda: reader.traces(20)),
        ("list 20 from the middle", lambda: reader.traces(20, before_seq=middle.seq)),
        ("list 20 of a session (all match)", lambda: reader.traces(20, session_id="s-1")),
        ("list a session that nobody has", lambda: reader.traces(20, session_id="s-none")),
        ("list errors (there are none)", lambda: reader.traces(20, status="error")),
        ("one trace by 12 digits", lambda: reader.trace(middle.trace_id[:12])),
    ]
    found = [(name, f"{timed(call):.1f} ms") for name, call in calls]
    command = [sys.executable, "-m", "mutagent", "traces", "--home", str(home)]
    return [*found, ("`mutagent traces`, whole command", f"{timed(lambda: quiet(command)):.0f} ms")]


def quiet(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure and print."""
    traces = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    table = []
    for size in (500, 2000, 20_000):
        rate, cpu = write_rate(size)
        table.append((f"write batches of {BATCH}, {size:,} bytes a row", f"{rate:,.0f} rows/s, {cpu:.0f} µs CPU a row"))
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        fill(home, traces)
        size = sum(path.stat().st_size for path in home.iterdir())
        table.append(("open, write one row, close", f"{first_row(home):.1f} ms"))
        table.append(("import of the writer", f"{import_ms():.0f} ms"))
        table.append((f"-- a store of {traces:,} traces, {traces * SPANS:,} rows", f"{size / 1e6:,.0f} MB"))
        table.extend(readings(home, traces))
    width = max(len(name) for name, _ in table)
    for name, value in table:
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    main()
