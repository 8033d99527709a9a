"""What InvokeModel is asked: a body in the vendor's own schema, told by its fields more than by the model's id.

Ids say little: an inference profile, an imported model or a SageMaker endpoint has an ARN that names no vendor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import as_list, read, read_path, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import blocks, chat, rerank
from mutagent.integrations.shapes.request import offered, text_of
from mutagent.integrations.spec import Request
from mutagent.integrations.specs.bedrock import client as bedrock
from mutagent.integrations.specs.bedrock import converse

Body = dict[str, Any]

# What is asked, which has its own place on a span.
_CONTENT = frozenset({"messages", "system", "tools", "toolConfig", "message", "chat_history", "preamble", "prompt",
                      "inputText", "inputs", "texts", "images", "image", "inputImage", "query", "documents",
                      "singleEmbeddingParams", "segmentedEmbeddingParams", "text_prompts",
                      "textToImageParams"})  # fmt: skip
# Objects that only hold parameters.
_GROUPS = ("inferenceConfig", "textGenerationConfig", "imageGenerationConfig", "embeddingConfig", "parameters")
_EMBEDDING = frozenset({"normalize", "dimensions", "embeddingTypes", "embedding_types", "embeddingConfig", "texts",
                        "singleEmbeddingParams", "segmentedEmbeddingParams"})  # fmt: skip
_EMBEDDED = (
    "inputText",
    "texts",
    "inputs",
    "images",
    "inputImage",
    "singleEmbeddingParams",
    "segmentedEmbeddingParams",
)
_IMAGE = frozenset({"text_prompts", "textToImageParams", "imageGenerationConfig"})
_PROMPTS = ("prompt", "inputText", "inputs")
_COHERE_ROLES = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system", "TOOL": "tool"}

# The body that told a call's kind, parsed: the request, which is read next, need not parse it again.
_parsed: tuple[Any, Body] = (None, {})


def kind_of(asked: dict[str, Any]) -> str:
    """What a call is for: ``chat``, ``text``, ``embedding``, ``rerank`` or ``image``."""
    global _parsed
    body = _body_of(asked)
    _parsed = (asked.get("body"), body)
    model = text_of(asked.get("modelId")) or ""
    if "messages" in body or "message" in body:
        return "chat"
    # A prompt for Titan comes with a configuration; that its embeddings come without is common.
    unnamed = model.startswith("arn:") and ".titan-" not in model
    if "embed" in model or not _EMBEDDING.isdisjoint(body) or (unnamed and body.keys() == {"inputText"}):
        return "embedding"
    if "rerank" in model or ("query" in body and "documents" in body):
        return "rerank"
    return "image" if "stability." in model or "image" in model or not _IMAGE.isdisjoint(body) else "text"


def _body_of(asked: dict[str, Any]) -> Body:
    global _parsed
    raw, (told, body) = asked.get("body"), _parsed
    _parsed = (None, {})
    if raw is not None and told is raw:
        return body
    found = bedrock.json_of(raw)
    return found if type(found) is dict else {}


def _reader(read_body: Callable[[Body], Request]) -> Callable[[dict[str, Any], Any], Request]:
    """A request function made of one that reads a body: what stands beside the body is the same for all of them."""

    def request(given: dict[str, Any], client: Any) -> Request:
        asked = given["api_params"]
        body = _body_of(asked)
        found = read_body({**body, "modelId": asked.get("modelId")})
        beside = {name: asked.get(name) for name in ("performanceConfigLatency", "serviceTier")}
        plain = {name: value for name, value in body.items() if name not in _CONTENT and name not in _GROUPS}
        found.parameters |= bedrock.parameters(plain, *(body.get(name) for name in _GROUPS), beside)
        found.attributes |= bedrock.named(aws__bedrock__guardrail__id=asked.get("guardrailIdentifier"))
        return bedrock.addressed(found, client, asked.get("modelId"))

    return request


def _chat(body: Body) -> Request:
    is_nova = ".nova-" in (text_of(body["modelId"]) or "")
    if is_nova or not {"inferenceConfig", "toolConfig", "schemaVersion"}.isdisjoint(body):
        return converse.conversation(body)
    budget = Snapshot()
    system = body.get("system", body.get("preamble"))
    system = blocks.simple(budget.take(as_list(system))) if type(system) is not str else budget.text(system)
    attributes = {**bedrock.named(gen_ai__system_instructions=system), **offered(body, budget)}
    turns = body.get("messages") or [*_history(body), {"role": "user", "content": body.get("message")}]
    read_one = blocks.message if "anthropic_version" in body else chat.message
    return Request(input=blocks.messages(turns, system, budget, read_one), attributes=attributes)


def _history(body: Body) -> list[Any]:
    return [
        {"role": _COHERE_ROLES.get(role, role), "content": read(turn, "message") or read(turn, "tool_results")}
        for turn in as_list(body.get("chat_history"))
        if (role := read_str(turn, "role")) is not None
    ]


def _first(body: Body, names: tuple[str, ...]) -> Any:
    return next((body[name] for name in names if body.get(name)), None)


def _asked(value: Any) -> Request:
    taken = Snapshot().take(value)
    return Request(input={"text": taken} if type(taken) is str else {"raw": taken})


def _text(body: Body) -> Request:
    return _asked(_first(body, _PROMPTS))


def _embedding(body: Body) -> Request:
    value = _first(body, _EMBEDDED)
    text = read_path(value, "text", "value")
    found = _asked(value if text is None else text)
    found.parameters = bedrock.parameters({"dimensions": read(value, "embeddingDimension")})
    return found


def _rerank(body: Body) -> Request:
    said, attributes = rerank.asked(body.get("query"), body.get("documents"))
    return Request(input=said, attributes=attributes)


def _image(body: Body) -> Request:
    prompts = [read_str(one, "text") or "" for one in as_list(body.get("text_prompts"))]
    prompt = body.get("prompt") or read_path(body, "textToImageParams", "text") or "\n".join(prompts)
    return Request(
        input={"messages": [{"role": "user", "content": Snapshot().take(prompt)}]},
        attributes={"gen_ai.output.type": "image"},
    )


# By kind of call.
REQUESTS = {
    "chat": _reader(_chat),
    "text": _reader(_text),
    "embedding": _reader(_embedding),
    "rerank": _reader(_rerank),
    "image": _reader(_image),
}
