"""What an exporter is, and what it says about a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mutagent.export.payload import EncodedSpan


@dataclass(slots=True)
class ExportResult:
    """Where the spans of one batch are: every one is counted in exactly one of the first four.

    ``accepted`` and ``rejected`` by the receiver, to be tried again (``retry``), or ``dropped``; ``error`` is the
    reason for what was not accepted, in one line.
    """

    accepted: int = 0
    rejected: int = 0
    retry: list[EncodedSpan] = field(default_factory=list)
    dropped: int = 0
    error: str | None = None
    wait_s: float | None = None
    spool: bool = False


class Exporter(Protocol):
    """Where encoded spans go. Called on one thread at a time.

    ``name`` stands in receipts; ``wants_open`` is True for one that also shows spans which are still running.
    """

    name: str
    wants_open: bool

    def export(self, spans: Sequence[EncodedSpan], deadline: float | None) -> ExportResult:
        """Hand over a batch, until ``deadline`` (``time.monotonic()`` seconds) where there is one."""

    def close(self) -> None:
        """Let go of files and connections."""
