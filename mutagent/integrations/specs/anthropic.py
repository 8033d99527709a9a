"""Anthropic's Python client, 0.40 to 2.x: messages and beta messages, on every platform's client.

The tool runner and threads make one such call a turn. ``.stream()`` makes its own request when it is entered.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import blocks
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.copies import copies_of
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.shapes.message import MessageEvents, response
from mutagent.integrations.shapes.request import offered
from mutagent.integrations.spec import Alias, Close, Integration, Manager, Piece, Raw, Request, Target
from mutagent.integrations.specs import anthropic_batches

# One module until 0.41, a package since.
MESSAGES = ("anthropic.resources.messages.messages", "anthropic.resources.messages")
BETA = ("anthropic.resources.beta.messages.messages",)
# The beta that prompt caching was until it joined the messages.
CACHING = ("anthropic.resources.beta.prompt_caching.messages",)
STREAMS = ("anthropic.lib.streaming._messages",)
BETA_STREAMS = ("anthropic.lib.streaming._beta_messages",)
CACHING_STREAMS = ("anthropic.lib.streaming._prompt_caching_beta_messages",)


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a message asks for."""
    budget = Snapshot()
    attributes: dict[str, Any] = {}
    system = given.get("system")
    if type(system) is not str:
        system = blocks.simple(budget.take(system)) if type(system) is list else None
    if system is not None:
        attributes["gen_ai.system_instructions"] = budget.take(system)
    attributes.update(offered(given, budget))
    found = blocks.messages(given.get("messages"), attributes.get("gen_ai.system_instructions"), budget)
    asks = asked(given, instance, found, provider="anthropic")
    asks.attributes = attributes
    return asks


def _message(modules: tuple[str, ...], path: str) -> Target:
    return Target(modules, path, "llm.chat", "chat", request, response, MessageEvents, plain=True)


def _surface(
    modules: tuple[str, ...], cls: str, streams: tuple[str, ...], manager: str, enter: str
) -> tuple[Piece, ...]:
    return (
        _message(modules, f"{cls}.create"),
        _message(modules, f"{cls}.parse"),
        Manager(_message(modules, f"{cls}.stream"), streams, f"{manager}.{enter}", "_raw_stream"),
    )


# These copy the first-party methods into classes of their own when `anthropic` is imported.
_COPIES = tuple(
    Alias((f"anthropic.lib.{platform}._beta_messages",), f"{cls}.{method}", _message(BETA, f"{cls}.{method}"))
    for platform in ("bedrock", "vertex")
    for cls in ("Messages", "AsyncMessages")
    for method in ("create", "parse")
)
_COPIED_STREAMS = tuple(
    Manager(
        _message((f"anthropic.lib.{platform}._beta_messages",), f"{cls}.stream"), BETA_STREAMS, enter, "_raw_stream"
    )
    for platform in ("bedrock", "vertex")
    for cls, enter in (
        ("Messages", "BetaMessageStreamManager.__enter__"),
        ("AsyncMessages", "BetaAsyncMessageStreamManager.__aenter__"),
    )
)
# In 0.40 the helpers close the HTTP response and not the raw stream they read.
_HELPERS = tuple(
    Close(modules, f"{prefix}{cls}.close", stream="_raw_stream")
    for modules, cls in ((STREAMS, "MessageStream"), (CACHING_STREAMS, "PromptCachingBetaMessageStream"))
    for prefix in ("", "Async")
)
_CACHING = tuple(
    Manager(_message(CACHING, f"{prefix}Messages.stream"), CACHING_STREAMS,
            f"{prefix}PromptCachingBetaMessageStreamManager.{enter}", "_raw_stream")
    for prefix, enter in (("", "__enter__"), ("Async", "__aenter__"))
)  # fmt: skip
# Each has a `copy` of its own.
_CLIENTS = (
    ("anthropic._client", "Anthropic"),
    ("anthropic.lib.bedrock._client", "AnthropicBedrock"),
    ("anthropic.lib.bedrock._mantle", "AnthropicBedrockMantle"),
    ("anthropic.lib.vertex._client", "AnthropicVertex"),
    ("anthropic.lib.foundry", "AnthropicFoundry"),
    ("anthropic.lib.google_cloud._client", "AnthropicGoogleCloud"),
)

ANTHROPIC = Integration(
    name="anthropic",
    distribution="anthropic",
    versions=">=0.40,<3",
    pieces=(
        *_surface(MESSAGES, "Messages", STREAMS, "MessageStreamManager", "__enter__"),
        *_surface(MESSAGES, "AsyncMessages", STREAMS, "AsyncMessageStreamManager", "__aenter__"),
        *_surface(BETA, "Messages", BETA_STREAMS, "BetaMessageStreamManager", "__enter__"),
        *_surface(BETA, "AsyncMessages", BETA_STREAMS, "BetaAsyncMessageStreamManager", "__aenter__"),
        _message(CACHING, "Messages.create"),
        _message(CACHING, "AsyncMessages.create"),
        *_CACHING,
        *_COPIES,
        *_COPIED_STREAMS,
        Close(("anthropic._streaming",), "Stream.close"),
        Close(("anthropic._streaming",), "AsyncStream.close"),
        *anthropic_batches.TARGETS,
        # Batches' results.
        Close(("anthropic._decoders.jsonl",), "JSONLDecoder.close"),
        Close(("anthropic._decoders.jsonl",), "AsyncJSONLDecoder.close"),
        *_HELPERS,
        Raw(("anthropic._legacy_response",), "LegacyAPIResponse.parse"),
        Raw(("anthropic._response",), "APIResponse.parse", close="APIResponse.close"),
        Raw(("anthropic._response",), "AsyncAPIResponse.parse", close="AsyncAPIResponse.close"),
    ),
    traces="`messages`, `beta.messages`; `parse`, `.stream()`, tool runner, batches and their results, "
    "raw responses; Bedrock, Vertex, Foundry",
    leaves="`count_tokens`, managed agents",
    decodes=True,
    error=api_error,
    copies=copies_of(*_CLIENTS),
)
