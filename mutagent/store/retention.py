"""Delete the oldest rows, by age and by size, a bounded piece at a time."""

from __future__ import annotations

import math
import sqlite3
import time
from dataclasses import dataclass

_DAY_NS = 86_400_000_000_000
_ROWS_AT_ONCE = 200
_PAGES_AT_ONCE = 128
_OLDEST_ROWS = """\
SELECT seq, written_ns FROM spans
WHERE seq < (SELECT max(seq) FROM spans) ORDER BY seq LIMIT ?"""
# After deletion by size the store is this full, so that the next rows don't each have to delete one.
_TARGET_SHARE = 0.9
# Free pages that wait for reuse; more than this share of the file goes back to the file system.
_FREE_SHARE = 0.1
_FREE_PAGES = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """``max_bytes`` of rows and ``max_age_days`` (0 or less: no limit), and how long one sweep may take."""

    max_bytes: int
    max_age_days: float
    budget_seconds: float = 0.05


def sweep(connection: sqlite3.Connection, limits: Limits, now_ns: int) -> bool:
    """Delete what is too old or too much, oldest first, then give free pages back.

    The newest row always stays: it keeps ``seq`` growing.

    Args:
        connection: in autocommit mode; every piece is a transaction of its own.
        limits: what may stay, and how long this call may take.
        now_ns: the wall clock, in nanoseconds.

    Returns:
        Whether it is finished; False where the time ran out with more to do.

    Raises:
        sqlite3.Error: what SQLite raises; whatever was deleted before stays deleted.
    """
    stop = time.monotonic() + limits.budget_seconds
    oldest_ns = now_ns - int(limits.max_age_days * _DAY_NS) if limits.max_age_days > 0 else 0
    keep_bytes = int(limits.max_bytes * _TARGET_SHARE) if 0 < limits.max_bytes < _used_bytes(connection) else None
    while True:
        surplus = 0 if keep_bytes is None else _surplus_rows(connection, keep_bytes)
        last = _last_of_piece(connection, oldest_ns, surplus)
        if last is None:
            return _shrink(connection, stop)
        connection.execute("DELETE FROM spans WHERE seq <= ?", (last,))
        if time.monotonic() >= stop:
            return False


def _surplus_rows(connection: sqlite3.Connection, keep_bytes: int) -> int:
    """About how many rows are too many, by what a row takes on average; asked anew after every piece."""
    used = _used_bytes(connection)
    first, last = connection.execute("SELECT min(seq), max(seq) FROM spans").fetchone()
    if used <= keep_bytes or first is None:
        return 0
    return math.ceil((used - keep_bytes) / used * int(last - first + 1))


def _last_of_piece(connection: sqlite3.Connection, oldest_ns: int, surplus: int) -> int | None:
    """The highest ``seq`` of the next rows to delete, or None where there is nothing to delete."""
    last = None
    oldest = connection.execute(_OLDEST_ROWS, (_ROWS_AT_ONCE,)).fetchall()
    for index, (seq, written_ns) in enumerate(oldest):
        if index >= surplus and written_ns >= oldest_ns:
            break
        last = seq
    return last


def _used_bytes(connection: sqlite3.Connection) -> int:
    return (_pragma(connection, "page_count") - _pragma(connection, "freelist_count")) * _pragma(
        connection, "page_size"
    )


def _shrink(connection: sqlite3.Connection, stop: float) -> bool:
    free = _pragma(connection, "freelist_count")
    spare = max(_FREE_PAGES, int(_pragma(connection, "page_count") * _FREE_SHARE))
    while free > spare:
        # The pragma frees one page per step of its cursor: fetchall drives it to the end.
        connection.execute(f"PRAGMA incremental_vacuum({min(_PAGES_AT_ONCE, free - spare)})").fetchall()
        if time.monotonic() >= stop:
            return False
        free, before = _pragma(connection, "freelist_count"), free
        if free >= before:
            break
    return True


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
