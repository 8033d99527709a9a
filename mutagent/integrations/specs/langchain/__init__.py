"""LangChain, and LangGraph with it: its callbacks for all that has any, its classes for embeddings and rerankers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.integrations.spec import Install, Integration


def _install_handler(module: Any) -> Callable[[], None]:
    from mutagent.integrations.langchain.auto import install

    return install(module)


def _install_classes(module: Any) -> Callable[[], None]:
    from mutagent.integrations.langchain.classes import install

    return install(module)


LANGCHAIN = Integration(
    name="langchain",
    distribution="langchain-core",
    versions=">=0.3",
    pieces=(
        # Imported by LangChain when it configures the first run: until then there is nothing to trace.
        Install(("langchain_core.tracers.context",), "callback handler", _install_handler),
        Install(("langchain_core.embeddings.embeddings",), "embeddings", _install_classes),
        Install(("langchain_core.documents.compressor",), "rerankers", _install_classes),
    ),
    traces="chains, agents, models, tools, retrievers, rerankers, embeddings; LangGraph's graphs and nodes",
)
