"""OpenAI's Python client, 1.40 to 3.x, and every client that is built on it.

``AzureOpenAI`` and the module-level client use the same resource classes. Raw responses go through the same methods.
"""

from __future__ import annotations

from mutagent.integrations.shapes import audio
from mutagent.integrations.shapes.copies import copies_of
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.spec import Close, Integration, Piece, Raw
from mutagent.integrations.specs.openai import (
    assistants,
    chat,
    images,
    judgements,
    realtime,
    response_sessions,
    responses,
    text,
    vector_stores,
)

_STREAMING = ("openai._streaming",)
_LEGACY_RESPONSE = ("openai._legacy_response",)
_RESPONSE = ("openai._response",)
_CHAT_HELPERS = ("openai.lib.streaming.chat._completions",)
_RESPONSE_HELPERS = ("openai.lib.streaming.responses._responses",)
# Each has a `copy` of its own; Azure's calls the first.
_CLIENTS = (("openai._client", "OpenAI"), ("openai.lib.bedrock", "BedrockOpenAI"))

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

OPENAI = Integration(
    name="openai",
    distribution="openai",
    versions=">=1.40,<4",
    pieces=(
        *chat.TARGETS,
        *responses.TARGETS,
        *text.TARGETS,
        *images.TARGETS,
        *audio.targets_of("openai", "openai.resources.audio", audio.TranscriptionEvents),
        *judgements.TARGETS,
        *vector_stores.PIECES,
        *assistants.PIECES,
        *realtime.PIECES,
        *response_sessions.PIECES,
        *_LEAVING,
        *_RAW,
    ),
    traces="`chat.completions`, `responses`, `completions`, `embeddings`, `images`, `audio`, `moderations`, "
    "`decisions`, `vector_stores.search`, Assistants' runs, Realtime, Responses over a WebSocket; `parse`, "
    "`.stream()`, raw responses; Azure",
    leaves="`batches`, `live`, `videos`",
    error=api_error,
    copies=copies_of(*_CLIENTS),
)
