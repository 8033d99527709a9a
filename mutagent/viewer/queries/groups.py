"""Lines that stand for many traces: runs, sessions, and the values a filter can take."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_COLUMNS = "value, traces, failing, spans, tokens, cost_usd, first_us, last_us"


@dataclass(frozen=True, slots=True)
class Group:
    """A run, a session, a model, ...: its name and the sums over its traces; times in microseconds since the epoch."""

    value: str
    traces: int
    failing: int
    spans: int
    tokens: int
    cost_usd: float
    first_us: int
    last_us: int


def newest(connection: sqlite3.Connection, facet: str, limit: int, before_us: int | None = None) -> list[Group]:
    """The groups with the newest traces, newest first; ``before_us`` is the ``last_us`` of the page before."""
    query = f"SELECT {_COLUMNS} FROM groups WHERE facet = ? AND last_us < ? ORDER BY last_us DESC LIMIT ?"
    rows = connection.execute(query, (facet, 1 << 62 if before_us is None else before_us, limit))
    return [Group(*row) for row in rows]


def named(connection: sqlite3.Connection, facet: str, values: Iterable[str]) -> dict[str, Group]:
    """The groups of these names, as far as there are any."""
    query = f"SELECT {_COLUMNS} FROM groups WHERE facet = ? AND value = ?"
    rows = (connection.execute(query, (facet, value)).fetchone() for value in values)
    return {row[0]: Group(*row) for row in rows if row is not None}


def choices(connection: sqlite3.Connection, facets: Sequence[str], limit: int) -> dict[str, list[tuple[str, int]]]:
    """For each facet the values that most traces have, with how many do."""
    query = "SELECT value, traces FROM groups WHERE facet = ? ORDER BY traces DESC, value LIMIT ?"
    return {facet: [tuple(row) for row in connection.execute(query, (facet, limit))] for facet in facets}


def count(connection: sqlite3.Connection) -> int:
    """How many traces there are."""
    found: int = connection.execute("SELECT count(*) FROM traces").fetchone()[0]
    return found
