"""LiteLLM 1.79 to 1.x: its functions, each for every provider, and the router that spreads calls over deployments.

A call is one span, whoever makes its request: LiteLLM itself, or a client that is traced as well. A call with fallbacks
and a call of the router are chains of such calls, one for each deployment that was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mutagent.capture.plain import get, instance_dict
from mutagent.integrations.shapes import chat_chunks
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.spec import Chunks, Integration, Piece, Request, Response, Target
from mutagent.integrations.specs.litellm import answered, asked, router
from mutagent.integrations.specs.litellm.providers import otel_name


def _error(error: BaseException) -> Mapping[str, Any]:
    provider = get(instance_dict(error) or {}, "llm_provider")
    named = {"gen_ai.provider.name": otel_name(provider, None)} if type(provider) is str and provider else {}
    return {**api_error(error), **named}


def _targets(
    homes: tuple[str, ...],
    name: str,
    kind: str,
    operation: str,
    request: Callable[[dict[str, Any], Any], Request],
    response: Callable[[Any], Response] | None,
    positional: tuple[str, ...],
    chunks: Callable[[], Chunks] | None = None,
    response_to: Callable[[Any, Request], Response] | None = None,
) -> list[Target]:
    """A function and its async twin, in the package and in the modules that define it.

    The package's may be another than the one that makes the request: it decides first whether that serves a call.
    """
    # The Responses API tells the usage unasked.
    asks = chunks in (answered.Chunks, answered.TextChunks)
    return [
        Target(
            (module,), function, kind, operation, request, response, chunks, positional,
            ask_usage=chat_chunks.ask_usage if asks else None, hides=chat_chunks.only_usage if asks else None,
            response_to=response_to,
        )
        for function in (name, "a" + name)
        for module in ("litellm", *homes)
    ]  # fmt: skip


_MAIN = ("litellm.main",)
# These decide first whether the functions of the above serve a call.
_CHAT_HOMES = (*_MAIN, "litellm.chat_completions.dispatch")
_EMBEDDING_HOMES = (*_MAIN, "litellm.embeddings.dispatch")
_RESPONSES_HOMES = ("litellm.responses.main", "litellm.responses.dispatch")
_CHAT = ("llm.chat", "chat", asked.chat_request, answered.chat_response, ("model", "messages"), answered.Chunks)
_PIECES: tuple[Piece, ...] = (
    *(router.with_fallbacks(target) for target in _targets(_CHAT_HOMES, "completion", *_CHAT)),
    *_targets(_MAIN, "completion_with_retries", *_CHAT),
    *_targets(_MAIN, "text_completion", "llm.completion", "text_completion", asked.prompt_request,
              answered.text_response, ("prompt", "model"), answered.TextChunks),
    *_targets(_RESPONSES_HOMES, "responses", "llm.chat", "chat", asked.responses_request,
              answered.responses_response, ("input", "model"), answered.Events),
    *_targets(_EMBEDDING_HOMES, "embedding", "llm.embedding", "embeddings", asked.input_request,
              answered.embeddings_response, ("model", "input")),
    *_targets(("litellm.rerank_api.main",), "rerank", "rerank", "rerank", asked.rerank_request, None,
              ("model", "query", "documents"), response_to=answered.rerank_response),
    *_targets(("litellm.images.main",), "image_generation", "llm.completion", "generate_content", asked.image_request,
              answered.image_response, ("prompt", "model")),
    *_targets(_MAIN, "speech", "llm.completion", "generate_content", asked.speech_request,
              answered.sound_response, ("model", "input", "voice")),
    *_targets(_MAIN, "transcription", "llm.completion", "generate_content", asked.transcription_request,
              answered.transcription_response, ("model", "file")),
    *_targets(_MAIN, "moderation", "guardrail", "moderation", asked.input_request,
              answered.moderation_response, ("input", "model")),
)  # fmt: skip

LITELLM = Integration(
    name="litellm",
    distribution="litellm",
    versions=">=1.79,<2",
    pieces=(*_PIECES, *router.ROUTER),
    traces="`completion`, `text_completion`, `responses`, `embedding`, `rerank`, `image_generation`, `speech`, "
    "`transcription`, `moderation` and their async twins; streams, retries, fallbacks, `Router`",
    leaves="`anthropic.messages`, `agenerate_content`, batches, files, the proxy server",
    error=_error,
    carries=True,
)
