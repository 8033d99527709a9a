"""Messages as a conversation: tool calls stand with their arguments and, where the trace has them, their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mutagent.store.fields import Span, mapping, text
from mutagent.viewer.index.facts import real
from mutagent.viewer.trace.content import JSON, TEXT, Block, blocks_of, pretty

_ROLES = ("system", "developer", "user", "assistant", "tool", "function", "model")


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: ``result`` is None where the trace has none."""

    id: str
    name: str
    arguments: str
    result: list[Block] | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``role`` is as recorded, ``tone`` the one of the known roles it is coloured as."""

    role: str
    tone: str
    name: str
    blocks: list[Block]
    calls: list[Call]
    failed: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A retrieved document; ``score`` as recorded, ``share`` of the best score from 0 to 1."""

    blocks: list[Block]
    score: str
    share: float
    metadata: str


@dataclass(frozen=True, slots=True)
class Content:
    """An input or an output: what of its parts there is."""

    messages: list[Message]
    blocks: list[Block]
    calls: list[Call]
    documents: list[Document]

    def __bool__(self) -> bool:
        return bool(self.messages or self.blocks or self.calls or self.documents)


def content_of(io: Any, results: Mapping[str, Any]) -> Content:
    """Read an input or output.

    Args:
        io: the wire object; anything else is shown as it is.
        results: of tool calls, by their ids.
    """
    if not isinstance(io, dict):
        return Content([], blocks_of(io), [], [])
    messages = items(io, "messages")
    shown_calls = {text(call, "id") for message in messages for call in items(message, "toolCalls")}
    blocks = blocks_of(io.get("text"))
    if "raw" in io:
        blocks += blocks_of(io["raw"]) or [Block(JSON, pretty(io["raw"]))]
    return Content(
        [_message(message, results) for message in messages if text(message, "toolCallId") not in shown_calls - {""}],
        blocks,
        [_call(call, results) for call in items(io, "toolCalls")],
        _documents(items(io, "documents")),
    )


def tool_results(spans: Iterable[Span]) -> dict[str, Any]:
    """What tool calls came to, by their ids: from the messages that models were sent, and from tools' own spans."""
    found: dict[str, Any] = {}
    for span in spans:
        call_id = text(mapping(span, "attributes"), "gen_ai.tool.call.id")
        if call_id and text(span, "kind") == "tool":
            found.setdefault(call_id, _first_part(span.get("output")))
        for message in items(mapping(span, "input"), "messages"):
            if text(message, "toolCallId"):
                found.setdefault(text(message, "toolCallId"), message.get("content"))
    return found


def items(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in a list field; what else stands in it is passed over."""
    found = holder.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _message(message: dict[str, Any], results: Mapping[str, Any]) -> Message:
    role = text(message, "role") or "message"
    tone = role if role in _ROLES else "other"
    calls = [_call(call, results) for call in items(message, "toolCalls")]
    return Message(
        role, tone, text(message, "name"), blocks_of(message.get("content")), calls, message.get("isError") is True
    )


def _call(call: dict[str, Any], results: Mapping[str, Any]) -> Call:
    function = mapping(call, "function") or call
    identity = text(call, "id")
    result = call["result"] if "result" in call else results.get(identity)
    arguments = function.get("arguments")
    shown = None if result is None else blocks_of(result) or [Block(TEXT, "(empty)")]
    return Call(identity, text(function, "name") or "tool", "" if arguments is None else pretty(arguments), shown)


def _documents(documents: list[dict[str, Any]]) -> list[Document]:
    scores = [_score(document) for document in documents]
    best = max((score for score in scores if score is not None), default=0.0)
    return [
        Document(
            blocks_of(document.get("content")),
            "" if score is None else f"{score:.4g}",
            score / best if score is not None and score > 0 and best > 0 else 0.0,
            pretty(document["metadata"]) if document.get("metadata") else "",
        )
        for document, score in zip(documents, scores, strict=True)
    ]


def _score(document: dict[str, Any]) -> float | None:
    return real(document, "score")


def _first_part(io: Any) -> Any:
    if not isinstance(io, dict):
        return io
    return next((io[key] for key in ("text", "raw", "messages", "documents") if io.get(key) is not None), None)
