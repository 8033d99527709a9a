"""What InvokeModel answers: a body in the vendor's own schema, told by its fields."""

from __future__ import annotations

import re
from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, message, rerank
from mutagent.integrations.spec import Request, Response, Usage
from mutagent.integrations.specs.bedrock import client as bedrock
from mutagent.integrations.specs.bedrock.converse import response as converse_response

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
ACTION, TRACE = "amazon-bedrock-guardrailAction", "amazon-bedrock-trace"


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
    return guarded(found, body)


def _has_message(body: dict[str, Any]) -> bool:
    return get(next(iter(get_list(body, "choices")), None), "message") is not None


def guarded(found: Response, body: dict[str, Any]) -> Response:
    """What a guardrail did, where one was asked for."""
    found.attributes |= bedrock.named(mutagent__response__guardrail_action=body.get(ACTION))
    found.output = bedrock.with_trace(found.output, body.get(TRACE))
    return found


def _texts(body: dict[str, Any]) -> Response:
    budget = Snapshot()
    found = texts_of(body)
    texts = [budget.take(text) for text, _ in found if text is not None]
    calls = [cohere_call(call, budget) for call in get_list(body, "tool_calls")]
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


def cohere_call(call: Any, budget: Snapshot) -> dict[str, Any]:
    """A tool call of Cohere's first version."""
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
