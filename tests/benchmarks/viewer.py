"""What the viewer's pages cost: ``python tests/benchmarks/viewer.py [--traces N] [--home DIR]`` prints a table.

Makes a store of 100,000 traces with fifteen spans each (or takes the one in DIR, and makes it there if there is none),
builds the index, and asks for every page as a browser does, over HTTP on loopback, first once and then ten times.
Fails where a list, search or trace page takes the server more than 150 ms of CPU: what it takes by the clock where the
machine has nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from mutagent.store.reader import StoreReader  # noqa: E402
from mutagent.store.rows import store_path  # noqa: E402
from mutagent.viewer.index import database  # noqa: E402
from mutagent.viewer.index.follower import Follower  # noqa: E402
from mutagent.viewer.index.schema import index_path  # noqa: E402
from tests.viewer.made import SPANS_OF_TRACE, fill  # noqa: E402
from tests.viewer.process import running  # noqa: E402

TIMES = 10
MOST_MS = 150.0
DAYS = 14


def pages(home: Path) -> list[tuple[str, str]]:
    """What is asked for, by what it is."""
    newest = StoreReader(home).traces(2)
    one, other = (found.trace_id for found in newest)
    query = urllib.parse.quote
    return [
        ("list: the newest", "/"),
        ("list: an hour", "/?since=1h"),
        ("list: failing", "/?status=error"),
        ("list: one model, one service, failing", "/?status=error&model=gpt-4.1&service=shop"),
        ("list: one session", f"/?session={query(newest[0].session_id or newest[1].session_id or '')}"),
        ("list: slowest", "/?sort=slowest"),
        ("list: dearest of a model", "/?sort=dearest&model=gpt-4.1"),
        ("list: over nine seconds (few are)", "/?min_ms=9000"),
        ("search: a word in nearly all traces", "/?q=parcel"),
        (
            "search: four words and a phrase",
            f"/?q={query('parcel depot voucher weather ' + chr(34) + 'gift card' + chr(34))}",
        ),
        ("search: a word in none", "/?q=nowhere"),
        ("search: a common word, failing", "/?q=weather&status=error"),
        ("search: the first digits of an id", f"/?q={one[:9]}"),
        ("trace", f"/traces/{one}"),
        ("trace: a span's panel", f"/traces/{one}?part=panel"),
        ("trace: exported", f"/traces/{one}.html"),
        ("run of forty traces on one timeline", f"/runs/{query(newest[0].run_id or '')}"),
        ("sessions", "/sessions"),
        ("overview: a day", "/overview"),
        ("overview: a month", "/overview?range=30d"),
        ("overview: a month's plots", "/overview.json?range=30d"),
        ("compare", f"/compare?a={one}&b={other}"),
        ("api: list", "/api/traces/?limit=50"),
        ("api: spans", f"/api/traces/{one}/spans"),
    ]


def timed(address: str) -> tuple[float, int]:
    """Milliseconds of one request, and the bytes of its answer."""
    begun = time.perf_counter()
    with urllib.request.urlopen(address, timeout=60) as answer:
        size = len(answer.read())
    return (time.perf_counter() - begun) * 1000, size


def cpu_ms(pid: int) -> float:
    """CPU time of a process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def build(home: Path) -> str:
    """Build the index from nothing, and say what that took."""
    database.remove(home)
    begun, used = time.perf_counter(), time.process_time()
    follower = Follower(home)
    follower.catch_up()
    follower.stop()
    wall, cpu = time.perf_counter() - begun, time.process_time() - used
    size = index_path(home).stat().st_size / 1e6
    return f"{wall:,.0f} s ({cpu:,.0f} s of CPU), {follower.progress.rows / wall:,.0f} spans/s, {size:,.0f} MB"


def measure(home: Path) -> bool:
    """Print a line for every page; whether all that matter are quick enough."""
    quick = True
    print(f"\n{'page':<40}{'CPU':>9}{'first':>9}{'median':>9}{'worst':>9}{'size':>9}   ms, KiB")
    with running(home) as viewer:
        timed(f"{viewer.address}/")
        for name, path in pages(home):
            first, size = timed(viewer.address + path)
            before = cpu_ms(viewer.process.pid)
            again = [timed(viewer.address + path)[0] for _ in range(TIMES)]
            median = statistics.median(again)
            used = (cpu_ms(viewer.process.pid) - before) / TIMES or median
            quick = quick and (used <= MOST_MS or not name.startswith(("list", "search", "trace")))
            print(f"{name:<40}{used:>9.0f}{first:>9.1f}{median:>9.1f}{max(again):>9.1f}{size / 1024:>9.0f}")
    return quick


def main() -> int:
    """Make the store, build the index, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--keep-index", action="store_true", help="measure the pages only")
    arguments = parser.parse_args()
    home = arguments.home or Path(tempfile.mkdtemp())
    try:
        if not store_path(home).exists():
            fill(home, arguments.traces, end_ns=time.time_ns(), seconds=DAYS * 86_400)
            print(f"store: {arguments.traces:,} traces, {arguments.traces * SPANS_OF_TRACE:,} spans")
        print(f"store: {store_path(home).stat().st_size / 1e6:,.0f} MB")
        if not arguments.keep_index:
            print(f"index: {build(home)}")
        return 0 if measure(home) else 1
    finally:
        if arguments.home is None:
            shutil.rmtree(home)


if __name__ == "__main__":
    sys.exit(main())
