"""Append rows to the store from any thread of any process, forked ones included."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mutagent.store.file import StoreFile
from mutagent.store.retention import Limits
from mutagent.store.rows import Row

_APPEND_SECONDS = 2.0
_CLOSE_SECONDS = 1.0


class StoreWriter:
    """The store below ``home``, for writing. Nothing is opened or made before the first row.

    Args:
        home: directory of the store.
        max_bytes: bytes the store may take, the oldest rows go first; 0: no limit.
        max_age_days: days a row stays; 0: no limit.
    """

    __slots__ = ("_files", "_limits", "home")

    def __init__(self, home: Path, max_bytes: int, max_age_days: float) -> None:
        self.home = home
        self._limits = Limits(max_bytes, max_age_days)
        # By process id: a forked child opens the file anew, with a new lock (its parent's may have been held by a
        # thread that the child does not have). The inherited connection is kept, so that nothing closes it.
        self._files: dict[int, StoreFile] = {}

    def append(self, spans: Sequence[Row], deadline: float | None = None) -> int:
        """Write the rows, in their order, and return how many were written: all of them.

        Args:
            spans: what to write.
            deadline: ``time.monotonic()`` seconds until which a locked file is waited for; two seconds from now, where
                not given.

        Raises:
            StoreUnavailable: where not all could be written; it says how many were, and whether to try again.
        """
        if not spans:
            return 0
        return self._file().append(spans, time.monotonic() + _APPEND_SECONDS if deadline is None else deadline)

    def pause(self, timeout: float) -> Callable[[], None]:
        """Keep SQLite quiet while this process forks.

        SQLite's process-wide mutexes are plain ones: a fork while another thread holds one leaves it locked in the
        child, where the first use of SQLite would then hang.

        Args:
            timeout: seconds to wait for a write under way; the fork is delayed by no more than this.

        Returns:
            What ends the pause, to be called in the parent. The child has a file and a lock of its own.
        """
        file = self._file()
        return file.resume if file.pause(timeout) else _nothing

    def close(self) -> None:
        """Close the file. A later ``append`` opens it again."""
        self._file().close(_CLOSE_SECONDS)

    def _file(self) -> StoreFile:
        pid = os.getpid()
        found = self._files.get(pid)
        # setdefault: two threads that come first together get the same one.
        return found if found is not None else self._files.setdefault(pid, StoreFile(self.home, self._limits))


def _nothing() -> None:
    """End a pause that there was no time for."""
