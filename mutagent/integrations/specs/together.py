"""Together's Python client, 1.0 to 3.x: chat completions, completions, embeddings, reranking, images, audio.

Written by hand up to 1.x, where streams are generators and errors have a shape of their own; generated from 2.0 on.
The protocol is OpenAI's; a stream's usage comes unasked.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, instance_dict
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import audio, chat, chat_request, completions, embeddings, images, rerank
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.chat import arguments
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.spec import Close, Integration, Raw, Request, Response, Target

STREAMING = ("together._streaming",)
RESPONSES = ("together._response",)


class CompletionChunks(completions.CompletionChunks):
    """Folds the chunks of a streamed completion."""

    def feed(self, chunk: Any) -> None:
        """Take one chunk, which may say the reason beside its choices."""
        super().feed(chunk)
        reason = get(chunk, "finish_reason")
        if reason:
            self.reasons[0] = reason

    def text_of(self, choice: Any) -> str:
        """What one chunk adds to a choice: newer models say it as chat completions do."""
        return get(choice, "text") or get_path(choice, "delta", "content") or ""


class SpeechChunks:
    """Folds the chunks of streamed speech: how much sound came."""

    __slots__ = ("model", "size")

    def __init__(self) -> None:
        self.size = 0
        self.model: Any = None

    def feed(self, chunk: Any) -> None:
        """Take one chunk, whose sound is base64."""
        self.model = get(chunk, "model") or self.model
        sound = get(chunk, "b64")
        if type(sound) is str:
            self.size += len(sound) * 3 // 4 - sound.count("=", -2)

    def response(self) -> Response:
        """The sound so far."""
        return Response(model=self.model, output={"raw": {"type": "audio", "size": self.size}})


def rerank_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be ranked, and for which query."""
    found, attributes = rerank.asked(given.get("query"), given.get("documents"))
    asks = asked(given, instance, found, ("documents",), "together")
    asks.attributes.update(attributes)
    return asks


def rerank_response(answer: Any, asks: Request) -> Response:
    """The documents in their new order."""
    return Response(
        model=get(answer, "model"),
        id=get(answer, "id"),
        output=rerank.ranked(get_list(answer, "results"), asks),
        usage=chat.usage(get(answer, "usage")),
    )


def image_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be drawn, and after which images; these are given by their URLs."""
    budget = Snapshot()
    urls = [given.get("image_url"), *as_list(given.get("reference_images"))]
    shown = [{"type": "image_url", "image_url": {"url": budget.take(url)}} for url in urls if type(url) is str]
    return images.asks_for(given, instance, shown, ("image_url", "reference_images"), "together")


def error_facts(error: BaseException) -> dict[str, Any]:
    """What an exception says; those of 1.x have the status under another name, and the body in their message."""
    fields = instance_dict(error) or {}
    status, message = fields.get("http_status"), fields.get("_message")
    if type(status) is not int or type(message) is not str:
        return api_error(error)
    detail = arguments(message.partition(" - ")[2])
    kind = get(detail, "type_")
    found = {
        "http.response.status_code": status,
        "mutagent.error.code": get(detail, "code") or kind,
        "mutagent.error.type": kind,
        "mutagent.request_id": fields.get("request_id"),
    }
    return {name: value for name, value in found.items() if type(value) in (str, int)}


_CHAT: dict[str, Any] = {
    "kind": "llm.chat", "operation": "chat", "request": chat_request.request_of("together"),
    "response": chat.response, "chunks": ChatChunks, "plain": True,
}  # fmt: skip
_COMPLETION: dict[str, Any] = {
    "kind": "llm.completion", "operation": "text_completion", "request": embeddings.request_of("together", "prompt"),
    "response": completions.response, "chunks": CompletionChunks,
}  # fmt: skip
_EMBEDDING: dict[str, Any] = {
    "kind": "llm.embedding", "operation": "embeddings", "request": embeddings.request_of("together"),
    "response": embeddings.response,
}  # fmt: skip
_IMAGE: dict[str, Any] = {
    "kind": "llm.completion", "operation": "generate_content", "request": image_request, "response": images.response,
}  # fmt: skip
# Module, class up to 1.x, class from 2.0 on, method, and what is traced of it.
_METHODS: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("chat.completions", "ChatCompletions", "CompletionsResource", "create", _CHAT),
    ("completions", "Completions", "CompletionsResource", "create", _COMPLETION),
    ("embeddings", "Embeddings", "EmbeddingsResource", "create", _EMBEDDING),
    ("images", "Images", "ImagesResource", "generate", _IMAGE),
)
TARGETS = (
    *(
        Target((f"together.resources.{module}",), f"{prefix}{cls}.{method}", **what)
        for module, older, newer, method, what in _METHODS
        for cls in (newer, older)
        for prefix in ("", "Async")
    ),
    *(
        Target(("together.resources.rerank",), f"{prefix}{cls}.create", "rerank", "rerank", rerank_request,
               response_to=rerank_response)
        for cls in ("RerankResource", "Rerank")
        for prefix in ("", "Async")
    ),
    *audio.targets_of("together", "together.resources.audio", speech=SpeechChunks, suffix="Resource"),
)  # fmt: skip

TOGETHER = Integration(
    name="together",
    distribution="together",
    versions=">=1.0.1,<4",
    pieces=(
        *TARGETS,
        Close(STREAMING, "Stream.close"),
        Close(STREAMING, "AsyncStream.close"),
        Raw(RESPONSES, "APIResponse.parse", close="APIResponse.close"),
        Raw(RESPONSES, "AsyncAPIResponse.parse", close="AsyncAPIResponse.close"),
    ),
    traces="`chat.completions`, `completions`, `embeddings`, `rerank`, `images`, `audio`; streams, raw responses",
    leaves="`audio` before 2.0, `videos`, `batches`, `evals`, `fine_tuning`",
    decodes=True,
    error=error_facts,
)
