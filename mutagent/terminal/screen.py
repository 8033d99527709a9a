"""Traces that grow before one's eyes: those under way at the bottom, those that have ended above, by means of rich."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from time import monotonic

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from mutagent.store.fields import Span, is_ended
from mutagent.store.summary import TraceSummary
from mutagent.store.trace import Trace
from mutagent.terminal.style import Style, bar_columns, tree_width
from mutagent.terminal.tree import render_trace

# A trace has ended when all of its spans have, and no other came for so long.
_QUIET_SECONDS = 0.6
# One that nobody goes on with (its process was killed) gives its place up after so long.
_FORGOTTEN_SECONDS = 600.0


@dataclass(slots=True)
class Growing:
    """A trace under way, and when it last changed (``time.monotonic()``)."""

    trace: Trace
    changed: float

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be expected."""
        age = monotonic() - self.changed
        return age > _FORGOTTEN_SECONDS or (age > _QUIET_SECONDS and all(map(is_ended, self.trace.spans)))


class Screen:
    """Draws on the terminal that stdout is.

    Args:
        style: characters and colours.
    """

    def __init__(self, style: Style) -> None:
        self._style = style
        self._growing: dict[str, Growing] = {}
        self._changed = False
        # While rich draws it puts a stream of its own in this one's place, which says that it is no terminal.
        self._out = sys.stdout
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="ellipsis", transient=True)
        self._live.start()

    def show(self, trace: Trace, found: TraceSummary, news: list[Span]) -> None:
        """Take the trace's new state."""
        self._growing[trace.trace_id] = Growing(trace, monotonic())
        self._changed = True

    def rest(self) -> None:
        """Move what has ended up, and draw the rest anew."""
        ended = [trace_id for trace_id, growing in self._growing.items() if growing.has_ended]
        traces = [self._growing.pop(trace_id).trace for trace_id in ended]
        if not (traces or self._changed):
            return
        self._changed = False
        # The new picture first: what is printed above makes rich draw what it has below.
        self._live.update(Group(*(self._drawn(growing.trace) for growing in self._growing.values())), refresh=True)
        for trace in traces:
            self._console.print(self._drawn(trace, previews=True))

    def close(self) -> None:
        """Leave what is still under way as it stands."""
        self._live.stop()
        for growing in self._growing.values():
            self._console.print(self._drawn(growing.trace, previews=True))

    def _drawn(self, trace: Trace, previews: bool = False) -> Text:
        drawn = render_trace(
            trace, tree_width(self._out), previews=previews, bars=bar_columns(self._out), style=self._style
        )
        return Text.from_ansi(drawn, no_wrap=True, end="\n")
