"""The store's file as one process has it open."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from mutagent.guard import say_once
from mutagent.store import rows
from mutagent.store.connection import BUSY_SECONDS, Connection, Identity, identity_of, open_for_writing
from mutagent.store.damage import set_aside
from mutagent.store.errors import StoreUnavailable, is_busy, is_damage
from mutagent.store.retention import Limits, sweep
from mutagent.store.rows import Row

# Rows of one transaction: neighbours wait for no longer than one of these takes.
_CHUNK = 500
_SWEEP_SECONDS = 300.0
_SWEEP_BYTES = 8 << 20
# A disk that damages every new file must not be filled with damaged files.
_MOST_SET_ASIDE = 3


class StoreFile:
    """Writes rows in short transactions; opens the file when needed, again where it was replaced or removed."""

    __slots__ = ("_connection", "_home", "_identity", "_limits", "_lock", "_set_aside", "_since_sweep", "_sweep_at")

    def __init__(self, home: Path, limits: Limits) -> None:
        self._home = home
        self._limits = limits
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._identity: Identity | None = None
        self._set_aside = 0
        self._since_sweep = 0
        self._sweep_at = 0.0

    def append(self, spans: Sequence[Row], deadline: float) -> int:
        """Write all of them, or raise :class:`StoreUnavailable` saying how many were written.

        Args:
            spans: the rows, oldest first.
            deadline: ``time.monotonic()`` seconds until which a lock is waited for.
        """
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise StoreUnavailable("another thread is writing to it", transient=True)
        try:
            return self._append(spans, deadline)
        finally:
            self._lock.release()

    def close(self, timeout: float) -> None:
        """Close the file; the last process that does folds the write-ahead log into it."""
        if self._lock.acquire(timeout=timeout):
            try:
                self._disconnect()
            finally:
                self._lock.release()

    def pause(self, timeout: float) -> bool:
        """Wait until no thread is inside SQLite and keep it so until :meth:`resume`; False where it took too long."""
        return self._lock.acquire(timeout=timeout)

    def resume(self) -> None:
        """Undo a :meth:`pause` that returned True."""
        self._lock.release()

    def _append(self, spans: Sequence[Row], deadline: float) -> int:
        written = 0
        while written < len(spans):
            chunk = spans[written : written + _CHUNK]
            try:
                self._write(self._connected(deadline), chunk, deadline)
            except (sqlite3.Error, OSError) as error:
                if is_damage(error) and self._replaced():
                    continue
                raise StoreUnavailable(str(error), written=written, transient=is_busy(error)) from error
            written += len(chunk)
        self._sweep_when_due()
        return written

    def _connected(self, deadline: float) -> Connection:
        # One stat tells that the file was removed, or moved aside by a neighbour: rows in it would be lost unseen.
        found = identity_of(rows.store_path(self._home))
        if self._connection is not None and found == self._identity:
            return self._connection
        self._disconnect()
        self._identity = found
        self._connection = open_for_writing(self._home, deadline)
        self._identity = identity_of(rows.store_path(self._home))
        return self._connection

    def _write(self, connection: Connection, spans: Sequence[Row], deadline: float) -> None:
        wait = min(BUSY_SECONDS, max(0.0, deadline - time.monotonic()))
        connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}").fetchone()
        now = time.time_ns()
        values = [rows.values_of(span, now) for span in spans]
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(rows.INSERT, values)
            connection.execute("COMMIT")
        except BaseException:
            self._abort(connection)
            raise
        self._since_sweep += sum(len(span.header) + len(span.body) for span in spans)

    def _abort(self, connection: Connection) -> None:
        try:
            connection.rollback()
        except sqlite3.Error:
            self._disconnect()

    def _replaced(self) -> bool:
        """Move the damaged file aside; whether it is worth trying again with a new one."""
        self._disconnect()
        if self._identity is None or self._set_aside >= _MOST_SET_ASIDE:
            return False
        self._set_aside += 1
        try:
            target = set_aside(rows.store_path(self._home), self._identity)
        except OSError:
            return False
        if target is not None:
            say_once(str(target), f"the local store was damaged; it is kept as {target} and a new one was started.")
        return True

    def _sweep_when_due(self) -> None:
        if self._connection is None or not self._sweep_due():
            return
        try:
            finished = sweep(self._connection, self._limits, time.time_ns())
        except sqlite3.Error:
            # The rows are written; a neighbour that is sweeping at this moment does our work.
            finished = True
        if finished:
            self._since_sweep = 0
            self._sweep_at = time.monotonic() + _SWEEP_SECONDS

    def _sweep_due(self) -> bool:
        step = min(_SWEEP_BYTES, self._limits.max_bytes // 10) if self._limits.max_bytes > 0 else _SWEEP_BYTES
        return time.monotonic() >= self._sweep_at or self._since_sweep >= step

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except sqlite3.Error:
            # The log stays beside the file, and whoever opens it next reads it from there.
            return
