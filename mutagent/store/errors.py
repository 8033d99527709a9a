"""How the store fails, and what SQLite's exceptions mean."""

from __future__ import annotations

import sqlite3


class StoreUnavailable(Exception):
    """The store could not be written.

    ``written`` rows of the call were committed before; ``transient`` says that the same rows may well go in a second
    later (another process held the lock).
    """

    def __init__(self, reason: str, *, written: int = 0, transient: bool = False) -> None:
        super().__init__(reason)
        self.written = written
        self.transient = transient


class StoreUnreadable(Exception):
    """The store is there and can't be read; the message says why."""


class AmbiguousPrefix(ValueError):
    """Several traces start with the given digits."""

    def __init__(self, prefix: str, matches: list[str]) -> None:
        super().__init__(f"{prefix!r} fits more than one trace: {', '.join(matches)}, ...")
        self.matches = matches


def is_damage(error: Exception) -> bool:
    """Whether SQLite says that the file is no database, or a torn one.

    Both are raised as DatabaseError itself; what concerns the surroundings (locked, full, read-only) is a subclass.
    ``sqlite_errorcode`` would say it directly but is new in Python 3.11.
    """
    return type(error) is sqlite3.DatabaseError


def is_busy(error: Exception) -> bool:
    """Whether another connection held the lock for longer than we were willing to wait."""
    return isinstance(error, sqlite3.OperationalError) and "lock" in str(error)
