"""Azure AI Inference, 1.0.0b4 to 1.0.0b9: chat completions, embeddings of texts and of images.

The protocol is OpenAI's; the client's models are mappings around the JSON that travels. The library and azure-core can
make OpenTelemetry spans of their own where a program switches that on; it is left as it is.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, instance_dict, is_kind, loaded
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, embeddings
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.shapes.hosts import provider_of
from mutagent.integrations.shapes.request import offered, parameters, text_input, text_of
from mutagent.integrations.spec import Integration, Request, Response, Target

SYNC = ("azure.ai.inference._patch",)
ASYNC = ("azure.ai.inference.aio._patch",)
# Newer code from the same generator has it in the second place.
_MODELS = ("azure.ai.inference._model_base", "azure.ai.inference._utils.model_base")
_MAX_DEPTH = 32
# What a request's body says. A client may have been told before, for all of its calls.
_CHAT = ("model", "stream", "frequency_penalty", "presence_penalty", "temperature", "top_p", "max_tokens",
         "response_format", "stop", "tools", "tool_choice", "seed")  # fmt: skip
_EMBED = ("model", "dimensions", "encoding_format", "input_type")
USAGE_MISSING = (
    "the stream carried no usage: where the service asks for it, "
    "pass model_extras={'stream_options': {'include_usage': True}}"
)


def plain(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """A model of the client's as the JSON that it holds, as deep as there are models; nothing of theirs is run."""
    if depth == 0:
        return value
    if type(value) is list:
        # Vectors and token ids.
        if value and type(value[0]) in (float, int):
            return value
        return [plain(item, depth - 1) for item in value]
    data = value if type(value) is dict else _data(value)
    return value if data is None else {name: plain(item, depth - 1) for name, item in list(data.items())}


def _data(value: Any) -> dict[str, Any] | None:
    model = next((found for module in _MODELS if (found := loaded(module, "Model")) is not None), None)
    if model is None or not is_kind(value, model):
        return None
    data = (instance_dict(value) or {}).get("_data")
    return data if type(data) is dict else None


def _body(given: dict[str, Any], instance: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The request's body, as the client makes it of the arguments and of what it was told before."""
    body, streamed = given.get("body"), {"stream": given.get("stream")}
    if type(body) is bytes:
        return {**fields_of(chat.arguments(body.decode("utf-8", "replace"))), **streamed}
    whole = plain(body)
    if type(whole) is dict:
        return {**streamed, **whole}
    told = instance_dict(instance) or {}
    found: dict[str, Any] = {name: given.get(name) for name in ("messages", "input")}
    for name in names:
        own = given.get(name)
        found[name] = plain(told.get(_TOLD.get(name, f"_{name}")) if own is None else own)
    own = given.get("model_extras")
    extras = told.get("_model_extras") if own is None else plain(own)
    return {**found, **extras} if type(extras) is dict else found


_TOLD = {"response_format": "_internal_response_format"}


def _request(body: dict[str, Any], instance: Any, found: dict[str, Any]) -> Request:
    config = instance._config
    server = text_of(config.endpoint)
    version = text_of(getattr(config, "api_version", None))
    return Request(
        model=text_of(body.get("model")),
        provider=provider_of("", server or "", "azure.ai.inference"),
        input=found,
        parameters=parameters({**body, "api_version": version}),
        server=server,
        streamed=body.get("stream") is True,
    )


def chat_request(given: dict[str, Any], instance: Any) -> Request:
    """What a chat completion asks for."""
    budget = Snapshot()
    body = _body(given, instance, _CHAT)
    messages = [plain(message) for message in as_list(body.get("messages"))]
    asks = _request(body, instance, chat.messages(messages, budget))
    asks.attributes.update(offered(body, budget))
    return asks


def embed_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be embedded: texts, or images with texts beside them."""
    body = _body(given, instance, _EMBED)
    return _request(body, instance, text_input(plain(body.get("input"))))


def chat_response(answer: Any) -> Response:
    """A whole chat completion."""
    return chat.response(plain(answer))


def embed_response(answer: Any) -> Response:
    """How many vectors came."""
    found = plain(answer)
    response = embeddings.response(found)
    response.id = get(found, "id")
    return response


class Updates(ChatChunks):
    """Folds the updates of a streamed chat completion."""

    __slots__ = ()

    def feed(self, chunk: Any) -> None:
        """Take the deltas of one update."""
        super().feed(plain(chunk))

    def response(self) -> Response:
        """The completion so far; ``complete`` has no argument by which its stream could be asked for the usage."""
        found = super().response()
        if found.usage is None:
            found.attributes = {**found.attributes, "mutagent.usage.missing": USAGE_MISSING}
        return found


def error_facts(error: BaseException) -> dict[str, Any]:
    """What an exception of azure-core's says: its code stands in an OData error."""
    found = api_error(error)
    code = (instance_dict((instance_dict(error) or {}).get("error")) or {}).get("code")
    return {**found, "mutagent.error.code": code} if type(code) is str else found


AZURE_INFERENCE = Integration(
    name="azure-ai-inference",
    distribution="azure-ai-inference",
    versions=">=1.0.0b4,<2",
    pieces=tuple(
        piece
        for modules in (SYNC, ASYNC)
        for piece in (
            Target(modules, "ChatCompletionsClient.complete", "llm.chat", "chat", chat_request, chat_response, Updates,
                   parameters=("body",)),
            Target(modules, "EmbeddingsClient.embed", "llm.embedding", "embeddings", embed_request, embed_response,
                   parameters=("body",)),
            Target(modules, "ImageEmbeddingsClient.embed", "llm.embedding", "embeddings", embed_request,
                   embed_response, parameters=("body",)),
        )
    ),
    traces="`complete`, `embed` of texts and of images; streams",
    error=error_facts,
)  # fmt: skip
