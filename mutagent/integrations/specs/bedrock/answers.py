"""What InvokeModel answers: a body in the vendor's own schema, whole or in chunks, told by its fields."""

from __future__ import annotations

import re
from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, message, rerank
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.spec import Chunks, Request, Response, Usage
from mutagent.integrations.specs.bedrock import client as bedrock
from mutagent.integrations.specs.bedrock.converse import ConverseEvents
from mutagent.integrations.specs.bedrock.converse import response as converse_response

METRICS = "amazon-bedrock-invocationMetrics"
# Where texts stand, and beside each why it ended: lists of them first (Titan, Mistral, Cohere, AI21, OpenAI's
# completions), then lone ones (Llama, Claude 2, Titan in chunks, Cohere, Hugging Face).
_LISTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("results", ("outputText",), ("completionReason",)),
    ("outputs", ("text",), ("stop_reason",)),
    ("generations", ("text",), ("finish_reason",)),
    ("completions", ("data", "text"), ("finishReason", "reason")),
    ("choices", ("text",), ("finish_reason",)),
)
_FIELDS = (
    ("generation", "stop_reason"),
    ("completion", "stop_reason"),
    ("outputText", "completionReason"),
    ("text", "finish_reason"),
    ("generated_text", "finish_reason"),
)
_VECTOR = re.compile(rb"\[\s*-?\d[-+.\deE,\s]*\]")
_ACTION, _TRACE = "amazon-bedrock-guardrailAction", "amazon-bedrock-trace"


def response(answer: Any) -> Response:
    """The answer of InvokeModel with the bytes of its body, as far as the program has read them."""
    body = bedrock.json_of(get(answer, "body"))
    found = read_body(body[0] if type(body) is list and body else body)
    found.attributes |= bedrock.metadata(answer)
    found.usage = found.usage or bedrock.header_usage(answer)
    return found


def embedding_response(answer: Any) -> Response:
    """The answer of InvokeModel where it is vectors: they are long, so each is parsed as its length alone."""
    data = get(answer, "body")
    if type(data) is bytes:
        answer = {**answer, "body": _VECTOR.sub(_length, data)}
    return response(answer)


def rerank_response(answer: Any, asked: Request) -> Response:
    """The answer of InvokeModel where it is a ranking."""
    found = response(answer)
    body = bedrock.json_of(get(answer, "body"))
    found.output = rerank.ranked(get_list(body, "results"), asked)
    return found


def _length(vector: re.Match[bytes]) -> bytes:
    return b"[%d]" % (vector.group().count(b",") + 1)


def read_body(body: Any) -> Response:
    """A whole body; an empty response for one of no known shape."""
    if type(body) is not dict:
        return Response()
    if get_path(body, "output", "message") is not None:
        found = converse_response(body)
    elif type(body.get("content")) is list:
        found = message.response(body)
    elif _has_message(body):
        found = chat.response(body)
    elif "embedding" in body or "embeddings" in body or "embeddingsByType" in body:
        found = _vectors(body)
    elif "images" in body or "artifacts" in body:
        found = _images(body)
    else:
        found = _texts(body)
    return _guarded(found, body)


def _has_message(body: dict[str, Any]) -> bool:
    return get(next(iter(get_list(body, "choices")), None), "message") is not None


def _guarded(found: Response, body: dict[str, Any]) -> Response:
    """What a guardrail did, where one was asked for."""
    found.attributes |= bedrock.named(mutagent__response__guardrail_action=body.get(_ACTION))
    found.output = bedrock.with_trace(found.output, body.get(_TRACE))
    return found


def _texts(body: dict[str, Any]) -> Response:
    budget = Snapshot()
    found = texts_of(body)
    texts = [budget.take(text) for text, _ in found if text is not None]
    calls = [_cohere_call(call, budget) for call in get_list(body, "tool_calls")]
    return Response(
        model=_word(body, "model"),
        id=_word(body, "id") or _word(body, "generation_id"),
        finish_reasons=[reason for _, reason in found if type(reason) is str],
        output=output_of(texts, calls, is_chat="generation_id" in body or "chat_history" in body),
        usage=chat.usage(body["usage"]) if type(body.get("usage")) is dict else text_usage(body),
    )


def texts_of(body: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The texts of a body or a chunk, each with why it ended."""
    for name, at, ended in _LISTS:
        items = get_list(body, name)
        if items:
            return [(get_path(item, *at), get_path(item, *ended)) for item in items]
    for name, ended_field in _FIELDS:
        if name in body:
            return [(body[name], body.get(ended_field))]
    return [(None, body["finish_reason"])] if body.get("finish_reason") else []


def output_of(texts: list[Any], calls: list[Any], is_chat: bool) -> dict[str, Any] | None:
    """Texts as an output object: as a message where they are one's."""
    if is_chat or calls:
        said = {"role": "assistant", "content": texts[0] if texts else None}
        return {"messages": [{**said, "toolCalls": calls} if calls else said]}
    if len(texts) > 1:
        return {"raw": texts}
    return {"text": texts[0]} if texts else None


def _cohere_call(call: Any, budget: Snapshot) -> dict[str, Any]:
    return {"id": get(call, "id"), "name": get(call, "name"), "arguments": budget.take(get(call, "parameters"))}


def text_usage(body: dict[str, Any]) -> Usage | None:
    """Token counts beside a text; Titan counts each of its results."""
    counts = [count for item in get_list(body, "results") if (count := whole(get(item, "tokenCount"))) is not None]
    raw = {name: value for name, value in body.items() if whole(value) is not None and "oken" in name}
    return bedrock.usage({**raw, "outputTokenCount": sum(counts)} if counts else raw)


def _vectors(body: dict[str, Any]) -> Response:
    found = body.get("embeddings", body.get("embedding", body.get("embeddingsByType")))
    if type(found) is dict:  # by type, the same ones for each
        found = next(iter(found.values()), None)
    rows = as_list(found)
    first = get(rows[0], "embedding") if rows and type(rows[0]) is dict else rows[0] if rows else None
    alone = type(first) in (int, float)
    output = {"embeddings": 1 if alone else len(rows)}
    vector = rows if alone else as_list(first)
    if vector:
        output["dimensions"] = vector[0] if len(vector) == 1 and type(vector[0]) is int else len(vector)
    return Response(id=_word(body, "id"), output={"raw": output}, usage=text_usage(body))


def _images(body: dict[str, Any]) -> Response:
    budget = Snapshot()
    data = get_list(body, "images") or [get(item, "base64") for item in get_list(body, "artifacts")]
    images = [{"type": "image", "data": budget.take(one, "data")} for one in data]
    reasons = as_list(body.get("finish_reasons")) or [get(item, "finishReason") for item in get_list(body, "artifacts")]
    return Response(
        finish_reasons=[reason for reason in reasons if type(reason) is str],
        output={"messages": [{"role": "assistant", "content": images}]},
    )


def _word(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    return str(value) if type(value) is int else value if type(value) is str else None


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
        self.guard |= {name: chunk[name] for name in (_ACTION, _TRACE) if chunk.get(name)}
        self.fold = self.fold or _fold_of(chunk)
        self.fold.feed(chunk)

    def response(self) -> Response:
        """The body so far. Bedrock counts tokens itself in the last chunk, and that is what it tells in its metrics."""
        found = _guarded(Response() if self.fold is None else self.fold.response(), self.guard)
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
            self.calls += [_cohere_call(call, budget) for call in get_list(chunk.get("response"), "tool_calls")]

    def response(self) -> Response:
        """The texts so far."""
        texts = ["".join(self.texts[index]) for index in sorted(self.texts)]
        return Response(
            finish_reasons=[self.reasons[index] for index in sorted(self.reasons)],
            output=output_of(texts, self.calls, self.is_chat),
            usage=bedrock.usage(self.counts),
        )
