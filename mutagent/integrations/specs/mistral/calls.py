"""Chat completions, agents' completions, fill-in-the-middle and embeddings: all in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mutagent.capture.plain import get
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, embeddings
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.shapes.hosts import provider_of
from mutagent.integrations.shapes.request import offered, text_input, text_of
from mutagent.integrations.spec import Request, Response, Target, Usage
from mutagent.integrations.specs.mistral.client import AZURE, FIRST_PARTY, GOOGLE, asked, server_of, told

PROVIDER = "mistral_ai"


def chat_request(given: dict[str, Any], instance: Any, provider: str, streamed: bool) -> Request:
    """What a completion asks for; of an agent's, the agent says which model."""
    budget = Snapshot()
    attributes = offered(given, budget)
    agent = text_of(given.get("agent_id"))
    if agent is not None:
        attributes["gen_ai.agent.id"] = agent
    return _request(given, instance, provider, streamed, chat.messages(given.get("messages"), budget), attributes)


def fim_request(given: dict[str, Any], instance: Any, provider: str, streamed: bool) -> Request:
    """What stands before the gap that is to be filled, and what stands behind it."""
    found = text_input(given.get("prompt"), given.get("suffix"))
    return _request(given, instance, provider, streamed, found, {})


def embeddings_request(given: dict[str, Any], instance: Any, provider: str, streamed: bool) -> Request:
    """What is to be embedded."""
    return _request(given, instance, provider, streamed, text_input(given.get("inputs")), {})


def _request(
    given: dict[str, Any],
    instance: Any,
    provider: str,
    streamed: bool,
    found: dict[str, Any],
    attributes: dict[str, Any],
) -> Request:
    wanted = asked(given, "agent_id", "inputs")
    server = server_of(given, instance)
    return Request(
        model=text_of(given.get("model")),
        provider=provider_of("", server or "", provider),
        input=found,
        parameters={**wanted, "stream": True} if streamed else wanted,
        attributes=attributes,
        server=server,
        streamed=streamed,
    )


def response(answer: Any) -> Response:
    """A whole completion."""
    return _counted(chat.response(answer), answer)


def embeddings_response(answer: Any) -> Response:
    """How many vectors came."""
    return _counted(embeddings.response(answer), answer)


def _counted(found: Response, answer: Any) -> Response:
    found.usage = usage(get(answer, "usage"))
    return found


def usage(raw: Any) -> Usage | None:
    """Token counts as far as the provider said them."""
    return chat.usage(told(raw))


class CompletionEvents(ChatChunks):
    """Folds the events of a stream, each of which holds a chunk. Usage comes with the last, unasked."""

    __slots__ = ()

    def feed(self, chunk: Any) -> None:
        """Take the deltas of one event."""
        super().feed(get(chunk, "data"))

    def read_usage(self, raw: Any) -> Usage | None:
        """Token counts as far as the provider said them."""
        return usage(raw)


Ask = Callable[..., Request]


def _targets(
    prefixes: tuple[str, ...], module: str, cls: str, kind: str, operation: str, ask: Ask, provider: str
) -> list[Target]:
    modules = tuple(prefix + module for prefix in prefixes)
    return [
        Target(modules, f"{cls}.{method}{suffix}", kind, operation,
               partial(ask, provider=provider, streamed=method == "stream"), response, CompletionEvents)
        for method in ("complete", "stream")
        for suffix in ("", "_async")
    ]  # fmt: skip


_CHAT = ("llm.chat", "chat", chat_request)
_FIM = ("llm.completion", "text_completion", fim_request)
TARGETS = (
    *_targets(FIRST_PARTY, "chat", "Chat", *_CHAT, PROVIDER),
    *_targets(FIRST_PARTY, "agents", "Agents", *_CHAT, PROVIDER),
    *_targets(FIRST_PARTY, "fim", "Fim", *_FIM, PROVIDER),
    *_targets(AZURE, "chat", "Chat", *_CHAT, "azure.ai.inference"),
    *_targets(GOOGLE, "chat", "Chat", *_CHAT, "gcp.vertex_ai"),
    *_targets(GOOGLE, "fim", "Fim", *_FIM, "gcp.vertex_ai"),
    *(
        Target(tuple(prefix + "embeddings" for prefix in FIRST_PARTY), f"Embeddings.{method}", "llm.embedding",
               "embeddings", partial(embeddings_request, provider=PROVIDER, streamed=False), embeddings_response)
        for method in ("create", "create_async")
    ),
)  # fmt: skip
