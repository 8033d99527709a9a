"""Chroma's surfaces, embedded, and the spans that they must give."""

from __future__ import annotations

import importlib
from typing import Any

from tests.integrations.canned import EMBEDDED
from tests.integrations.spans import span_of, without
from tests.integrations.surfaces import Refusal, Surface
from tests.integrations.ways import SYNC, Way

DOCUMENTS = {
    "ids": ["a", "b", "c"],
    "embeddings": [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]],
    "documents": ["The sun is a star.", "Rain falls.", "Snow lies."],
    "metadatas": [{"page": 1}, {"page": 2}, {"page": 3}],
}


def collection(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A collection of three documents in this process; the client of a test before this one had the same store."""
    client = importlib.import_module("chromadb").EphemeralClient()
    found = client.get_or_create_collection("notes", embedding_function=None, metadata={"hnsw:space": "l2"})
    found.upsert(**DOCUMENTS)
    return found


QUERY_SPAN = {
    **without(
        span_of(
            "chroma",
            "retrieval",
            "retrieval",
            None,
            input={"raw": {"vectors": 1, "dimensions": 2}},
            output={
                "documents": [
                    {"content": "The sun is a star.", "metadata": {"id": "a", "page": 1}, "score": 0.0},
                    {"content": "Rain falls.", "metadata": {"id": "b", "page": 2}, "score": 2.0},
                ]
            },
            attributes={
                "gen_ai.data_source.id": "notes",
                "mutagent.request.n_results": 2,
                "mutagent.retrieval.hits": 2,
            },
        ),
        "server.address",
        "server.port",
    ),
    "name": "retrieval notes",
}
QUERY = Surface(
    integration="chroma",
    name="query",
    library="chromadb",
    client=collection,
    method="query",
    stands=("chromadb.api.models.Collection:Collection.query",),
    arguments={"query_embeddings": [[1.0, 0.0]], "n_results": 2},
    serve=EMBEDDED,
    refusal=Refusal("ValueError", {"mutagent.request.include": ["nope"]}, arguments={"include": ["nope"]}),
    whole=QUERY_SPAN,
    of_answer=("mutagent.retrieval.hits",),
    ways=(SYNC,),
    close=lambda way, client: way.wait(None),
)
SURFACES = (QUERY,)
