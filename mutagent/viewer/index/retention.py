"""Forget the traces whose rows the store has deleted."""

from __future__ import annotations

import sqlite3

from mutagent.store.reader import StoreReader
from mutagent.viewer.index import database
from mutagent.viewer.index.aggregates import WIDTHS, Groups
from mutagent.viewer.index.builder import old_entry

_AT_ONCE = 1000
_GONE = (
    "SELECT n, last_seq, start_us, errors > 0, spans, ifnull(tokens, 0), ifnull(cost_usd, 0) FROM traces"
    " WHERE last_seq < ? LIMIT ?"
)
_TABLES = ("spans", "facets", "headers", "traces")
# Documents can't be deleted without their texts, which are gone: with this many for each trace that is left, the index
# is built anew.
_MOST_WASTE = 3
_LITTLE = 10_000


def sweep(connection: sqlite3.Connection, reader: StoreReader) -> None:
    """Delete what has no row left in the store; where most of the full text leads nowhere, start anew.

    Raises:
        sqlite3.Error: where the index can't be written.
    """
    oldest = reader.oldest_seq() or 0
    while _delete(connection, oldest) == _AT_ONCE:
        pass


def _delete(connection: sqlite3.Connection, oldest_seq: int) -> int:
    connection.execute("BEGIN IMMEDIATE")
    try:
        gone = connection.execute(_GONE, (oldest_seq, _AT_ONCE)).fetchall()
        groups = Groups()
        for row in gone:
            groups.remove(old_entry(connection, row))
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table} WHERE n = ?", (row[0],))
        if gone:
            groups.write(connection)
            _forget_requests(connection)
            _rebuild_when_wasteful(connection)
        connection.execute("COMMIT")
        return len(gone)
    except BaseException:
        connection.rollback()
        raise


def _forget_requests(connection: sqlite3.Connection) -> None:
    oldest = connection.execute("SELECT min(start_us) FROM traces").fetchone()[0]
    for width in WIDTHS:
        slot = (oldest or 0) // 1_000_000 // width
        connection.execute("DELETE FROM requests WHERE width = ? AND slot < ?", (width, slot))


def _rebuild_when_wasteful(connection: sqlite3.Connection) -> None:
    left, newest = connection.execute("SELECT count(*), ifnull(max(n), 0) FROM traces").fetchone()
    if newest > _LITTLE and newest > _MOST_WASTE * (left + 1):
        database.wipe(connection)
