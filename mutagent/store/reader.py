"""Read the store while others write it. Reading never makes a store, and never holds a connection between calls."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mutagent.store import rows
from mutagent.store.connection import Identity, identity_of, open_for_reading
from mutagent.store.errors import AmbiguousPrefix, StoreUnreadable
from mutagent.store.fields import Span
from mutagent.store.summary import TraceSummary, sessions_of, summarise
from mutagent.store.trace import Trace, merge

T = TypeVar("T")

_NO_LIMIT = (1 << 63) - 1
_PAGE = 64
_MATCHES_SHOWN = 3
_PLAIN_WORD = re.compile(r"[\w .:@+-]+", re.ASCII)

# A trace stands in the list where its first row stands: the place never changes while the trace grows. The walk goes
# down from the newest row and asks the index of traces, once a row, for an earlier one; it ends at the limit.
_NEWEST = """\
SELECT s.seq, s.trace_id FROM spans AS s
WHERE s.seq < :before
  AND NOT EXISTS (SELECT 1 FROM spans AS earlier WHERE earlier.trace_id = s.trace_id AND earlier.seq < s.seq){more}
ORDER BY s.seq DESC LIMIT :limit"""
_WITH_ROW = " AND EXISTS (SELECT 1 FROM spans AS r WHERE r.trace_id = s.trace_id AND {condition})"
# What the JSON of a span has for its trace to be of this status: the word, or for "open" a span without it.
_STATUS_WORDS = {"error": "error", "open": "endTime", "interrupted": "interrupted", "abandoned": "abandoned"}
_WITH = "r.body GLOB :status"
_WITHOUT = "r.body NOT GLOB :status"
_OF_TRACE = "SELECT seq, span_id, header, body FROM spans WHERE trace_id = ? ORDER BY seq"
_BY_PREFIX = "SELECT DISTINCT trace_id FROM spans WHERE trace_id >= ? AND trace_id < ? LIMIT ?"
_AFTER = "SELECT seq, trace_id, span_id, written_ns, header, body FROM spans WHERE seq > ? ORDER BY seq LIMIT ?"


class StoredRow(NamedTuple):
    """A row as it was written; ``header`` and ``body`` are JSON text."""

    seq: int
    trace_id: str
    span_id: str
    written_ns: int
    header: str
    body: str


class StoreReader:
    """The store below ``home``, for reading; any number of threads may share one.

    Every method raises :class:`mutagent.store.errors.StoreUnreadable` where the file is there and can't be read.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def traces(
        self,
        limit: int = 50,
        before_seq: int | None = None,
        *,
        run_id: str | None = None,
        session_id: str | None = None,
        status: str | None = None,
    ) -> list[TraceSummary]:
        """The newest traces, newest first.

        Args:
            limit: how many at the most.
            before_seq: the ``seq`` of the last trace of the page before this one.
            run_id: only traces of this process tree.
            session_id: only traces of this session.
            status: only traces with this status; ``error``: those in which any span failed.
        """
        return self._read(
            lambda connection: _summaries(connection, limit, before_seq, _Filter(run_id, session_id, status)), []
        )

    def trace(self, trace_id_or_prefix: str) -> Trace | None:
        """The trace with this id, or the only one whose id starts so, or None.

        Raises:
            AmbiguousPrefix: where several do.
        """
        return self._read(lambda connection: _trace_by_prefix(connection, trace_id_or_prefix.lower()), None)

    def rows_after(self, seq: int, limit: int) -> list[StoredRow]:
        """Up to ``limit`` rows written after row ``seq``, oldest first: how an index of one's own keeps up."""
        return self._read(lambda connection: [StoredRow(*row) for row in connection.execute(_AFTER, (seq, limit))], [])

    def oldest_seq(self) -> int | None:
        """The oldest row that retention has left, or None for an empty store."""
        return self._read(_oldest_seq, None)

    def identity(self) -> Identity | None:
        """Which file the rows come from (device, inode): another one counts ``seq`` anew. None: there is no store."""
        return identity_of(rows.store_path(self.home))

    def _read(self, query: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        try:
            connection = open_for_reading(self.home)
            if connection is None:
                return nothing
            with closing(connection):
                return query(connection)
        except sqlite3.Error as error:
            if "no such table" in str(error):
                # Made a moment ago by a process that has not come to its first row.
                return nothing
            raise StoreUnreadable(f"{rows.store_path(self.home)}: {error}") from error


class _Filter(NamedTuple):
    run_id: str | None
    session_id: str | None
    status: str | None

    def matches(self, trace: Trace, found: TraceSummary) -> bool:
        if self.run_id is not None and found.run_id != self.run_id:
            return False
        if self.session_id is not None and self.session_id not in sessions_of(trace):
            return False
        if self.status == "error":
            return found.errors > 0
        return self.status is None or found.status == self.status


def _summaries(
    connection: sqlite3.Connection, limit: int, before_seq: int | None, wanted: _Filter
) -> list[TraceSummary]:
    found: list[TraceSummary] = []
    for trace_id in _newest_ids(connection, _NO_LIMIT if before_seq is None else before_seq, wanted):
        if len(found) >= limit:
            break
        trace = _load(connection, trace_id)
        summary = summarise(trace)
        if trace.spans and wanted.matches(trace, summary):
            found.append(summary)
    return found


def _newest_ids(connection: sqlite3.Connection, before: int, wanted: _Filter) -> Iterator[str]:
    """Page by page, so that no query stays open while the traces themselves are read."""
    conditions, words = _conditions(wanted)
    query = _NEWEST.format(more=conditions)
    while page := connection.execute(query, {**words, "before": before, "limit": _PAGE}).fetchall():
        for seq, trace_id in page:
            yield trace_id
            before = seq


def _conditions(wanted: _Filter) -> tuple[str, dict[str, str]]:
    """SQL that passes over most of what can't match without parsing it, and the words that some row must have."""
    words: dict[str, str] = {}
    conditions = []
    for name, value, where in (
        ("run", wanted.run_id, "r.header GLOB :run"),
        ("session", wanted.session_id, "(r.header GLOB :session OR r.body GLOB :session)"),
        ("status", _STATUS_WORDS.get(wanted.status or ""), _WITHOUT if wanted.status == "open" else _WITH),
    ):
        # A text that JSON may write in more than one way could be missed.
        if value is not None and _PLAIN_WORD.fullmatch(value):
            # GLOB, not instr(): it takes half the time.
            words[name] = f'*"{value}"*'
            conditions.append(_WITH_ROW.format(condition=where))
    return "".join(conditions), words


def _trace_by_prefix(connection: sqlite3.Connection, prefix: str) -> Trace | None:
    found = [row[0] for row in connection.execute(_BY_PREFIX, (prefix, f"{prefix}~", _MATCHES_SHOWN))]
    if len(found) > 1:
        raise AmbiguousPrefix(prefix, found)
    return _load(connection, found[0]) if found else None


def _load(connection: sqlite3.Connection, trace_id: str) -> Trace:
    written = connection.execute(_OF_TRACE, (trace_id,))
    parsed = ((seq, span_id, _object(header), _object(body)) for seq, span_id, header, body in written)
    return merge(trace_id, (row for row in parsed if row[-1]))


def _oldest_seq(connection: sqlite3.Connection) -> int | None:
    found: int | None = connection.execute("SELECT min(seq) FROM spans").fetchone()[0]
    return found


def _object(json_text: str) -> Span:
    try:
        found: Any = json.loads(json_text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
