"""Groq's Python client, 0.11 to 1.x: chat completions and embeddings.

Its protocol is OpenAI's; what is Groq's own stands in ``x_groq``: the request's id, a stream's usage, and why a stream
was given up.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get_path
from mutagent.integrations.shapes import chat, chat_request, embeddings
from mutagent.integrations.shapes.chat_chunks import ENDED_EARLY, ChatChunks
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
    return found


class Chunks(ChatChunks):
    """Folds the chunks of a streamed chat completion; the last brings the usage without being asked."""

    __slots__ = ("error",)
    missing = ENDED_EARLY

    def __init__(self) -> None:
        super().__init__()
        self.error: str | None = None

    def feed(self, chunk: Any) -> None:
        """Take one chunk."""
        super().feed(chunk)
        self.error = get_path(chunk, "x_groq", "error") or self.error

    def response(self) -> Response:
        """The completion so far."""
        found = super().response()
        found.error = self.error
        return found


GROQ = Integration(
    name="groq",
    distribution="groq",
    versions=">=0.11,<2",
    pieces=(
        *(
            Target(CHAT, f"{cls}.create", "llm.chat", "chat", chat_request.request_of("groq"), response, Chunks)
            for cls in ("Completions", "AsyncCompletions")
        ),
        *(
            Target(EMBEDDINGS, f"{cls}.create", "llm.embedding", "embeddings",
                   embeddings.request_of("groq"), embeddings.response)
            for cls in ("Embeddings", "AsyncEmbeddings")
        ),
        Close(STREAMING, "Stream.close"),
        Close(STREAMING, "AsyncStream.close"),
        Raw(RESPONSES, "APIResponse.parse", close="APIResponse.close"),
        Raw(RESPONSES, "AsyncAPIResponse.parse", close="AsyncAPIResponse.close"),
    ),
    traces="`chat.completions.create`, `embeddings.create`; streams, raw responses",
    leaves="`audio`, `batches`",
    error=api_error,
)  # fmt: skip
