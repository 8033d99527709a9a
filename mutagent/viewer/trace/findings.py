"""Why a trace is slow, dear or wrong: the one span that answers each."""

from __future__ import annotations

from dataclasses import dataclass

from mutagent.store.fields import mapping, text
from mutagent.terminal.text import cost, duration
from mutagent.viewer.trace.spans import Node, Tree
from mutagent.viewer.trace.timeline import Timeline

# A span that takes less than this of the whole explains nothing.
_LEAST_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Finding:
    """``question`` is ``slow``, ``dear`` or ``wrong``; ``share`` from 0 to 1, None where there is nothing to share."""

    question: str
    span_id: str
    name: str
    detail: str
    share: float | None = None


def findings_of(tree: Tree, timeline: Timeline) -> list[Finding]:
    """What stands out, wrong things first."""
    found = [_wrong(tree), _slow(timeline), _dear(timeline)]
    return [finding for finding in found if finding is not None]


def _wrong(tree: Tree) -> Finding | None:
    node = first_failure(tree)
    if node is None:
        return None
    failed = sum(other.failed for other in tree.nodes)
    more = f" (and {failed - 1} more)" if failed > 1 else ""
    return Finding("wrong", node.span_id, node.name, failure_text(node) + more)


def first_failure(tree: Tree) -> Node | None:
    """The failed span that nothing failed below of: where it went wrong first."""
    failed = [node for node in tree.nodes if node.failed and not any(child.failed for child in node.children)]
    failed = failed or [node for node in tree.nodes if node.failed]
    return min(failed, key=lambda node: node.end_us, default=None)


def failure_text(node: Node) -> str:
    """The exception's class and message."""
    kind = text(mapping(node.span, "attributes"), "error.type")
    message = text(node.span, "statusMessage") or text(node.span, "error")
    parts = (kind if not message.startswith(kind) else "", message)
    return ": ".join(filter(None, parts)) or "failed"


def _slow(timeline: Timeline) -> Finding | None:
    row = max(timeline.rows, key=lambda row: row.critical_ms, default=None)
    if row is None or len(timeline.rows) < 2 or row.time_share < _LEAST_SHARE:
        return None
    return Finding(
        "slow", row.node.span_id, row.node.name, f"{duration(row.critical_ms)} on the critical path", row.time_share
    )


def _dear(timeline: Timeline) -> Finding | None:
    if len(timeline.rows) < 2:
        return None
    if timeline.cost_usd > 0:
        row = max(timeline.rows, key=lambda row: row.cost_share)
        if row.cost_share < _LEAST_SHARE:
            return None
        return Finding("dear", row.node.span_id, row.node.name, cost(row.node.cost_usd), row.cost_share)
    row = max(timeline.rows, key=lambda row: row.token_share)
    if row.token_share < _LEAST_SHARE:
        return None
    return Finding("dear", row.node.span_id, row.node.name, f"{row.node.tokens:,} tokens", row.token_share)
