"""Embeddings and legacy completions."""

from __future__ import annotations

from mutagent.integrations.shapes import chat_chunks, completions, embeddings
from mutagent.integrations.spec import Target

EMBEDDINGS = tuple(
    Target(("openai.resources.embeddings",), f"{cls}.create", "llm.embedding", "embeddings",
           embeddings.request_of("openai"), embeddings.response)
    for cls in ("Embeddings", "AsyncEmbeddings")
)  # fmt: skip
COMPLETIONS = tuple(
    Target(("openai.resources.completions",), f"{cls}.create", "llm.completion", "text_completion",
           embeddings.request_of("openai", "prompt"), completions.response, completions.CompletionChunks,
           ask_usage=chat_chunks.ask_usage, hides=chat_chunks.only_usage)
    for cls in ("Completions", "AsyncCompletions")
)  # fmt: skip
TARGETS = EMBEDDINGS + COMPLETIONS
