"""Where the tokens of one model call went."""

from __future__ import annotations

from dataclasses import dataclass

from mutagent.store.fields import Span, mapping
from mutagent.viewer.index.facts import whole

_USAGE = "gen_ai.usage."


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the tokens: ``share`` from 0 to 1 of all of them, ``left`` where it begins."""

    name: str
    tone: str
    tokens: int
    share: float
    left: float


def usage_of(span: Span) -> list[Part]:
    """The parts that make up a call's tokens; input includes both cache parts, output includes reasoning."""
    tokens, attributes = mapping(span, "tokens"), mapping(span, "attributes")
    given, made = whole(tokens, "input") or 0, whole(tokens, "output") or 0
    cached = whole(attributes, f"{_USAGE}cache_read.input_tokens") or 0
    stored = whole(attributes, f"{_USAGE}cache_creation.input_tokens") or 0
    thought = whole(attributes, f"{_USAGE}reasoning.output_tokens") or 0
    counts = [
        ("input", "fresh", max(0, given - cached - stored)),
        ("read from cache", "cached", min(cached, given)),
        ("written to cache", "stored", min(stored, given)),
        ("reasoning", "thought", min(thought, made)),
        ("output", "made", max(0, made - thought)),
    ]
    total = sum(count for _, _, count in counts)
    parts, left = [], 0.0
    for name, tone, count in counts:
        if count > 0:
            parts.append(Part(name, tone, count, count / total, left))
            left += count / total
    return parts
