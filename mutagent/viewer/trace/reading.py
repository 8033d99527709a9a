"""A trace, read: all that its page shows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mutagent.store.summary import TraceSummary, summarise
from mutagent.store.trace import Trace
from mutagent.viewer.trace.conversation import tool_results
from mutagent.viewer.trace.findings import Finding, findings_of, first_failure
from mutagent.viewer.trace.panel import Panel, panel_of
from mutagent.viewer.trace.spans import Node, Tree, tree_of
from mutagent.viewer.trace.timeline import Timeline, timeline_of


@dataclass(frozen=True, slots=True)
class Reading:
    """A trace, read: what its page shows."""

    trace: Trace
    summary: TraceSummary
    tree: Tree
    timeline: Timeline
    findings: list[Finding]
    kinds: list[tuple[str, str, int]]
    selected: Node | None
    panel: Panel | None

    @property
    def running(self) -> bool:
        """Whether a span of it has not ended and its program is still there."""
        return any(node.running for node in self.tree.nodes)


def read(trace: Trace, span_id: str = "") -> Reading:
    """Read a trace for its page.

    Args:
        trace: the trace.
        span_id: the span to select; by default the first that failed, else the first root.
    """
    tree = tree_of(trace, time.time_ns() // 1000)
    timeline = timeline_of(tree)
    selected = tree.node(span_id) or first_failure(tree) or next(iter(tree.nodes), None)
    row = timeline.row(selected.span_id) if selected else None
    panel = panel_of(row, timeline, tool_results(trace.spans)) if row else None
    return Reading(
        trace, summarise(trace), tree, timeline, findings_of(tree, timeline), kinds_of(tree), selected, panel
    )


def kinds_of(tree: Tree) -> list[tuple[str, str, int]]:
    """The kinds in a trace, each with the word for its colour and how many spans are of it."""
    counts: dict[tuple[str, str], int] = {}
    for node in tree.nodes:
        counts[node.kind, node.family] = counts.get((node.kind, node.family), 0) + 1
    return [(kind, family, number) for (kind, family), number in counts.items()]
