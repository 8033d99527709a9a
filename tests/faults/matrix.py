"""Print the fault matrix: what became of every span, whatever happened to its process or to the service.

    python -m tests.faults.matrix [--only WORDS] [--jobs N]

Each row runs real processes against a service on loopback. The exit code is 1 where a cell is not as expected. Rows
whose programs need a server, a task queue or green threads get an environment of their own, made at the first run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])

from tests.environments import Unavailable
from tests.faults.judging import COLUMNS, cells, complaints
from tests.faults.row import Row
from tests.faults.rows import ROWS
from tests.faults.running import Outcome, run_row

# Programs sleep for most of their time: more of them at once than there are cores cost little, and none of them much.
JOBS = 6
# What a busy machine does it does now and then, a fault of ours every time.
_TRIES_ALONE = 2
_NAME_WIDTH = max(len(row.name) for row in ROWS)

Judged = tuple[Outcome, list[str]]


def tried(row: Row) -> Judged:
    """Run a row: its outcome, and what is wrong with it.

    Raises:
        Unavailable: what the row needs is not here and can't be had.
    """
    outcome = run_row(row)
    return outcome, complaints(row, outcome)


def tried_alone(row: Row, busy: bool) -> Judged:
    """Run a row again, with nothing of ours beside it, after it went wrong among others."""
    for _ in range(_TRIES_ALONE):
        outcome, wrong = tried(row)
        if not wrong:
            break
    return outcome, complaints(row, outcome, busy)


def all_tried(rows: Iterable[Row], jobs: int = JOBS, busy: bool = False) -> Iterator[tuple[Row, Judged | Unavailable]]:
    """Run rows, several at once, and again, one by one, those that went wrong so; each as soon as it is settled.

    Args:
        rows: what to run.
        jobs: how many at once.
        busy: whether the machine has other things to do: :func:`tests.faults.judging.complaints`.
    """
    again: list[Row] = []
    with ThreadPoolExecutor(jobs) as pool:
        for row, future in [(row, pool.submit(tried, row)) for row in rows]:
            settled = _settled(future)
            if isinstance(settled, Unavailable) or not settled[1]:
                yield row, settled
            else:
                again.append(row)
    for row in again:
        yield row, tried_alone(row, busy)


def _settled(future: Future[Judged]) -> Judged | Unavailable:
    try:
        return future.result()
    except Unavailable as error:
        return error


def main(arguments: list[str] | None = None) -> int:
    """Run the rows, print a line for each, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORDS", default="", help="rows whose name has these words in it")
    parser.add_argument("--jobs", metavar="N", type=int, default=JOBS, help=f"rows at once ({JOBS})")
    given = parser.parse_args(arguments)
    rows = [row for row in ROWS if given.only in row.name]
    print(f"Python {sys.version.split()[0]}, {len(rows)} rows")
    _print_line("", *COLUMNS)
    failed = sum(_show(row, judged) for row, judged in all_tried(rows, given.jobs))
    print(f"{failed} of {len(rows)} rows are not as expected." if failed else "All as expected.")
    return 1 if failed or not rows else 0


def _show(row: Row, judged: Judged | Unavailable) -> bool:
    if isinstance(judged, Unavailable):
        print(f"{row.name:<{_NAME_WIDTH}}  NOT RUN, needs {', '.join(row.needs)}: {judged}", flush=True)
        return True
    outcome, wrong = judged
    _print_line(row.name, *cells(row, outcome))
    for complaint in wrong:
        print(f"    UNEXPECTED {complaint}", flush=True)
    return bool(wrong)


def _print_line(name: str, *columns: str) -> None:
    print(f"{name:<{_NAME_WIDTH}}  " + "  ".join(f"{column:>10}" for column in columns), flush=True)


if __name__ == "__main__":
    sys.exit(main())
