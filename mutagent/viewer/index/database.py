"""Open the index: for the one that builds it, or for reading."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from mutagent.viewer.index.schema import INDEX_VERSION, TABLES, index_path

# Another viewer over the same store may be in the middle of a step.
_BUSY_SECONDS = 10.0


def open_for_building(home: Path) -> sqlite3.Connection:
    """A connection that writes; the file is made where it is missing.

    Raises:
        OSError, sqlite3.Error: where it can't be.
    """
    path = index_path(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(home: Path) -> sqlite3.Connection:
    """A connection that can't write; rows read by column name.

    Raises:
        sqlite3.Error: where there is no index yet.
    """
    uri = f"file:{quote(str(index_path(home).absolute()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA mmap_size = 1073741824").fetchone()
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def remove(home: Path) -> None:
    """Delete the index's files: a damaged one is built anew."""
    for ending in ("", "-wal", "-shm"):
        Path(f"{index_path(home)}{ending}").unlink(missing_ok=True)


def wipe(connection: sqlite3.Connection) -> None:
    """Empty the index, within the transaction that is open."""
    # Dropping the full text drops its shadow tables, so what still stands is asked again and again.
    while True:
        found = connection.execute(
            "SELECT name, type FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " ORDER BY name != 'documents' LIMIT 1"
        ).fetchone()
        if found is None:
            break
        connection.execute(f"DROP TABLE {found[0]}")
    _create(connection)


def _prepare(connection: sqlite3.Connection) -> None:
    # Whatever is lost with the power is read from the store again.
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] != INDEX_VERSION:
            wipe(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _create(connection: sqlite3.Connection) -> None:
    # Not executescript: it would commit.
    statement = ""
    for line in TABLES.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.execute(f"PRAGMA user_version = {INDEX_VERSION}")
