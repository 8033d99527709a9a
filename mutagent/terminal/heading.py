"""The lines above a tree: which trace it is, and its sums."""

from __future__ import annotations

from collections.abc import Iterator

from mutagent.store.fields import moment
from mutagent.store.summary import TraceSummary
from mutagent.terminal.style import Style
from mutagent.terminal.text import columns_of, cost, duration, fit, one_line

_STATUS_COLORS = {"ok": "green", "error": "red", "open": "yellow", "interrupted": "yellow", "abandoned": "yellow"}


def heading(found: TraceSummary, width: int, style: Style) -> list[str]:
    """Name and status, the id, the sums, and whose it is."""
    tokens = tokens_text(found.tokens.input, found.tokens.output, style)
    sums = [
        local_time(found.start_time),
        f"{found.span_count} span{'' if found.span_count == 1 else 's'}",
        ", ".join(found.models),
        f"{tokens} tokens" if tokens else "",
        cost(found.cost_usd),
    ]
    belongs = [
        f"{label} {value}"
        for label, value in (
            ("session", found.session_id),
            ("user", found.user_id),
            ("service", found.service),
            ("environment", found.environment),
            ("run", found.run_id),
        )
        if value
    ]
    status = style.paint(status_text(found), status_color(found.status))
    first = [style.paint(fit(one_line(found.name) or "(no name)", width // 2, style.ellipsis), "bold"), status]
    lines = [
        f" {style.dot} ".join(filter(None, [*first, duration(found.duration_ms)])),
        f"trace {one_line(found.trace_id)}",
    ]
    return [*lines, *_wrapped(sums, width, style), *_wrapped(belongs, width, style)]


def tokens_text(given: float | None, answered: float | None, style: Style) -> str:
    """``1,204 → 356``: tokens in, tokens out; ``?`` for the one that is not known, "" where neither is."""
    if given is None and answered is None:
        return ""
    return f" {style.arrow} ".join("?" if count is None else f"{count:,.0f}" for count in (given, answered))


def status_text(found: TraceSummary) -> str:
    """The status, and how many spans failed where the status does not say so."""
    if not found.errors or found.status == "error":
        return found.status
    return f"{found.status}, {found.errors} error{'' if found.errors == 1 else 's'}"


def status_color(status: str) -> str:
    """The colour of a status; one of :meth:`Style.paint`'s."""
    return _STATUS_COLORS.get(status, "dim")


def local_time(iso: str, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """The time in the local zone; the text itself where it is no time."""
    found = moment(iso)
    return one_line(iso) if found is None else found.astimezone().strftime(form)


def _wrapped(parts: list[str], width: int, style: Style) -> Iterator[str]:
    """The parts, separated by dots, on as many lines as they need."""
    line = ""
    for part in filter(None, (fit(one_line(part), width, style.ellipsis) for part in parts)):
        longer = f"{line} {style.dot} {part}" if line else part
        if line and columns_of(longer) > width:
            yield line
            longer = part
        line = longer
    if line:
        yield line
