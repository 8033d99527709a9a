"""What LiteLLM answers: OpenAI's shapes, and beside them who served the answer and what LiteLLM made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import get, get_list, whole
from mutagent.capture.snapshot import snapshot
from mutagent.integrations.facts import server_of
from mutagent.integrations.shapes import (
    audio,
    chat,
    chat_chunks,
    completions,
    embeddings,
    images,
    moderations,
    rerank,
)
from mutagent.integrations.spec import Request, Response, Usage
from mutagent.integrations.specs.litellm.providers import named, otel_name, own_id, served
from mutagent.integrations.specs.openai import responses

_REQUEST_IDS = ("request-id", "llm_provider-x-request-id", "llm_provider-request-id", "llm_provider-apim-request-id")


def hidden_of(answer: Any) -> Any:
    """What LiteLLM says beside an answer or a chunk: a private attribute of its models."""
    private = getattr(answer, "__pydantic_private__", None)
    return get(private, "_hidden_params") if type(private) is dict else get(answer, "_hidden_params")


def add_hidden(found: Response, hidden: Any) -> Response:
    """Add who served the answer, where, at what price by LiteLLM's reckoning, and whether its cache did."""
    server = get(hidden, "api_base")
    server = server if type(server) is str and server else None
    provider = served(hidden)
    if provider is not None:
        found.provider = otel_name(provider, server)
    model = get(hidden, "provider_response_model")
    if type(model) is str and model:
        found.model = model
    elif type(found.model) is str:
        found.model = named(found.model, provider)[0]
    headers = get(hidden, "additional_headers")
    request_id = next((value for name in _REQUEST_IDS if type(value := get(headers, name)) is str), None)
    facts = {
        "mutagent.request_id": request_id,
        "mutagent.litellm.response_cost": get(hidden, "response_cost"),
        "mutagent.litellm.model_id": get(hidden, "model_id"),
        "mutagent.litellm.cache_hit": get(hidden, "cache_hit") or None,
    }
    found.attributes = {
        **found.attributes,
        **({} if server is None else server_of(server)),
        **{name: value for name, value in facts.items() if type(value) in (str, float, int, bool)},
    }
    return found


def usage(found: Usage | None) -> Usage | None:
    """Counts as OpenAI's shape has them, with the tokens written to a cache where LiteLLM says them.

    An object of zeros is what LiteLLM makes where the provider said nothing.
    """
    if found is not None and found.input is None and get(found.raw, "prompt_tokens") is not None:
        found = chat.usage(found.raw)  # images and sound, of providers that count them like a chat
    if found is None or (found.input, found.output, found.total) == (0, 0, 0):
        return None
    if found.cache_creation is None:
        details = get(found.raw, "prompt_tokens_details")
        told = (get(details, "cache_creation_tokens"), get(found.raw, "cache_creation_input_tokens"))
        found.cache_creation = next((count for value in told if (count := whole(value)) is not None), None)
    return found


def reader(read: Callable[[Any], Response]) -> Callable[[Any], Response]:
    """A reader of OpenAI's shape as one of LiteLLM's answers."""

    def response(answer: Any) -> Response:
        found = read(answer)
        found.usage = usage(found.usage)
        found.id, provider = own_id(found.id)
        hidden = hidden_of(answer)
        if provider is not None and served(hidden) is None:
            found.provider = otel_name(provider, None)
        return add_hidden(found, hidden)

    return response


chat_response = reader(chat.response)


def _embeddings(answer: Any) -> Response:
    found = embeddings.response(answer)
    if found.usage is not None:
        found.usage.output = found.usage.output or None  # LiteLLM's own zero: vectors are no tokens
    return found


embeddings_response = reader(_embeddings)
text_response = reader(completions.response)
responses_response = reader(responses.response)


def rerank_response(answer: Any, asks: Request) -> Response:
    """The documents in their new order."""
    return reader(lambda answer: _rerank(answer, asks))(answer)


def _rerank(answer: Any, asks: Request) -> Response:
    meta = get(answer, "meta")
    counts = get(meta, "tokens") or get(meta, "billed_units")
    asked, given = whole(get(counts, "input_tokens")), whole(get(counts, "output_tokens"))
    return Response(
        id=get(answer, "id"),
        output=rerank.ranked(get_list(answer, "results"), asks),
        # Zeros where searches are billed.
        usage=Usage(input=asked, output=given or None, raw=snapshot(meta)) if asked else None,
        attributes=rerank.billed(meta),
    )


image_response = reader(images.response)
transcription_response = reader(audio.transcription_response)
sound_response = reader(audio.speech_response)
moderation_response = reader(moderations.response)


class _Hidden:
    """Keeps what the chunks say beside themselves: the last that says anything, and the usage where it came there."""

    hidden: Any = None
    served_by: Any = None
    counted: Any = None

    def see(self, chunk: Any) -> None:
        found = hidden_of(chunk)
        if found:
            self.hidden = found
            self.served_by = get(found, "provider_response_model") or self.served_by
            # LiteLLM knows the usage of a stream whose program did not ask for it, and says so beside the last chunk.
            self.counted = get(found, "usage") or self.counted

    def complete(self, found: Response) -> Response:
        found.id, _ = own_id(found.id)
        found.usage = usage(found.usage) or usage(chat.usage(self.counted))
        found = add_hidden(found, self.hidden)
        found.model = self.served_by or found.model
        return found


def _plain(value: Any) -> dict[str, Any]:
    """The fields of a model of which many are no declared ones, such as a delta's content."""
    return {**value.__dict__, **(value.__pydantic_extra__ or {})}


class Chunks(chat_chunks.ChatChunks, _Hidden):
    """Folds a streamed chat completion."""

    def feed(self, chunk: Any) -> None:
        """Take one chunk."""
        fields = _plain(chunk)
        choices = [_plain(choice) for choice in fields.get("choices") or ()]
        for choice in choices:
            choice["delta"] = _plain(choice["delta"]) if choice.get("delta") is not None else None
        super().feed({**fields, "choices": choices})
        self.see(chunk)

    def response(self) -> Response:
        """The completion so far."""
        return self.complete(super().response())


class TextChunks(completions.CompletionChunks, _Hidden):
    """Folds a streamed legacy completion."""

    def feed(self, chunk: Any) -> None:
        """Take one chunk."""
        super().feed(chunk)
        self.see(chunk)

    def response(self) -> Response:
        """The completion so far."""
        return self.complete(super().response())


class Events(responses.ResponseEvents, _Hidden):
    """Folds the events of a streamed response, which bring the usage unasked."""

    def feed(self, event: Any) -> None:
        """Take one event."""
        super().feed(event)
        self.see(event)

    def response(self) -> Response:
        """The response so far."""
        return self.complete(super().response())
