"""Hugging Face's ``InferenceClient``, 0.26 to 2.x: chat, text generation and feature extraction.

``client.chat.completions.create`` is ``chat_completion`` by another name.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list, instance_dict, read, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, chat_chunks, embeddings
from mutagent.integrations.shapes.errors import api_error, plain_facts
from mutagent.integrations.shapes.hosts import provider_of
from mutagent.integrations.shapes.request import offered, parameters, streams, text_input, text_of
from mutagent.integrations.spec import Integration, Request, Response, Target, Usage

_SYNC = ("huggingface_hub.inference._client",)
_ASYNC = ("huggingface_hub.inference._generated._async_client",)


def _request(given: dict[str, Any], instance: Any, found: dict[str, Any], attributes: dict[str, Any]) -> Request:
    # Both may hold a model's name or the URL of an endpoint.
    named = [text for text in (text_of(given.get("model")), text_of(instance.model)) if text]
    server = next((text for text in reversed(named) if _is_url(text)), None)
    wanted = {name: value for name, value in parameters(given).items() if name != "text"}
    router = text_of(getattr(instance, "provider", None))
    if router is not None:
        wanted["provider"] = router
    return Request(
        model=next((text for text in named if not _is_url(text)), None),
        provider=provider_of("", server or "", "huggingface"),
        input=found,
        parameters=wanted,
        attributes=attributes,
        server=server,
        streamed=streams(given),
    )


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def chat_request(given: dict[str, Any], instance: Any) -> Request:
    """What a chat asks for."""
    budget = Snapshot()
    attributes = offered(given, budget)
    return _request(given, instance, chat.messages(given.get("messages"), budget), attributes)


def generation_request(given: dict[str, Any], instance: Any) -> Request:
    """What a generation goes on from."""
    return _request(given, instance, text_input(given.get("prompt")), {})


def features_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be embedded."""
    return _request(given, instance, text_input(given.get("text")), {})


def generation(answer: Any) -> Response:
    """A whole generation: its text alone, or with the details that were asked for."""
    if type(answer) is str:
        return _generated(answer, None)
    return _generated(get(answer, "generated_text"), get(answer, "details"))


def _generated(text: Any, details: Any) -> Response:
    reason, count = get(details, "finish_reason"), whole(get(details, "generated_tokens"))
    asked = whole(get(details, "input_length")) or len(get_list(details, "prefill")) or None
    raw = {name: said for name in ("generated_tokens", "input_length") if (said := get(details, name)) is not None}
    return Response(
        finish_reasons=[] if reason is None else [reason],
        output={"text": Snapshot().take(text)},
        usage=None if count is None else Usage(input=asked, output=count, raw=raw),
    )


class GenerationParts:
    """Folds the parts of a streamed generation: pieces of text, or tokens with details at the end."""

    __slots__ = ("details", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.details: Any = None

    def feed(self, chunk: Any) -> None:
        """Take one part."""
        if type(chunk) is str:
            self.text.append(chunk)
            return
        token = get(chunk, "token")
        if get(token, "special") is not True:
            self.text.append(get(token, "text") or "")
        self.details = get(chunk, "details") or self.details

    def response(self) -> Response:
        """The generation so far."""
        return _generated("".join(self.text), self.details)


def features(answer: Any) -> Response:
    """How many vectors came: an array of them, or lists."""
    return Response(output=embeddings.counted(answer))


def error_facts(error: BaseException) -> dict[str, Any]:
    """What an exception says; one of text generation's own has the HTTP error as its cause."""
    there = error
    if (instance_dict(error) or {}).get("response") is None and error.__cause__ is not None:
        there = error.__cause__
    status = read((instance_dict(there) or {}).get("response"), "status_code")
    return {**api_error(there), **plain_facts({"http.response.status_code": status})}


def _chat(modules: tuple[str, ...], path: str) -> Target:
    return Target(
        modules, path, "llm.chat", "chat", chat_request, chat.response, chat_chunks.ChatChunks, ("messages",),
        ask_usage=chat_chunks.ask_usage, hides=chat_chunks.only_usage,
    )  # fmt: skip


HUGGINGFACE = Integration(
    name="huggingface",
    distribution="huggingface_hub",
    versions=">=0.26,<3",
    pieces=tuple(
        target
        for modules, cls in ((_SYNC, "InferenceClient"), (_ASYNC, "AsyncInferenceClient"))
        for target in (
            _chat(modules, f"{cls}.chat_completion"),
            Target(modules, f"{cls}.text_generation", "llm.completion", "text_completion", generation_request,
                   generation, GenerationParts, ("prompt",)),
            Target(modules, f"{cls}.feature_extraction", "llm.embedding", "embeddings", features_request, features,
                   parameters=("text",)),
        )
    ),
    traces="`InferenceClient`'s `chat_completion` (`chat.completions.create`), `text_generation`, `feature_extraction`",
    leaves="the other tasks of `InferenceClient`",
    error=error_facts,
)  # fmt: skip
