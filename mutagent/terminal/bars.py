"""When each span ran, as a bar on the time of its trace."""

from __future__ import annotations

from collections.abc import Sequence

from mutagent.store.fields import Span, is_ended, moment, text
from mutagent.terminal.style import Style


class Scale:
    """The time from the first start to the last end among some spans, laid over columns.

    Args:
        spans: of one trace.
        columns: of a bar; 0: no bars.
    """

    def __init__(self, spans: Sequence[Span], columns: int) -> None:
        times = [span_time for span in spans for span_time in (_start(span), _end(span)) if span_time is not None]
        self._columns = columns
        self._first, self._last = (min(times), max(times)) if times else (0.0, 0.0)

    def bar(self, span: Span, style: Style) -> str:
        """The span's bar, as wide as all others; one that still runs reaches to the end. "" where there are no bars."""
        start, whole = _start(span), self._last - self._first
        if not self._columns:
            return ""
        if start is None or whole <= 0:
            return " " * self._columns
        end = (_end(span) or start) if is_ended(span) else self._last
        before = min(int((start - self._first) / whole * self._columns), self._columns - 1)
        length = max(round((end - self._first) / whole * self._columns) - before, 1)
        return (" " * before + style.bar * length).ljust(self._columns)[: self._columns]


def _start(span: Span) -> float | None:
    found = moment(text(span, "startTime"))
    return None if found is None else found.timestamp()


def _end(span: Span) -> float | None:
    found = moment(text(span, "endTime"))
    return None if found is None else found.timestamp()
