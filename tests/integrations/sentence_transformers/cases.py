"""Sentence Transformers' surfaces, run in this process, and the spans that they must give."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.integrations.canned import EMBEDDED
from tests.integrations.sentence_transformers import tiny
from tests.integrations.spans import span_of, without
from tests.integrations.surfaces import Refusal, Surface
from tests.integrations.ways import SYNC, Way

PROVIDER = "sentence_transformers"
DOCUMENTS = ["The sun is a star.", "Rain falls."]


def _span(operation: str, kind: str, model: str, **fields: Any) -> dict[str, Any]:
    # It runs in this process, and its answer names no model.
    span = span_of(PROVIDER, operation, kind, tiny.path_of(model), **fields)
    return without(span, "server.address", "server.port", "gen_ai.response.model")


def _reranker(way: Way, url: str, options: dict[str, Any]) -> Any:
    return tiny.reranker(indifferent=True)


def _embedder(way: Way, url: str, options: dict[str, Any]) -> Any:
    return tiny.embedder()


def _listed(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


_surface = partial(
    Surface,
    integration="sentence-transformers",
    library="sentence_transformers",
    serve=EMBEDDED,
    ways=(SYNC,),
    close=lambda way, client: way.wait(None),
    plain=_listed,
)
_CROSS_ENCODER = (
    "sentence_transformers.cross_encoder.model:CrossEncoder",
    "sentence_transformers.cross_encoder.CrossEncoder:CrossEncoder",
)
_ASKED = {
    "input": {"text": "What is a star?", "documents": [{"content": document} for document in DOCUMENTS]},
    "output": {
        "documents": [
            {"content": document, "metadata": {"index": index}, "score": 0.5}
            for index, document in enumerate(DOCUMENTS)
        ]
    },
}
_QUERY = {"gen_ai.retrieval.query.text": "What is a star?"}
RANK = _surface(
    name="rank",
    client=_reranker,
    method="rank",
    stands=tuple(f"{cls}.rank" for cls in _CROSS_ENCODER),
    arguments={"query": "What is a star?", "documents": DOCUMENTS, "top_k": 2},
    refusal=Refusal("TypeError", {"mutagent.request.top_n": "two"}, arguments={"top_k": "two"}),
    whole=_span("rerank", "rerank", "reranker", **_ASKED, attributes={**_QUERY, "mutagent.request.top_n": 2}),
)
PREDICT = _surface(
    name="predict",
    client=_reranker,
    method="predict",
    stands=tuple(f"{cls}.predict" for cls in _CROSS_ENCODER),
    # As it was called before 5.4, and may be called still.
    arguments={"sentences": [["What is a star?", document] for document in DOCUMENTS], "batch_size": 2},
    refusal=Refusal("ValueError", {"mutagent.request.batch_size": 0}, arguments={"batch_size": 0}),
    whole=_span("rerank", "rerank", "reranker", **_ASKED, attributes={**_QUERY, "mutagent.request.batch_size": 2}),
    inapplicable={"test_wrong_arguments_raise_what_they_raised_without_us": "what it does not know goes to the model"},
)
ENCODE = _surface(
    name="encode",
    client=_embedder,
    method="encode",
    stands=(
        "sentence_transformers.sentence_transformer.model:SentenceTransformer.encode",
        "sentence_transformers.SentenceTransformer:SentenceTransformer.encode",
    ),
    arguments={"sentences": DOCUMENTS, "normalize_embeddings": True},
    refusal=Refusal("ValueError", {"mutagent.request.precision": "exact"}, arguments={"precision": "exact"}),
    whole=_span(
        "embeddings",
        "llm.embedding",
        "embedder",
        input={"raw": DOCUMENTS},
        output={"raw": {"embeddings": 2, "dimensions": 8}},
        attributes={"mutagent.request.normalize_embeddings": True},
    ),
)
SURFACES = (RANK, PREDICT, ENCODE)
