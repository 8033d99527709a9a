"""Qdrant's surfaces, embedded, and the spans that they must give."""

from __future__ import annotations

import importlib
from typing import Any

from tests.integrations.canned import EMBEDDED
from tests.integrations.spans import span_of, without
from tests.integrations.surfaces import Refusal, Surface
from tests.integrations.ways import Way

POINTS = (
    (1, [1.0, 0.0], {"text": "The sun is a star.", "page": 1}),
    (2, [0.0, 1.0], {"text": "Rain falls.", "page": 2}),
    (3, [-1.0, 0.0], {"text": "Snow lies.", "page": 3}),
)


def client(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A client with three points in this process."""
    library = importlib.import_module("qdrant_client")
    models = library.models
    made = getattr(library, way.spelled("{Async}QdrantClient"))(":memory:")
    # The async client's own embedded store is a sync one behind coroutines that wait for nothing.
    for step in (
        made.create_collection("notes", models.VectorParams(size=2, distance=models.Distance.DOT)),
        made.upsert("notes", [models.PointStruct(id=key, vector=at, payload=said) for key, at, said in POINTS]),
    ):
        if hasattr(step, "send"):
            finish(step)
    return made


def finish(coroutine: Any) -> None:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something")


def _span(**more: Any) -> dict[str, Any]:
    span = span_of(
        "qdrant",
        "retrieval",
        "retrieval",
        None,
        input={"raw": {"vectors": 1, "dimensions": 2}},
        output={
            "documents": [
                {"content": "The sun is a star.", "metadata": {"id": 1, "page": 1}, "score": 1.0},
                {"content": "Rain falls.", "metadata": {"id": 2, "page": 2}, "score": 0.0},
            ]
        },
        attributes={
            "gen_ai.data_source.id": "notes",
            "mutagent.request.limit": 2,
            "mutagent.retrieval.hits": 2,
            **more,
        },
    )
    return {**without(span, "server.address", "server.port"), "name": "retrieval notes"}


COMMON: dict[str, Any] = {
    "integration": "qdrant",
    "library": "qdrant_client",
    "client": client,
    "serve": EMBEDDED,
    "refusal": Refusal("ValueError", {"mutagent.request.using": "none"}, arguments={"using": "none"}),
    "of_answer": ("mutagent.retrieval.hits",),
}
POINTS_FOUND = Surface(
    name="query_points",
    method="query_points",
    stands=(
        "qdrant_client.qdrant_client:{Async}QdrantClient.query_points",
        "qdrant_client.async_qdrant_client:{Async}QdrantClient.query_points",
    ),
    arguments={"collection_name": "notes", "query": [1.0, 0.0], "limit": 2},
    whole=_span(),
    **COMMON,
)
SURFACES = (POINTS_FOUND,)
