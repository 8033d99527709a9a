"""What InvokeModelWithResponseStream answers: chunks in the vendor's own schema, told by the fields of the first."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list, get_path, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import message
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.spec import Chunks, Response, Usage
from mutagent.integrations.specs.bedrock import client as bedrock
from mutagent.integrations.specs.bedrock.answers import ACTION, TRACE, cohere_call, guarded, output_of, texts_of
from mutagent.integrations.specs.bedrock.converse import ConverseEvents

METRICS = "amazon-bedrock-invocationMetrics"


class BodyChunks:
    """Folds the chunks of InvokeModelWithResponseStream: each is a JSON object in the vendor's own schema."""

    __slots__ = ("fold", "guard", "metrics")

    def __init__(self) -> None:
        self.fold: Chunks | None = None
        self.metrics: Any = None
        self.guard: dict[str, Any] = {}

    def feed(self, event: Any) -> None:
        """Take one event."""
        chunk = bedrock.json_of(get_path(event, "chunk", "bytes"))
        if type(chunk) is not dict:
            return
        self.metrics = chunk.pop(METRICS, None) or self.metrics
        self.guard |= {name: chunk[name] for name in (ACTION, TRACE) if chunk.get(name)}
        self.fold = self.fold or _fold_of(chunk)
        self.fold.feed(chunk)

    def response(self) -> Response:
        """The body so far. Bedrock counts tokens itself in the last chunk, and that is what it tells in its metrics."""
        found = guarded(Response() if self.fold is None else self.fold.response(), self.guard)
        if self.metrics is not None:
            found.usage = _counted(found.usage, self.metrics)
        return found


def _counted(vendors: Usage | None, metrics: Any) -> Usage | None:
    if vendors is None:
        return bedrock.usage(metrics)
    parts = {"cacheReadInputTokenCount": vendors.cache_read, "cacheWriteInputTokenCount": vendors.cache_creation}
    found = bedrock.usage({**parts, **metrics})
    if found is None:
        return vendors
    found.reasoning = vendors.reasoning
    found.raw = {**(vendors.raw or {}), **metrics}
    return found


def _fold_of(chunk: dict[str, Any]) -> Chunks:
    if type(chunk.get("type")) is str:
        return message.MessageEvents()
    if "messageStart" in chunk or "contentBlockStart" in chunk or "contentBlockDelta" in chunk:
        return ConverseEvents()
    first = next(iter(get_list(chunk, "choices")), None)
    return ChatChunks() if get(first, "delta") is not None or get(first, "message") is not None else TextChunks()


class TextChunks:
    """Folds chunks that each bring a piece of text."""

    __slots__ = ("calls", "counts", "is_chat", "reasons", "texts")

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {}
        self.reasons: dict[int, str] = {}
        self.counts: dict[str, Any] = {}
        self.calls: list[Any] = []
        self.is_chat = False

    def feed(self, chunk: Any) -> None:
        """Take the text of one chunk."""
        for position, (text, reason) in enumerate(texts_of(chunk)):
            index = chunk.get("index", position)
            if type(text) is str:
                self.texts.setdefault(index, []).append(text)
            if type(reason) is str:
                self.reasons[index] = reason
        self.counts.update(
            {name: value for name, value in chunk.items() if whole(value) is not None and "oken" in name}
        )
        if "event_type" in chunk:  # Cohere's Command R
            self.is_chat = True
            budget = Snapshot()
            self.calls += [cohere_call(call, budget) for call in get_list(chunk.get("response"), "tool_calls")]

    def response(self) -> Response:
        """The texts so far."""
        texts = ["".join(self.texts[index]) for index in sorted(self.texts)]
        return Response(
            finish_reasons=[self.reasons[index] for index in sorted(self.reasons)],
            output=output_of(texts, self.calls, self.is_chat),
            usage=bedrock.usage(self.counts),
        )
