"""What was asked in a trace, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mutagent.store.fields import Span, text
from mutagent.store.trace import Trace
from mutagent.viewer.trace.content import REASONING, Block
from mutagent.viewer.trace.conversation import Content, content_of


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation."""

    asked: list[Block]
    answered: list[Block]


def turn_of(trace: Trace) -> Turn:
    """What the root was given and gave; where it says nothing, the first and the last model call."""
    known = {text(span, "spanId") for span in trace.spans}
    roots = [span for span in trace.spans if text(span, "parentSpanId") not in known]
    calls = [span for span in trace.spans if text(span, "kind").startswith("llm.")]
    asked = _first(_asked(content_of(span.get("input"), {})) for span in _with("input", [*roots, *calls]))
    answered = _first(
        _answered(content_of(span.get("output"), {})) for span in _with("output", [*roots[::-1], *calls[::-1]])
    )
    return Turn(asked, answered)


def _with(key: str, spans: Iterable[Span]) -> Iterable[Span]:
    return (span for span in spans if span.get(key))


def _first(found: Iterable[list[Block]]) -> list[Block]:
    return next((blocks for blocks in found if blocks), [])


def _asked(content: Content) -> list[Block]:
    """The last thing a user said."""
    said = [message for message in content.messages if message.tone == "user" and message.blocks]
    return said[-1].blocks if said else content.blocks


def _answered(content: Content) -> list[Block]:
    """The last thing the model said."""
    said = [message.blocks for message in content.messages if message.blocks]
    blocks = said[-1] if said else content.blocks
    return [block for block in blocks if block.kind != REASONING]
