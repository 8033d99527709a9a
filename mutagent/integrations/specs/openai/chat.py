"""Chat completions: ``create`` and ``parse``; the ``.stream()`` helper calls ``create``."""

from __future__ import annotations

from typing import Any

from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, chat_chunks
from mutagent.integrations.shapes.hosts import client_of
from mutagent.integrations.shapes.request import parameters, streams, text_of
from mutagent.integrations.spec import Request, Target

# Split into a package in 1.6x; both paths name the same classes there.
CHAT = ("openai.resources.chat.completions.completions", "openai.resources.chat.completions")
# `parse` stood in a module of its own until 1.92.
PARSE = ("openai.resources.chat.completions.completions", "openai.resources.beta.chat.completions")


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a chat completion asks for."""
    provider, server = client_of(instance, "openai")
    budget = Snapshot()
    attributes: dict[str, Any] = {}
    tools = given.get("tools") or given.get("functions")
    if tools:
        attributes["gen_ai.tool.definitions"] = budget.take(tools)
    return Request(
        model=text_of(given.get("model")),
        provider=provider,
        input=chat.messages(given.get("messages"), budget),
        parameters=parameters(given),
        attributes=attributes,
        server=server,
        streamed=streams(given),
    )


def _target(modules: tuple[str, ...], path: str) -> Target:
    return Target(
        modules, path, "llm.chat", "chat", request, chat.response, chat_chunks.ChatChunks,
        ask_usage=chat_chunks.ask_usage, hides=chat_chunks.only_usage,
    )  # fmt: skip


TARGETS = tuple(
    target
    for cls in ("Completions", "AsyncCompletions")
    for target in (_target(CHAT, f"{cls}.create"), _target(PARSE, f"{cls}.parse"))
)
