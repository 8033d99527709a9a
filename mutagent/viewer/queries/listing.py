"""A page of the list of traces."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from typing import Any

from mutagent.viewer.index.schema import DOCUMENT_BITS
from mutagent.viewer.index.words import query_of
from mutagent.viewer.queries.filters import SORTS, Filters

PAGE = 100
# Up to this many traces with the words, they are looked at each; beyond, the newest are asked whether they have them.
_FEW = 2000
_FIND = f"INSERT OR IGNORE INTO found SELECT rowid >> {DOCUMENT_BITS} FROM documents WHERE documents MATCH ?"
_ID_DIGITS = re.compile(r"[0-9a-fA-F]{6,32}")


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One trace of the list."""

    n: int
    trace_id: str
    start_us: int
    duration_ms: float | None
    name: str
    kind: str
    status: str
    errors: int
    spans: int
    input_tokens: int | None
    output_tokens: int | None
    tokens: int | None
    cost_usd: float | None
    session: str | None
    user: str | None
    service: str | None
    environment: str | None
    run: str | None
    models: list[str]


_COLUMNS = ", ".join(f"t.{field.name}" for field in fields(TraceLine))


@dataclass(frozen=True, slots=True)
class Page:
    """A page of traces, and where the next one goes on ("" where there is none)."""

    traces: list[TraceLine]
    cursor: str


def page_of(connection: sqlite3.Connection, filters: Filters, cursor: str = "", limit: int = PAGE) -> Page:
    """The traces that the filters leave, in their order.

    Args:
        connection: to the index.
        filters: what is wanted.
        cursor: the `cursor` of the page before; "" for the first one.
        limit: how many traces at the most.
    """
    column = SORTS[filters.sort]
    query = _Query(column)
    query.by_time(filters)
    query.by_numbers(filters)
    if filters.q:
        query.by_text(connection, filters.q)
    query.by_facets(connection, filters.facets)
    query.after(cursor)
    found = [line_of(row) for row in connection.execute(query.sql(limit + 1), query.values)]
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(found[:limit], f"{getattr(last, column)!r}:{last.n}" if last else "")


def lines_of(connection: sqlite3.Connection, where: str, values: Iterable[Any]) -> list[TraceLine]:
    """The traces that an SQL condition on `t` picks, in its order."""
    return [line_of(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM traces t {where}", tuple(values))]


def lines_with(connection: sqlite3.Connection, facet: str, value: str, limit: int) -> list[TraceLine]:
    """The newest traces with this value of a facet, newest first."""
    condition = "JOIN facets f ON f.n = t.n WHERE f.facet = ? AND f.value = ? ORDER BY f.start_us DESC LIMIT ?"
    return lines_of(connection, condition, (facet, value, limit))


def line_of(row: sqlite3.Row) -> TraceLine:
    """A row of the index as a line."""
    values: list[Any] = list(row)
    values[-1] = json.loads(values[-1])
    return TraceLine(*values)


class _Query:
    """One SELECT, put together."""

    def __init__(self, column: str) -> None:
        self.values: dict[str, Any] = {}
        self._column = f"t.{column}"
        self._number = "t.n"
        self._from = "traces t"
        self._conditions: list[str] = [f"{self._column} IS NOT NULL"] if column != "start_us" else []

    def sql(self, limit: int) -> str:
        where = f"WHERE {' AND '.join(self._conditions)}" if self._conditions else ""
        return (
            f"SELECT {_COLUMNS} FROM {self._from} {where}"
            f" ORDER BY {self._column} DESC, {self._number} DESC LIMIT {limit}"
        )

    def by_time(self, filters: Filters) -> None:
        first, last = filters.bounds_us(datetime.now(timezone.utc))
        self._limit("t.start_us >=", "first", first)
        self._limit("t.start_us <", "last", last)

    def by_numbers(self, filters: Filters) -> None:
        for name, condition in (
            ("min_ms", "t.duration_ms >="),
            ("max_ms", "t.duration_ms <="),
            ("min_cost", "t.cost_usd >="),
            ("max_cost", "t.cost_usd <="),
        ):
            self._limit(condition, name, filters.number(name))

    def by_text(self, connection: sqlite3.Connection, typed: str) -> None:
        """Words in the text, or the first digits of a trace's id."""
        words = query_of(typed)
        if words is None:
            self._conditions.append("0")
            return
        # A table of the connection's own, which ends with the request: the full text is asked once.
        connection.execute("CREATE TEMP TABLE found (n INTEGER PRIMARY KEY)")
        matches = connection.execute(_FIND, (words,)).rowcount
        if _ID_DIGITS.fullmatch(typed):
            digits = typed.lower()
            connection.execute("INSERT OR IGNORE INTO found SELECT n FROM traces WHERE trace_id BETWEEN ? AND ?",
                               (digits, f"{digits}g"))  # fmt: skip
        # The plus keeps SQLite from going through all of them first.
        self._conditions.append(f"{'' if matches <= _FEW else '+'}t.n IN found")

    def by_facets(self, connection: sqlite3.Connection, facets: list[tuple[str, str]]) -> None:
        """The rarest one leads where the order is the time; the others are asked for each trace."""
        rest = sorted(facets, key=lambda facet: _traces_with(connection, facet))
        for place, (facet, value) in enumerate(rest):
            self.values |= {f"facet{place}": facet, f"value{place}": value}
            match = f"f{place}.facet = :facet{place} AND f{place}.value = :value{place}"
            of_trace = f"f{place}.start_us = t.start_us AND f{place}.n = t.n"
            if place == 0 and self._column == "t.start_us":
                self._from = f"facets f0 CROSS JOIN traces t ON {of_trace}"
                self._column, self._number = "f0.start_us", "f0.n"
                self._conditions.append(match)
            else:
                self._conditions.append(f"EXISTS (SELECT 1 FROM facets f{place} WHERE {match} AND {of_trace})")

    def after(self, cursor: str) -> None:
        """Only what comes after the last trace of the page before."""
        value, _, number = cursor.partition(":")
        try:
            self.values |= {"cursor": float(value) if "." in value else int(value), "number": int(number)}
        except (ValueError, OverflowError):
            return
        if max(abs(self.values["cursor"]), abs(self.values["number"])) < 1 << 62:
            self._conditions.append(f"({self._column}, {self._number}) < (:cursor, :number)")

    def _limit(self, condition: str, name: str, value: float | None) -> None:
        if value is not None:
            self.values[name] = value
            self._conditions.append(f"{condition} :{name}")


def _traces_with(connection: sqlite3.Connection, facet: tuple[str, str]) -> int:
    found = connection.execute("SELECT traces FROM groups WHERE facet = ? AND value = ?", facet).fetchone()
    return found[0] if found else 0
