"""Groq's Python client, 0.11 to 1.x: chat completions, embeddings, audio.

Its protocol is OpenAI's; what is Groq's own stands in ``x_groq``: the request's id, a stream's usage, and why a stream
was given up.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list, get_path
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import audio, chat, chat_request, embeddings
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.spec import Close, Integration, Raw, Response, Target

CHAT = ("groq.resources.chat.completions",)
EMBEDDINGS = ("groq.resources.embeddings",)
STREAMING = ("groq._streaming",)
RESPONSES = ("groq._response",)


def response(answer: Any) -> Response:
    """A whole chat completion."""
    found = chat.response(answer)
    request_id = get_path(answer, "x_groq", "id")
    if type(request_id) is str:
        found.attributes["mutagent.request_id"] = request_id
    for choice, message in zip(get_list(answer, "choices"), _messages(found), strict=False):
        _add_executed(message, get_list(get(choice, "message"), "executed_tools"))
    return found


class Chunks(ChatChunks):
    """Folds the chunks of a streamed chat completion; the last brings the usage without being asked."""

    __slots__ = ("error", "executed")

    def __init__(self) -> None:
        super().__init__()
        self.error: str | None = None
        self.executed: dict[Any, Any] = {}

    def feed(self, chunk: Any) -> None:
        """Take one chunk."""
        super().feed(chunk)
        told = get(chunk, "x_groq")
        if told is not None:
            self.error = get(told, "error") or self.error

    def feed_any(self, chunk: Any) -> None:
        """Take one chunk that is more than a piece of text."""
        super().feed_any(chunk)
        for choice in get_list(chunk, "choices"):
            for tool in get_list(get(choice, "delta"), "executed_tools"):
                # Told when it begins, and again with what came of it.
                self.executed[get(tool, "index")] = Snapshot(16_384, 200).take(tool)

    def response(self) -> Response:
        """The completion so far."""
        found = super().response()
        found.error = self.error
        for message in _messages(found)[:1]:
            _add_executed(message, list(self.executed.values()))
        return found


def _messages(found: Response) -> list[dict[str, Any]]:
    """The messages that were answered."""
    messages: list[dict[str, Any]] = (found.output or {}).get("messages", [])
    return messages


def _add_executed(message: dict[str, Any], tools: list[Any]) -> None:
    """Tools that Groq itself has run on the way to an answer (https://console.groq.com/docs/compound)."""
    if not tools:
        return
    budget = Snapshot()
    message["toolCalls"] = message.get("toolCalls", []) + [
        {
            "id": None,
            "name": get(tool, "type"),
            "arguments": budget.take(chat.arguments(get(tool, "arguments"))),
            "result": budget.take(get(tool, "output")),
        }
        for tool in tools
    ]


GROQ = Integration(
    name="groq",
    distribution="groq",
    versions=">=0.11,<2",
    pieces=(
        *(
            Target(CHAT, f"{cls}.create", "llm.chat", "chat", chat_request.request_of("groq"), response, Chunks,
                   plain=True)
            for cls in ("Completions", "AsyncCompletions")
        ),
        *(
            Target(EMBEDDINGS, f"{cls}.create", "llm.embedding", "embeddings",
                   embeddings.request_of("groq"), embeddings.response)
            for cls in ("Embeddings", "AsyncEmbeddings")
        ),
        *audio.targets_of("groq", "groq.resources.audio"),
        Close(STREAMING, "Stream.close"),
        Close(STREAMING, "AsyncStream.close"),
        Raw(RESPONSES, "APIResponse.parse", close="APIResponse.close"),
        Raw(RESPONSES, "AsyncAPIResponse.parse", close="AsyncAPIResponse.close"),
    ),
    traces="`chat.completions`, `embeddings`, `audio`; streams, raw responses",
    leaves="`batches`",
    decodes=True,
    error=api_error,
)  # fmt: skip
