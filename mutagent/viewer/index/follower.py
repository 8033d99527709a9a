"""Keep the index up with the store, from a thread of its own, and tell who wants to know what changed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from mutagent.guard import guarded
from mutagent.store.connection import open_for_reading
from mutagent.store.errors import StoreUnreadable, is_damage
from mutagent.store.reader import StoreReader
from mutagent.viewer.index import database, retention
from mutagent.viewer.index.builder import step

_POLL_SECONDS = 0.25
# Rows of a step: a tenth of a second, in which pages still get their turns.
_ROWS = 1500
_SWEEP_EVERY = 240
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index is: the store's rows that are in it, of how many; ``error`` says why it is not getting on.

    ``known`` is False until the store was looked at for the first time.
    """

    indexed: int = 0
    rows: int = 0
    error: str = ""
    known: bool = False

    @property
    def behind(self) -> bool:
        """Whether enough is missing for people to notice."""
        return self.rows - self.indexed > _ROWS

    @property
    def percent(self) -> int:
        """The share that is in, in whole percents; never 100 while some is missing."""
        return min(99, 100 * self.indexed // self.rows) if self.behind else 100

    @property
    def shown(self) -> tuple[bool, int, str]:
        """What a page says of it."""
        return self.known, self.percent, self.error


class Follower:
    """The thread that builds the index of one store.

    Args:
        home: directory of the store and the index.
        changed: called, on the thread, with the ids of the traces that a step changed; with none where only what pages
            say of the progress did.
    """

    def __init__(self, home: Path, changed: Callable[[list[str]], None] = lambda trace_ids: None) -> None:
        self.progress = Progress()
        self.changed = changed
        self._home = home
        self._reader = StoreReader(home)
        self._connection: sqlite3.Connection | None = None
        self._wake = threading.Event()
        self._looked = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._until_sweep = 0

    def start(self) -> None:
        """Begin following."""
        self._thread = threading.Thread(target=self._follow, name="mutagent-index", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step it is in."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def wake(self) -> None:
        """Rows were written: look now."""
        self._wake.set()

    def first_look(self, seconds: float) -> bool:
        """Wait until the first look at the store is over, or there is none to come.

        Args:
            seconds: at the most.

        Returns:
            Whether it is.
        """
        return self._thread is None or self._looked.wait(seconds)

    def catch_up(self) -> None:
        """Index all there is, on this thread."""
        while self._advance():
            pass

    def _follow(self) -> None:
        while not self._stopping:
            more = guarded("viewer index", self._advance)
            self._looked.set()  # also where it failed: pages wait for it once, and not each of them
            if not more:
                self._wake.wait(_POLL_SECONDS)
                self._wake.clear()

    def _advance(self) -> bool:
        """One step; whether there is more to do."""
        try:
            return self._step()
        except (sqlite3.Error, StoreUnreadable, OSError) as error:
            self._failed(error)
            return False

    def _step(self) -> bool:
        if self._connection is None:
            self._connection = database.open_for_building(self._home)
        done = step(self._connection, self._reader, _ROWS)
        self._tell(Progress(done.last_seq, max(done.last_seq, newest_seq(self._home)), known=True), done.trace_ids)
        self._sweep()
        return done.rows == _ROWS

    def _tell(self, progress: Progress, trace_ids: list[str]) -> None:
        """What pages show of this is told even where no trace changed: a page may have been there before."""
        before, self.progress = self.progress, progress
        if trace_ids or progress.shown != before.shown:
            self.changed(trace_ids)

    def _sweep(self) -> None:
        assert self._connection is not None
        self._until_sweep -= 1
        if self._until_sweep < 0 and not self.progress.behind:
            self._until_sweep = _SWEEP_EVERY
            retention.sweep(self._connection, self._reader)

    def _failed(self, error: Exception) -> None:
        self._tell(replace(self.progress, error=str(error)), [])
        if self._connection is not None and isinstance(error, sqlite3.Error):
            self._connection.close()
            self._connection = None
        if is_damage(error):
            database.remove(self._home)


def newest_seq(home: Path) -> int:
    """The newest row of the store, 0 where there is none."""
    connection = open_for_reading(home)
    if connection is None:
        return 0
    with closing(connection):
        try:
            return int(connection.execute("SELECT ifnull(max(seq), 0) FROM spans").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
