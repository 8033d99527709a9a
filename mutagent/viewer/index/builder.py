"""Bring the index up to the store, a bounded step at a time.

A step is one transaction, and begins where the last one ended, whoever made it: two viewers over one store share an
index and take turns.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from mutagent.guard import record_failure
from mutagent.store.fields import Span, is_ended, mapping
from mutagent.store.reader import StoredRow, StoreReader
from mutagent.store.trace import Trace
from mutagent.viewer.index import database, entry, facts
from mutagent.viewer.index.aggregates import Groups, Requests
from mutagent.viewer.index.entry import Entry, entry_of
from mutagent.viewer.index.schema import DOCUMENT_BITS
from mutagent.viewer.index.words import text_of

_KNOWN = f"SELECT {facts.COLUMNS} FROM spans WHERE n = ?"
_WRITE_SPAN = f"INSERT OR REPLACE INTO spans ({facts.COLUMNS}) VALUES ({', '.join('?' * 16)})"
_OLD = "SELECT n, last_seq, start_us, errors > 0, spans, ifnull(tokens, 0), ifnull(cost_usd, 0) FROM traces"
_MOST_DOCUMENTS = (1 << DOCUMENT_BITS) - 1


class Step(NamedTuple):
    """What a step did: rows read, the last of them, and the traces that changed."""

    rows: int
    last_seq: int
    trace_ids: list[str]


def step(connection: sqlite3.Connection, reader: StoreReader, limit: int) -> Step:
    """Index up to ``limit`` rows.

    Raises:
        sqlite3.Error: where the index can't be written; nothing of the step is.
        mutagent.store.errors.StoreUnreadable: where the store can't be read.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _step(connection, reader, limit)
        connection.execute("COMMIT")
        return done
    except BaseException:
        connection.rollback()
        raise


def _step(connection: sqlite3.Connection, reader: StoreReader, limit: int) -> Step:
    identity = json.dumps(reader.identity())
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    if meta.get("store") != identity:
        # Another file counts its rows anew.
        database.wipe(connection)
        meta = {}
    last_seq = int(meta.get("last_seq", "0"))
    rows = reader.rows_after(last_seq, limit)
    work = _Work(connection)
    by_trace = sorted(rows, key=attrgetter("trace_id"))
    for trace_id, of_trace in groupby(by_trace, _trace_id):
        _take(connection, work, trace_id, list(of_trace))
    work.finish()
    last_seq = rows[-1].seq if rows else last_seq
    values = (("store", identity), ("last_seq", str(last_seq)))
    connection.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values)
    return Step(len(rows), last_seq, list({row.trace_id for row in rows}))


def _take(connection: sqlite3.Connection, work: _Work, trace_id: str, rows: list[StoredRow]) -> None:
    """One trace that can't be summed up, whatever stands in it, must not keep the others out."""
    connection.execute("SAVEPOINT trace")
    try:
        work.trace(trace_id, rows)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        connection.execute("ROLLBACK TO trace")
        record_failure("viewer index trace", error)
    connection.execute("RELEASE trace")


def _trace_id(row: StoredRow) -> str:
    return row.trace_id


class _Work:
    """What one step gathers."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._groups = Groups()
        self._requests = Requests()
        self._documents: list[tuple[int, str]] = []

    def trace(self, trace_id: str, rows: list[StoredRow]) -> None:
        """Take in the new rows of one trace."""
        old, spans, header, documents = self._known(trace_id)
        n = old.n if old else self._new_number(trace_id)
        written: dict[str, Span] = {}
        for row in rows:
            span = _object(row.body)
            if not span:
                continue
            span["spanId"] = row.span_id
            ended, ended_before = is_ended(span), is_ended(spans.get(row.span_id, {}))
            if ended_before and not ended:
                continue
            if ended and not ended_before:
                # Sent a second time, a span replaces itself and is no second request.
                self._requests.add(span)
            header = _merged(header, _header(row.header), is_root=not span.get("parentSpanId"))
            spans[row.span_id] = written[row.span_id] = span
        self._connection.executemany(_WRITE_SPAN, (facts.row_of(n, span) for span in written.values()))
        if written:
            documents = min(documents + 1, _MOST_DOCUMENTS)
            self._documents.append((n << DOCUMENT_BITS | documents, "\n".join(map(text_of, written.values()))))
        self._write(n, old, entry_of(n, rows[-1].seq, _trace(trace_id, header, spans), rows[0].written_ns))
        self._connection.execute(
            "INSERT OR REPLACE INTO headers (n, documents, header) VALUES (?, ?, ?)", (n, documents, json.dumps(header))
        )

    def finish(self) -> None:
        """Write what is written once a step."""
        self._groups.write(self._connection)
        self._requests.write(self._connection)
        # In order: FTS5 flushes what it has gathered whenever a number is lower than the one before.
        self._documents.sort()
        self._connection.executemany("INSERT INTO documents (rowid, text) VALUES (?, ?)", self._documents)

    def _known(self, trace_id: str) -> tuple[Entry | None, dict[str, Span], dict[str, Any], int]:
        row = self._connection.execute(f"{_OLD} WHERE trace_id = ?", (facts.clean(trace_id),)).fetchone()
        if row is None:
            return None, {}, {}, 0
        n = row[0]
        spans = {span[1]: facts.span_of(span) for span in self._connection.execute(_KNOWN, (n,))}
        documents, header = self._connection.execute(
            "SELECT documents, header FROM headers WHERE n = ?", (n,)
        ).fetchone()
        return old_entry(self._connection, row), spans, json.loads(header), documents

    def _new_number(self, trace_id: str) -> int:
        # A line with nothing in it, so that the number is taken; `_write` fills it in.
        empty = (facts.clean(trace_id), 0, 0, None, "", "", "", 0, 0, *[None] * 9, "[]")
        number = self._connection.execute(entry.UPSERT, empty).lastrowid
        assert number is not None
        return number

    def _write(self, n: int, old: Entry | None, new: Entry) -> None:
        self._connection.execute(entry.UPSERT, new.columns)
        if old is not None:
            self._groups.remove(old)
        self._groups.add(new)
        if old is None or (old.facets, old.start_us) != (new.facets, new.start_us):
            self._connection.execute("DELETE FROM facets WHERE n = ?", (n,))
            self._connection.executemany(
                "INSERT INTO facets (facet, value, start_us, n) VALUES (?, ?, ?, ?)",
                ((*facet, new.start_us, n) for facet in new.facets),
            )


def old_entry(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Entry:
    """A trace as it was last written, for what its sums were."""
    n, _, start_us, failing, spans, tokens, cost_usd = row
    facets = frozenset(connection.execute("SELECT facet, value FROM facets WHERE n = ?", (n,)))
    return Entry(n, start_us, (), facets, failing, spans, tokens, cost_usd)


def _trace(trace_id: str, header: dict[str, Any], spans: dict[str, Span]) -> Trace:
    ordered: Iterable[Span] = sorted(spans.values(), key=lambda span: str(span.get("startTime", "")))
    return Trace(0, trace_id, header, list(ordered))


def _merged(known: dict[str, Any], new: dict[str, Any], *, is_root: bool) -> dict[str, Any]:
    if not known:
        return new
    weaker, stronger = (known, new) if is_root else (new, known)
    metadata = {**mapping(weaker, "metadata"), **mapping(stronger, "metadata")}
    return {**weaker, **stronger, "metadata": metadata}


@lru_cache(maxsize=64)
def _header(json_text: str) -> dict[str, Any]:
    return _object(json_text)


def _object(json_text: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(json_text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
