"""A trace as a tree of lines: names on the left, durations, tokens and cost in columns on the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mutagent.store.fields import Span, is_ended, mapping, number, status_of, text
from mutagent.store.summary import summarise
from mutagent.store.trace import Trace
from mutagent.terminal.bars import Scale
from mutagent.terminal.content import as_text, preview, whole
from mutagent.terminal.heading import heading, tokens_text
from mutagent.terminal.style import PLAIN, Style
from mutagent.terminal.text import clean, columns_of, cost, duration, fit, one_line, pad

_GAP = "  "
_INPUT_OUTPUT = (("in", "input"), ("out", "output"))
_BAR_COLORS = {"error": "red", "open": "yellow"}
# Below this a name says nothing; the columns on the right give way.
_LEAST_NAME = 16


@dataclass(frozen=True, slots=True)
class Branch:
    """A span at its place: what stands before its own line, and before the lines below it."""

    span: Span
    before: str
    below: str


def render_trace(
    trace: Trace, width: int = 100, *, full: bool = False, previews: bool = True, bars: int = 0, style: Style = PLAIN
) -> str:
    """The trace as text, ending in a newline.

    Args:
        trace: what :meth:`mutagent.store.reader.StoreReader.trace` found.
        width: columns to use; with ``full`` only the tree's own lines keep to it.
        full: inputs, outputs, attributes and events whole instead of a line of preview each.
        previews: False: neither, only the spans.
        bars: columns of the bars that show when each span ran; 0: none.
        style: characters and colours.
    """
    branches = list(grow(trace.spans, style, width // 2))
    figures = [_figures(branch.span, style) for branch in branches]
    widths = [max(map(columns_of, column)) for column in zip(*figures, strict=True)]
    scale = Scale(trace.spans, bars)
    lines = [*heading(summarise(trace), width, style), ""]
    for branch, figure in zip(branches, figures, strict=True):
        lines.append(_span_line(branch, scale.bar(branch.span, style), figure, widths, width, style))
        lines.extend(_error_lines(branch, width, style, full))
        if previews or full:
            details = _whole_lines(branch, style) if full else _preview_lines(branch, width, style)
            lines.extend(details)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def grow(spans: list[Span], style: Style, limit: int) -> Iterator[Branch]:
    """The spans in tree order, each with the lines that lead to it; every span once, whatever their parents say.

    Args:
        spans: of one trace, in start order.
        style: the characters to draw with.
        limit: columns that the lines of the tree may take; deeper levels lose their beginning.
    """
    children: dict[str, list[Span]] = {}
    known = {text(span, "spanId") for span in spans}
    for span in spans:
        children.setdefault(text(span, "parentSpanId"), []).append(span)
    roots = [span for span in spans if text(span, "parentSpanId") not in known]
    seen: set[str] = set()
    # The spans themselves follow the roots: those on a ring of parents have none.
    for root in [*roots, *spans]:
        yield from _grow_one(root, children, seen, style, limit)


def _grow_one(
    root: Span, children: dict[str, list[Span]], seen: set[str], style: Style, limit: int
) -> Iterator[Branch]:
    # A stack, not recursion: a trace may be deeper than Python's.
    waiting = [(root, "", "")]
    while waiting:
        span, before, after = waiting.pop()
        span_id = text(span, "spanId")
        if span_id in seen:
            continue
        seen.add(span_id)
        below = [child for child in children.get(span_id, ()) if text(child, "spanId") not in seen]
        yield Branch(span, before, after + (style.line if below else "   "))
        stem = after if len(after) <= limit else style.ellipsis + after[-limit:]
        for index, child in reversed(list(enumerate(below))):
            is_last = index == len(below) - 1
            waiting.append(
                (child, stem + (style.last if is_last else style.fork), stem + ("   " if is_last else style.line))
            )


def _figures(span: Span, style: Style) -> tuple[str, str, str]:
    tokens = mapping(span, "tokens")
    took = duration(number(span, "durationMs")) if is_ended(span) else "open"
    return took, tokens_text(number(tokens, "input"), number(tokens, "output"), style), cost(number(span, "costUsd"))


def _span_line(branch: Branch, bar: str, figure: tuple[str, ...], widths: list[int], width: int, style: Style) -> str:
    cells = [pad(value, columns, right=True) for value, columns in zip(figure, widths, strict=True) if columns]
    right = "".join(_GAP + cell for cell in cells)
    drawn = _GAP + bar if bar else ""
    room = max(width - len(branch.before) - len(drawn) - columns_of(right), _LEAST_NAME)
    name = fit(one_line(text(branch.span, "name")) or "(no name)", room, style.ellipsis)
    detail = fit(_detail(branch.span), room - columns_of(name) - len(_GAP), style.ellipsis)
    filling = " " * max(0, room - columns_of(name) - columns_of(detail) - len(_GAP))
    left = style.paint(name, _color(branch.span)) + _GAP + style.paint(detail, "dim")
    drawn = style.paint(drawn, _BAR_COLORS.get(status_of(branch.span), "cyan"))
    return style.paint(branch.before, "dim") + left + filling + drawn + style.paint(right.rstrip(), "dim")


def _detail(span: Span) -> str:
    status = status_of(span)
    model = text(span, "model")
    parts = [
        text(span, "kind"),
        "" if model in text(span, "name") else model,
        "" if status in ("ok", "unset", "open", "error") else status,
    ]
    return one_line(" ".join(filter(None, parts)))


def _color(span: Span) -> str:
    return {"error": "red", "open": "yellow"}.get(status_of(span), "bold")


def _error_lines(branch: Branch, width: int, style: Style, full: bool) -> list[str]:
    if status_of(branch.span) != "error":
        return []
    kind = text(mapping(branch.span, "attributes"), "error.type")
    message = text(branch.span, "statusMessage") or text(branch.span, "error")
    said = ": ".join(filter(None, (kind if not message.startswith(kind) else "", message))) or "error"
    lines = clean(said).split("\n") if full else [one_line(said)]
    room = width - len(branch.below) - len(style.cross) - 1
    shown = lines if full else [fit(lines[0], room, style.ellipsis)]
    return [style.paint(branch.below, "dim") + style.paint(f"{style.cross} {line}", "red") for line in shown]


def _preview_lines(branch: Branch, width: int, style: Style) -> Iterator[str]:
    room = max(width - len(branch.below) - 4, _LEAST_NAME)
    for label, key in _INPUT_OUTPUT:
        shown = preview(mapping(branch.span, key))
        if shown:
            yield (
                style.paint(branch.below, "dim") + style.paint(pad(label, 4), "cyan") + fit(shown, room, style.ellipsis)
            )


def _whole_lines(branch: Branch, style: Style) -> Iterator[str]:
    for label, lines in _whole_parts(branch.span):
        for index, line in enumerate(lines):
            yield style.paint(branch.below, "dim") + style.paint(pad("" if index else label, 4), "cyan") + line


def _whole_parts(span: Span) -> Iterator[tuple[str, list[str]]]:
    for label, key in _INPUT_OUTPUT:
        if mapping(span, key):
            yield label, whole(mapping(span, key))
    attributes = mapping(span, "attributes")
    if attributes:
        yield "", [_setting(key, value) for key, value in attributes.items()]
    events = span.get("events")
    if isinstance(events, list) and events:
        yield "", ["event " + one_line(as_text(event)) for event in events]


def _setting(key: str, value: Any) -> str:
    return f"{one_line(key)} = {one_line(as_text(value), len(key) + 100_000)}"
