"""``mutagent traces --follow``: show spans as they begin and end, until Ctrl-C."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, TextIO

from mutagent.store.fields import Span, is_ended, mapping, number, status_of, text
from mutagent.store.summary import TraceSummary, summarise
from mutagent.store.trace import Trace
from mutagent.terminal.heading import local_time, tokens_text
from mutagent.terminal.search import Wanted
from mutagent.terminal.style import Style
from mutagent.terminal.table import ID_DIGITS
from mutagent.terminal.text import cost, duration, one_line

if TYPE_CHECKING:
    from mutagent.store.reader import StoredRow, StoreReader

_POLL_SECONDS = 0.2
_ROWS_AT_ONCE = 1000
# Traces whose shown spans are remembered; of an older one that grows again all spans are shown once more.
_REMEMBERED = 500


class Display(Protocol):
    """Where news go."""

    def show(self, trace: Trace, found: TraceSummary, news: list[Span]) -> None:
        """A wanted trace has changed: its spans ``news`` are new, or have ended."""

    def rest(self) -> None:
        """Nothing more for the moment; called several times a second."""

    def close(self) -> None:
        """The end."""


def follow(reader: StoreReader, wanted: Wanted, display: Display) -> None:
    """Show what is recorded from now on, until KeyboardInterrupt, which ends here.

    Args:
        reader: of the store; it need not be there yet.
        wanted: traces to show. One that comes to pass the filters later is shown whole then.
        display: where to.
    """
    news = News(reader, wanted)
    try:
        for rows in arrivals(reader):
            news.tell(rows, display)
            display.rest()
    except KeyboardInterrupt:
        return
    finally:
        display.close()


def arrivals(reader: StoreReader) -> Iterator[list[StoredRow]]:
    """The rows written since the last step, again and again; those there at the beginning are passed over."""
    store, seq = reader.identity(), _newest_seq(reader)
    while True:
        if reader.identity() != store:
            # Another file stands there now, and counts anew.
            store, seq = reader.identity(), 0
        rows = reader.rows_after(seq, _ROWS_AT_ONCE)
        yield rows
        seq = rows[-1].seq if rows else seq
        if len(rows) < _ROWS_AT_ONCE:
            time.sleep(_POLL_SECONDS)


def _newest_seq(reader: StoreReader) -> int:
    newest = reader.traces(1)
    seq = newest[0].seq if newest else 0
    while rows := reader.rows_after(seq, _ROWS_AT_ONCE):
        seq = rows[-1].seq
    return seq


class News:
    """Finds out what of each trace has not been shown yet."""

    def __init__(self, reader: StoreReader, wanted: Wanted) -> None:
        self._reader = reader
        self._wanted = wanted
        # By trace: the spans that were shown, and whether as ended.
        self._shown: dict[str, dict[str, bool]] = {}

    def tell(self, rows: list[StoredRow], display: Display) -> None:
        """Show what these rows have changed, trace by trace in the order of their coming."""
        for trace_id in dict.fromkeys(row.trace_id for row in rows):
            trace = self._reader.trace(trace_id)
            if trace is None or not trace.spans:
                continue
            found = summarise(trace)
            if self._wanted.everything or self._wanted.passes(trace, found):
                self._tell(trace, found, [row.span_id for row in rows if row.trace_id == trace_id], display)

    def _tell(self, trace: Trace, found: TraceSummary, came: list[str], display: Display) -> None:
        shown = self._shown.setdefault(trace.trace_id, {})
        if len(self._shown) > _REMEMBERED:
            del self._shown[next(iter(self._shown))]
        place = {span_id: index for index, span_id in enumerate(came)}
        news = [span for span in trace.spans if shown.get(text(span, "spanId")) is not _state(span)]
        news.sort(key=lambda span: place.get(text(span, "spanId"), -1))
        shown.update((text(span, "spanId"), _state(span)) for span in news)
        if news:
            display.show(trace, found, news)


def _state(span: Span) -> bool:
    return is_ended(span)


class Lines:
    """One line for each span that begins or ends: for pipes, and for terminals without rich."""

    def __init__(self, out: TextIO, style: Style) -> None:
        self._out = out
        self._style = style

    def show(self, trace: Trace, found: TraceSummary, news: list[Span]) -> None:
        """Print the spans."""
        self._out.writelines(self._line(trace, span) + "\n" for span in news)

    def rest(self) -> None:
        """Have it read by whoever reads along."""
        self._out.flush()

    def close(self) -> None:
        """Nothing to put away."""

    def _line(self, trace: Trace, span: Span) -> str:
        style, status = self._style, status_of(span)
        tokens = mapping(span, "tokens")
        parts = [
            text(span, "kind"),
            duration(number(span, "durationMs")) if is_ended(span) else "",
            tokens_text(number(tokens, "input"), number(tokens, "output"), style),
            cost(number(span, "costUsd")),
            status if status not in ("ok", "unset") else "",
            text(span, "statusMessage") if status == "error" else "",
        ]
        color = {"error": "red", "open": "yellow"}.get(status, "bold")
        head = (
            f"{local_time(text(span, 'endTime') or text(span, 'startTime'), '%H:%M:%S')}  {trace.trace_id[:ID_DIGITS]}"
        )
        name = style.paint(one_line(text(span, "name")) or "(no name)", color)
        return "  ".join([style.paint(head, "dim"), name, *(one_line(part) for part in parts if part)])


class JsonLines:
    """One JSON object a line for each span that begins or ends: the wire's span, and its ``traceId``."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, trace: Trace, found: TraceSummary, news: list[Span]) -> None:
        """Print the spans."""
        self._out.writelines(json.dumps({"traceId": trace.trace_id, **span}) + "\n" for span in news)

    def rest(self) -> None:
        """Have it read by whoever reads along."""
        self._out.flush()

    def close(self) -> None:
        """Nothing to put away."""


def display_for(out: TextIO, style: Style, as_json: bool) -> Display:
    """The display that fits: trees that grow on a terminal where rich is installed, lines everywhere else."""
    if as_json:
        return JsonLines(out)
    from mutagent.terminal.style import is_terminal

    if is_terminal(out) and out is sys.stdout:
        try:
            from mutagent.terminal.screen import Screen
        except ModuleNotFoundError:
            return Lines(out, style)
        return Screen(style)
    return Lines(out, style)
