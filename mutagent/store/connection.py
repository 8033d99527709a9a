"""Open the store's file: for writing, which makes it where there is none, or for reading, which never does."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from mutagent.store import rows
from mutagent.store.errors import is_busy

# Long enough for a neighbour's commit and checkpoint, short enough for a worker that has other exporters to serve.
BUSY_SECONDS = 1.0
_READ_BUSY_SECONDS = 5.0
_RETRY_SECONDS = 0.01
_WAL_BYTES_KEPT = 8 << 20

Identity = tuple[int, int]


class Connection(sqlite3.Connection):
    """A connection that ends only by ``close()``.

    A forked child inherits its parent's connection and must neither use nor close it
    (https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_). From Python 3.13 an
    unclosed one warns and closes itself in its finalizer, which this one replaces.
    """

    def __del__(self) -> None:
        """Leave the file to its owner."""


def identity_of(path: Path) -> Identity | None:
    """Which file stands at the path now (device and inode), or None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_for_writing(home: Path, deadline: float) -> Connection:
    """A connection to the store below ``home``, which is made where it is missing.

    Args:
        home: directory of the store; made with mode 0700.
        deadline: ``time.monotonic()`` seconds until which a busy file is waited for.

    Raises:
        OSError: where directory or file can't be made.
        sqlite3.Error: where the file can't be opened or is no database.
    """
    path = rows.store_path(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _create_private(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=Connection
    )
    try:
        _prepare_patiently(connection, deadline)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(home: Path) -> sqlite3.Connection | None:
    """A read-only connection, or None where nothing has been recorded yet.

    Raises:
        sqlite3.Error: where the file can't be opened.
    """
    path = rows.store_path(home)
    if not path.exists():
        return None
    try:
        return _readable(path, "mode=ro")
    except sqlite3.OperationalError:
        # In a directory that we may not write, SQLite can't make the WAL's index. Nobody can be writing through one
        # that is not there, so the file may be read as it is (https://www.sqlite.org/wal.html#read_only_databases).
        if os.access(home, os.W_OK):
            raise
        return _readable(path, "mode=ro&immutable=1")


def _readable(path: Path, parameters: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{parameters}"
    connection = sqlite3.connect(uri, uri=True, timeout=_READ_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _create_private(path: Path) -> None:
    # SQLite would make the file with mode 0644, and gives its -wal and -shm files the mode that this one has. Only a
    # file that was not there is opened: closing another descriptor of a database in use drops this process's locks.
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass


def _prepare_patiently(connection: Connection, deadline: float) -> None:
    # Switching to WAL takes an exclusive lock without calling the busy handler, so processes that start together meet.
    while True:
        try:
            return _prepare(connection)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_SECONDS)


def _prepare(connection: Connection) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'spans_of_trace'").fetchone() is None:
        _create(connection)
    # With WAL, NORMAL loses at most the last commits on power failure and never the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}").fetchone()


def _create(connection: Connection) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(rows.CREATE_TABLE)
        connection.execute(rows.CREATE_INDEX)
        connection.execute(f"PRAGMA user_version = {rows.FORMAT_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
