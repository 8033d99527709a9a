"""Two traces side by side: which span of one is which of the other, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from mutagent.viewer.trace.reading import Reading
from mutagent.viewer.trace.timeline import Row

# Aligning takes time with the product of the lengths.
_MOST_ROWS = 600


@dataclass(frozen=True, slots=True)
class Pair:
    """A span of each trace at the same place; None where the other has none like it."""

    a: Row | None
    b: Row | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both traces, as text, and how b differs: ``change`` as text, ``better`` None where it is the same."""

    name: str
    a: str
    b: str
    change: str
    better: bool | None


def pairs_of(a: Reading, b: Reading) -> list[Pair]:
    """The rows of both trees, aligned by depth, kind, name and model; of very long ones the beginning."""
    left, right = a.timeline.rows[:_MOST_ROWS], b.timeline.rows[:_MOST_ROWS]
    matcher = SequenceMatcher(None, list(map(_likeness, left)), list(map(_likeness, right)), autojunk=False)
    pairs: list[Pair] = []
    for _, start_a, end_a, start_b, end_b in matcher.get_opcodes():
        if end_a - start_a == end_b - start_b:
            pairs += _alike(left[start_a:end_a], right[start_b:end_b])
        else:
            pairs += [Pair(row, None) for row in left[start_a:end_a]]
            pairs += [Pair(None, row) for row in right[start_b:end_b]]
    return pairs


def _alike(left: list[Row], right: list[Row]) -> list[Pair]:
    """Rows of the same number at the same place are the same spans if they are of one kind, whatever their names."""
    pairs: list[Pair] = []
    for a, b in zip(left, right, strict=True):
        same = (a.node.depth, a.node.kind) == (b.node.depth, b.node.kind)
        pairs += [Pair(a, b)] if same else [Pair(a, None), Pair(None, b)]
    return pairs


def change(a: float | None, b: float | None) -> tuple[str, bool | None]:
    """How b differs from a in percent, and whether less of it is better news (None: no difference worth a word)."""
    if a is None or b is None or not a:
        return "", None
    share = (b - a) / a
    if abs(share) < 0.01:
        return "same", None
    return f"{share:+.0%}" if abs(share) < 10 else f"{b / a:.0f} times", share < 0


def _likeness(row: Row) -> tuple[int, str, str, str]:
    return row.node.depth, row.node.kind, row.node.name, row.node.model
