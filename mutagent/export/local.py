"""Write spans into the local store. A store that can't be written costs spans, which are counted, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mutagent.export.result import ExportResult
from mutagent.guard import say_once

if TYPE_CHECKING:
    from mutagent.export.payload import EncodedSpan
    from mutagent.store.errors import StoreUnavailable
    from mutagent.store.writer import StoreWriter


class LocalExporter:
    """The exporter of the local store.

    Args:
        home: directory of the store.
        max_bytes: bytes the store may take; 0: no limit.
        max_age_days: days a span stays; 0: no limit.
    """

    name = "local"
    wants_open = True
    __slots__ = ("_home", "_max_age_days", "_max_bytes", "_writer")

    def __init__(self, home: Path, max_bytes: int, max_age_days: float) -> None:
        self._home = home
        self._max_bytes = max_bytes
        self._max_age_days = max_age_days
        self._writer: StoreWriter | None = None

    def export(self, spans: Sequence[EncodedSpan], deadline: float | None) -> ExportResult:
        """Write a batch.

        Args:
            spans: what to write, oldest first.
            deadline: ``time.monotonic()`` seconds until which a locked store is waited for; None: two seconds from now.

        Returns:
            How many were written. Where another process held the lock for all that time the rest is to be tried again;
            where the disk is full, or the directory is not ours to write, it is dropped.
        """
        from mutagent.store.errors import StoreUnavailable

        try:
            return ExportResult(accepted=self._opened().append(spans, deadline))
        except StoreUnavailable as error:
            return self._failed(spans, error)

    def pause(self, timeout: float) -> Callable[[], None] | None:
        """Keep SQLite quiet while this process forks: :meth:`mutagent.store.writer.StoreWriter.pause`.

        Returns:
            What ends the pause, or None where nothing was written yet.
        """
        return None if self._writer is None else self._writer.pause(timeout)

    def close(self) -> None:
        """Close the store's file; a later ``export`` opens it again."""
        if self._writer is not None:
            self._writer.close()

    def _opened(self) -> StoreWriter:
        if self._writer is None:
            # Here, not above: sqlite3 is loaded on the worker's thread, by programs that record locally.
            from mutagent.store.writer import StoreWriter

            self._writer = StoreWriter(self._home, self._max_bytes, self._max_age_days)
        return self._writer

    def _failed(self, spans: Sequence[EncodedSpan], error: StoreUnavailable) -> ExportResult:
        rest = list(spans[error.written :])
        outcome = "they will be tried again" if error.transient else "spans are not recorded"
        say_once("local store", f"the local store in {self._home} can't be written ({error}): {outcome}.")
        result = ExportResult(accepted=error.written, error=str(error))
        if error.transient:
            result.retry = rest
        else:
            result.dropped = len(rest)
        return result
