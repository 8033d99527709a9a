"""What LangChain has no callbacks for: embeddings and rerankers, traced at the methods of their classes."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, instance_dict, type_label
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import embeddings
from mutagent.integrations.spec import Request, Response, Target
from mutagent.integrations.specs.langchain import values

EMBEDDING_METHODS = ("embed_documents", "embed_query", "aembed_documents", "aembed_query")
RERANKER_METHODS = ("compress_documents", "acompress_documents")
# Compressors that filter, shorten or only pass on.
_NO_RERANKERS = frozenset({"DocumentCompressorPipeline", "LLMChainExtractor", "LLMChainFilter", "EmbeddingsFilter"})


def class_name(cls: type) -> str:
    """A class's name without its module."""
    return type_label(cls)[1:-1].rpartition(".")[2]


def is_reranker(cls: type) -> bool:
    """Whether a compressor puts documents in order."""
    return class_name(cls) not in _NO_RERANKERS


def embedding_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be embedded, and by which model."""
    asked = given.get("text") if "text" in given else given.get("texts")
    model = values.model_of(instance)
    text = Snapshot().take(asked)
    return Request(
        model=model,
        input={"text": text} if type(text) is str else {"raw": text},
        name=None if model is not None else f"embeddings {class_name(type(instance))}",
    )


def embedding_response(found: Any) -> Response:
    """How many vectors came: a list of them, or one."""
    rows = as_list(found)
    alone = bool(rows) and type(rows[0]) is not list
    return Response(output=embeddings.counted([rows] if alone else rows))


def rerank_request(given: dict[str, Any], instance: Any) -> Request:
    """The documents to be put in order, and for which question."""
    fields = instance_dict(instance) or {}
    asked = [fields[name] for name in ("top_n", "top_k") if type(fields.get(name)) is int]
    parameters = {"top_n": asked[0]} if asked else {}
    found = values.documents(given.get("documents"))
    query = Snapshot().take(given.get("query"))
    return Request(
        model=values.model_of(instance),
        input={"text": query, **found},
        parameters=parameters,
        attributes={"gen_ai.retrieval.query.text": query} if type(query) is str else {},
        name=class_name(type(instance)),
    )


def rerank_response(found: Any) -> Response:
    """The documents in their new order."""
    return Response(output=values.documents(found))


EMBEDDING_TARGETS = {
    name: Target((), f"Embeddings.{name}", "llm.embedding", "embeddings", embedding_request, embedding_response,
                 parameters=("texts",) if name.endswith("documents") else ("text",))
    for name in EMBEDDING_METHODS
}  # fmt: skip
RERANKER_TARGETS = {
    name: Target((), f"BaseDocumentCompressor.{name}", "rerank", "rerank", rerank_request, rerank_response,
                 parameters=("documents", "query"))
    for name in RERANKER_METHODS
}  # fmt: skip
