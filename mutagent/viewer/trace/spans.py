"""The spans of a trace as a tree on a time axis, whatever their parents and times say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mutagent.store.fields import Span, is_ended, mapping, status_of, text
from mutagent.store.summary import spans_that_count
from mutagent.store.trace import Trace
from mutagent.viewer.index.facts import micros, real, whole

# An open span whose trace has not moved for so long has lost its program: it is drawn to where the trace got.
_STALE_US = 15 * 60 * 1_000_000
FAMILIES = {
    "llm": "model", "agent": "agent", "tool": "tool", "retrieval": "search", "rerank": "search", "guardrail": "guard",
    "chain": "chain", "graph": "chain", "node": "chain", "edge": "chain", "workflow": "chain", "middleware": "chain",
}  # fmt: skip


def family_of(kind: str) -> str:
    """The word for the colour of a kind."""
    return FAMILIES.get(kind.partition(".")[0], "custom")


@dataclass(slots=True)
class Node:
    """A span in its tree; times in microseconds since the epoch.

    ``tokens_*`` and ``cost_usd`` are its own and None where it repeats what stands below it; ``below_*`` are the sums
    over the spans under it.
    """

    span: Span
    span_id: str
    depth: int
    start_us: int
    end_us: int
    running: bool
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    children: list[Node] = field(default_factory=list)
    below_tokens: int = 0
    below_cost: float = 0.0

    @property
    def name(self) -> str:
        return text(self.span, "name") or "(no name)"

    @property
    def kind(self) -> str:
        return text(self.span, "kind")

    @property
    def model(self) -> str:
        return text(self.span, "model")

    @property
    def family(self) -> str:
        """The word for its colour."""
        return family_of(self.kind)

    @property
    def status(self) -> str:
        """As the store has it, but that a span still open is ``running`` or, without its program, ``unfinished``."""
        found = status_of(self.span)
        return ("running" if self.running else "unfinished") if found == "open" else found

    @property
    def failed(self) -> bool:
        return self.status == "error"

    @property
    def duration_ms(self) -> float:
        """The measured time; of one that has not ended, what has passed."""
        measured = real(self.span, "durationMs") if is_ended(self.span) else None
        return (self.end_us - self.start_us) / 1000 if measured is None else measured

    @property
    def tokens(self) -> int | None:
        known = [count for count in (self.input_tokens, self.output_tokens) if count is not None]
        return sum(known) if known else None

    @property
    def first_token_ms(self) -> float | None:
        seconds = real(mapping(self.span, "attributes"), "gen_ai.response.time_to_first_chunk")
        return None if seconds is None else seconds * 1000


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes in tree order, the roots, and the time from the first start to the last end."""

    nodes: list[Node]
    roots: list[Node]
    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        return max(1, self.end_us - self.start_us)

    def node(self, span_id: str) -> Node | None:
        """The node of a span, or None."""
        return next((node for node in self.nodes if node.span_id == span_id), None)


def tree_of(trace: Trace, now_us: int) -> Tree:
    """Grow the tree; every span stands in it once, and one that claims an ancestor as its child is a root."""
    starts = {text(span, "spanId"): micros(text(span, "startTime")) for span in trace.spans}
    ends = [micros(text(span, "endTime")) for span in trace.spans]
    known = [moment for moment in (*starts.values(), *ends) if moment is not None]
    first, last = min(known, default=now_us), max(known, default=now_us)
    alive = now_us - last < _STALE_US
    counted = {id(span) for span in spans_that_count(trace.spans)}
    nodes: list[Node] = []
    roots: list[Node] = []
    for span, depth, parent in _grown(trace.spans):
        node = _node(span, depth, starts[text(span, "spanId")] or first, now_us if alive else last, alive)
        _count(node, id(span) in counted)
        (roots if parent is None else nodes[parent].children).append(node)
        nodes.append(node)
    for node in reversed(nodes):
        for child in node.children:
            node.below_tokens += child.below_tokens + (child.tokens or 0)
            node.below_cost += child.below_cost + (child.cost_usd or 0.0)
    return Tree(nodes, roots, first, max((node.end_us for node in nodes), default=last))


def _node(span: Span, depth: int, start: int, open_until: int, alive: bool) -> Node:
    ended = is_ended(span)
    end = micros(text(span, "endTime")) if ended else open_until
    return Node(
        span, text(span, "spanId"), depth, start, max(start, end or start), alive and not ended, None, None, None
    )


def _count(node: Node, counts: bool) -> None:
    if counts:
        tokens = mapping(node.span, "tokens")
        node.input_tokens, node.output_tokens = whole(tokens, "input"), whole(tokens, "output")
        if node.input_tokens is None and node.output_tokens is None:
            node.input_tokens = whole(tokens, "total")
        node.cost_usd = real(node.span, "costUsd")


def _grown(spans: list[Span]) -> Iterator[tuple[Span, int, int | None]]:
    """Each span with its depth and the place of its parent in this order; a stack, for traces deeper than Python's."""
    children: dict[str, list[Span]] = {}
    known = {text(span, "spanId") for span in spans}
    for span in spans:
        children.setdefault(text(span, "parentSpanId"), []).append(span)
    # The spans themselves follow the roots: those on a ring of parents have none.
    roots = [span for span in spans if text(span, "parentSpanId") not in known]
    order: list[tuple[Span, int, int | None]] = [(span, 0, None) for span in (*reversed(spans), *reversed(roots))]
    seen: set[str] = set()
    place = -1
    while order:
        span, depth, parent = order.pop()
        span_id = text(span, "spanId")
        if span_id in seen:
            continue
        seen.add(span_id)
        place += 1
        yield span, depth, parent
        order.extend((child, depth + 1, place) for child in reversed(children.get(span_id, ())))
