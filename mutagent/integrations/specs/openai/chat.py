"""Chat completions: ``create`` and ``parse``; the ``.stream()`` helper calls ``create``."""

from __future__ import annotations

from mutagent.integrations.shapes import chat, chat_chunks
from mutagent.integrations.shapes.chat_request import request_of
from mutagent.integrations.spec import Target

# Split into a package in 1.6x; both paths name the same classes there.
CHAT = ("openai.resources.chat.completions.completions", "openai.resources.chat.completions")
# `parse` stood in a module of its own until 1.92.
PARSE = ("openai.resources.chat.completions.completions", "openai.resources.beta.chat.completions")


request = request_of("openai")


def _target(modules: tuple[str, ...], path: str) -> Target:
    return Target(
        modules, path, "llm.chat", "chat", request, chat.response, chat_chunks.ChatChunks,
        ask_usage=chat_chunks.ask_usage, hides=chat_chunks.only_usage, plain=True,
    )  # fmt: skip


TARGETS = tuple(
    target
    for cls in ("Completions", "AsyncCompletions")
    for target in (_target(CHAT, f"{cls}.create"), _target(PARSE, f"{cls}.parse"))
)
