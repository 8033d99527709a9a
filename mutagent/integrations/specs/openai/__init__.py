"""OpenAI's Python client, 1.40 to 3.x, and every client that is built on it.

``AzureOpenAI`` and the module-level client use the same resource classes. Raw responses go through the same methods.

The client imports its resources when they are used, older ones all at once. The files here are loaded with them:
`import openai` alone loads this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mutagent.integrations.shapes.copies import copies_of
from mutagent.integrations.spec import Close, Integration, Part, Piece, Raw

_HERE = "mutagent.integrations.specs.openai"
_RESOURCES = "openai.resources"
_STREAMING = ("openai._streaming",)
_LEGACY_RESPONSE = ("openai._legacy_response",)
_RESPONSE = ("openai._response",)
_CHAT_HELPERS = ("openai.lib.streaming.chat._completions",)
_RESPONSE_HELPERS = ("openai.lib.streaming.responses._responses",)
# Each has a `copy` of its own; Azure's calls the first.
_CLIENTS = (("openai._client", "OpenAI"), ("openai.lib.bedrock", "BedrockOpenAI"))


def _part(place: str, *modules: str) -> Part:
    return Part(tuple(f"{_RESOURCES}.{module}" for module in modules), f"{_HERE}.{place}")


_PARTS = (
    _part("chat:TARGETS", "chat.completions.completions", "chat.completions", "beta.chat.completions"),
    _part("responses:TARGETS", "responses.responses", "beta.responses.responses"),
    _part("response_sessions:PIECES", "responses.responses", "beta.responses.responses"),
    _part("text:TARGETS", "embeddings", "completions"),
    _part("images:TARGETS", "images"),
    _part("audio:TARGETS", "audio.speech", "audio.transcriptions", "audio.translations"),
    _part("judgements:TARGETS", "moderations", "decisions"),
    _part("vector_stores:PIECES", "vector_stores.vector_stores"),
    _part("assistants:PIECES", "beta.threads.runs.runs", "beta.threads.threads"),
    _part("realtime:PIECES", "realtime.realtime", "beta.realtime.realtime"),
)
_LEAVING: tuple[Piece, ...] = (
    Close(_STREAMING, "Stream.close"),
    Close(_STREAMING, "AsyncStream.close"),
    # The helpers close the HTTP response and not the raw stream they read.
    Close(_CHAT_HELPERS, "ChatCompletionStream.close", stream="_raw_stream"),
    Close(_CHAT_HELPERS, "AsyncChatCompletionStream.close", stream="_raw_stream"),
    Close(_RESPONSE_HELPERS, "ResponseStream.close", stream="_raw_stream"),
    Close(_RESPONSE_HELPERS, "AsyncResponseStream.close", stream="_raw_stream"),
)
_RAW: tuple[Piece, ...] = (
    Raw(_LEGACY_RESPONSE, "LegacyAPIResponse.parse"),
    Raw(_RESPONSE, "APIResponse.parse", close="APIResponse.close"),
    Raw(_RESPONSE, "AsyncAPIResponse.parse", close="AsyncAPIResponse.close"),
)


def _error(error: BaseException) -> Mapping[str, Any]:
    from mutagent.integrations.shapes.errors import api_error  # it reads values, which an import has none of

    return api_error(error)


OPENAI = Integration(
    name="openai",
    distribution="openai",
    versions=">=1.40,<4",
    pieces=(*_LEAVING, *_RAW),
    parts=_PARTS,
    traces="`chat.completions`, `responses`, `completions`, `embeddings`, `images`, `audio`, `moderations`, "
    "`decisions`, `vector_stores.search`, Assistants' runs, Realtime, Responses over a WebSocket; `parse`, "
    "`.stream()`, raw responses; Azure",
    leaves="`batches`, `live`, `videos`",
    error=_error,
    decodes=True,
    copies=copies_of(*_CLIENTS),
)
