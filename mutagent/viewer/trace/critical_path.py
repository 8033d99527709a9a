"""The critical path: for every moment of a trace, the span that the end of it waited for."""

from __future__ import annotations

from collections import defaultdict

from mutagent.viewer.trace.spans import Node, Tree

Segment = tuple[int, int]


def critical_path(tree: Tree) -> dict[str, list[Segment]]:
    """By span id, the times (microseconds since the epoch) in which that span itself was what took the time.

    From the end backwards: where a child was running that ended last, the time is the child's, and on from its start;
    else it is the span's own. Of several roots, those that ended last before each other follow one another.
    """
    own: dict[str, list[Segment]] = defaultdict(list)
    _walk_back(tree.roots, tree.start_us, tree.end_us, own, None)
    return {span_id: sorted(segments) for span_id, segments in own.items()}


def _walk_back(roots: list[Node], start: int, end: int, own: dict[str, list[Segment]], owner: str | None) -> None:
    # A stack, for traces deeper than Python's. Each entry: whose time it is, its children, from when to when.
    waiting = [(owner, roots, start, end)]
    while waiting:
        span_id, children, first, moment = waiting.pop()
        for child in sorted(children, key=lambda node: node.end_us, reverse=True):
            if child.start_us >= moment:
                continue
            child_end = min(child.end_us, moment)
            if child_end <= first:
                break
            _add(own, span_id, child_end, moment)
            child_start = max(child.start_us, first)
            waiting.append((child.span_id, child.children, child_start, child_end))
            moment = child_start
        _add(own, span_id, first, moment)


def _add(own: dict[str, list[Segment]], span_id: str | None, start: int, end: int) -> None:
    if span_id is not None and end > start:
        own[span_id].append((start, end))
