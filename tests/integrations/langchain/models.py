"""The models that the tests call: real clients, led to the stand-in by their environment variables."""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from tests.integrations.langchain.loop import http_clients


def chat_model(model: str = "gpt-4o-mini", **options: Any) -> ChatOpenAI:
    """A chat model."""
    return ChatOpenAI(model=model, **http_clients(), **options)


def embedding_model(**options: Any) -> OpenAIEmbeddings:
    """An embedding model that needs no tokenizer's files."""
    return OpenAIEmbeddings(
        model="text-embedding-3-small",
        check_embedding_ctx_length=False,
        **http_clients(),
        **options,
    )
