"""The list of traces: one line each, columns as wide as they have to be and the terminal allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mutagent.store.summary import TraceSummary
from mutagent.terminal.heading import local_time, status_color, status_text, tokens_text
from mutagent.terminal.style import PLAIN, Style
from mutagent.terminal.text import columns_of, cost, duration, fit, one_line, pad

ID_DIGITS = 8
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its text, how narrow it may become, and how late it is given up (0: never)."""

    title: str
    cell: Callable[[TraceSummary, Style], str]
    least: int = 0
    given_up: int = 0
    right: bool = False


COLUMNS = (
    Column("TRACE", lambda found, style: found.trace_id[:ID_DIGITS]),
    Column("NAME", lambda found, style: found.name or "(no name)", least=12),
    Column("STARTED", lambda found, style: local_time(found.start_time, "%m-%d %H:%M:%S"), given_up=7),
    Column("DURATION", lambda found, style: duration(found.duration_ms), right=True),
    Column("STATUS", lambda found, style: status_text(found)),
    Column("SPANS", lambda found, style: str(found.span_count), given_up=3, right=True),
    Column("MODELS", lambda found, style: ", ".join(found.models), least=10, given_up=4),
    Column(
        "TOKENS",
        lambda found, style: tokens_text(found.tokens.input, found.tokens.output, style),
        given_up=5,
        right=True,
    ),
    Column("COST", lambda found, style: cost(found.cost_usd), given_up=6, right=True),
    Column("SESSION", lambda found, style: found.session_id or "", least=8, given_up=2),
    Column("SERVICE", lambda found, style: found.service or "", least=8, given_up=1),
)


def render_list(found: Sequence[TraceSummary], width: int | None = None, *, style: Style = PLAIN) -> str:
    """The traces as a table, ending in a newline.

    Args:
        found: what :meth:`mutagent.store.reader.StoreReader.traces` found.
        width: columns to keep to; None: no limit.
        style: characters and colours.
    """
    cells = {column.title: [one_line(column.cell(trace, style)) for trace in found] for column in COLUMNS}
    shown = [column for column in COLUMNS if any(cells[column.title])]
    widths = {column.title: max(map(columns_of, (column.title, *cells[column.title]))) for column in shown}
    shown = _chosen(shown, widths, width)
    lines = [style.paint(_line([column.title for column in shown], shown, widths, style), "dim")]
    for index, trace in enumerate(found):
        line = _line([cells[column.title][index] for column in shown], shown, widths, style)
        lines.append(line if trace.status == "ok" else style.paint(line, status_color(trace.status)))
    return "\n".join(lines) + "\n"


def _chosen(shown: list[Column], widths: dict[str, int], width: int | None) -> list[Column]:
    """Give columns up until the others fit at their narrowest, then narrow the widest; ``widths`` is updated."""
    if width is None:
        return shown
    narrowest = {column.title: min(widths[column.title], column.least or widths[column.title]) for column in shown}
    while _table_width(shown, narrowest) > width and (candidates := [column for column in shown if column.given_up]):
        first = min(candidates, key=lambda column: column.given_up)
        shown = [column for column in shown if column is not first]
    while _table_width(shown, widths) > width:
        widest = max(shown, key=lambda column: widths[column.title] - narrowest[column.title]).title
        if widths[widest] == narrowest[widest]:
            break
        widths[widest] -= 1
    return shown


def _table_width(shown: list[Column], widths: dict[str, int]) -> int:
    return sum(widths[column.title] for column in shown) + len(_GAP) * (len(shown) - 1)


def _line(cells: Sequence[str], shown: Sequence[Column], widths: dict[str, int], style: Style) -> str:
    fitted = (
        pad(fit(cell, widths[column.title], style.ellipsis), widths[column.title], column.right)
        for cell, column in zip(cells, shown, strict=True)
    )
    return _GAP.join(fitted).rstrip()
