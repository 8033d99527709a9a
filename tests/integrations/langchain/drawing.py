"""A captured tree as lines that can be compared whole."""

from __future__ import annotations

from typing import Any

from mutagent.testing import CapturedSpans

# Parents whose children may run at the same time: those of one step come in no certain order.
_PARALLEL = ("RunnableParallel", "RunnableEach")


def drawn(captured: CapturedSpans, below: dict[str, Any] | None = None) -> str:
    """All spans, one a line, indented under their parents: ``name [kind]``, and the status where it is not ok.

    Siblings stand in the order of their starts, those that ran at the same time in that of their text. Everything
    captured is there: a span whose parent is not would be missing from the drawing, which is an error.
    """
    text = "\n".join(_lines(captured, below))
    if below is None:
        assert len(text.splitlines()) == len(captured.spans), f"orphans: {captured.spans}"
    return text


def _lines(captured: CapturedSpans, parent: dict[str, Any] | None, depth: int = 0) -> list[str]:
    groups = []
    for position, span in enumerate(captured.children(parent)):
        lines = [_line(span, depth), *_lines(captured, span, depth + 1)]
        groups.append((_place(parent, span, position), lines))
    return [line for _, lines in sorted(groups) for line in lines]


def _place(parent: dict[str, Any] | None, span: dict[str, Any], position: int) -> int:
    if parent is None:
        return position
    if parent["kind"] in ("graph", "agent"):
        return int(span["attributes"].get("langgraph.step", position))
    return 0 if parent["name"].startswith(_PARALLEL) else position


def _line(span: dict[str, Any], depth: int) -> str:
    status = "" if span["status"] == "ok" else f" {span['status']}"
    return f"{'  ' * depth}{span['name']} [{span['kind']}]{status}"


def tree(text: str) -> str:
    """An expected drawing, written with the indentation of the test around it."""
    lines = text.strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[margin:] for line in lines if line.strip())


def assert_one_trace(captured: CapturedSpans) -> None:
    """Every span belongs to the same trace, and is there once."""
    assert len({span["traceId"] for span in captured.spans}) == 1
    assert len({span["spanId"] for span in captured.spans}) == len(captured.spans)
