"""Pinecone's surfaces, what an index answers, and the spans that they must give."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from tests.integrations.canned import Answers, json_answer
from tests.integrations.spans import span_of
from tests.integrations.surfaces import KEY, Refusal, Surface
from tests.integrations.ways import Way

MATCHES = {
    "matches": [
        {"id": "a", "score": 0.75, "values": [], "metadata": {"text": "The sun is a star.", "page": 1}},
        {"id": "b", "score": 0.25, "values": [], "metadata": {"text": "Rain falls.", "page": 2}},
    ],
    "namespace": "notes",
    "usage": {"readUnits": 5},
}
HITS = {
    "result": {
        "hits": [
            {"_id": "a", "_score": 0.75, "fields": {"chunk_text": "The sun is a star.", "page": 1}},
            {"_id": "b", "_score": 0.25, "fields": {"chunk_text": "Rain falls.", "page": 2}},
        ]
    },
    "usage": {"read_units": 5, "embed_total_tokens": 3},
}
DOCUMENTS = [
    {"content": "The sun is a star.", "metadata": {"id": "a", "page": 1}, "score": 0.75},
    {"content": "Rain falls.", "metadata": {"id": "b", "page": 2}, "score": 0.25},
]


def client(way: Way, url: str, options: dict[str, Any]) -> Any:
    """An index on the server."""
    made = getattr(importlib.import_module("pinecone"), way.spelled("{Async}Index"))
    return made(host=url, api_key=KEY, **options)


_surface = partial(
    Surface,
    integration="pinecone",
    library="pinecone",
    client=client,
    refusal=Refusal(
        "pinecone.errors.exceptions.ApiError",
        {"http.response.status_code": 400, "mutagent.error.code": "INVALID_ARGUMENT"},
        message="That cannot be.",
    ),
    broken=("pinecone.errors.exceptions.PineconeConnectionError",),
    of_answer=("mutagent.retrieval.hits",),
    plain=repr,
)
REFUSED = json_answer({"error": {"code": "INVALID_ARGUMENT", "message": "That cannot be."}, "status": 400}, 400)
ANSWERED = {"mutagent.retrieval.hits": 2, "mutagent.usage.read_units": 5}


def _stands(method: str) -> tuple[str, ...]:
    return (
        f"pinecone.index:{{Async}}Index.{method}",
        f"pinecone.async_client.async_index:{{Async}}Index.{method}",
    )


QUERY = _surface(
    name="query",
    method="query",
    stands=_stands("query"),
    arguments={"vector": [1.0, 0.0], "top_k": 2, "namespace": "notes", "include_metadata": True},
    serve=Answers(refused=REFUSED, whole=json_answer(MATCHES)),
    whole=span_of(
        "pinecone",
        "retrieval",
        "retrieval",
        None,
        input={"raw": {"vectors": 1, "dimensions": 2}},
        output={"documents": DOCUMENTS},
        attributes={
            "gen_ai.request.top_k": 2,
            "mutagent.request.namespace": "notes",
            "mutagent.request.include_metadata": True,
            **ANSWERED,
        },
    ),
    inapplicable={
        "test_a_client_made_before_activation_is_traced": "a sync index copies its methods when it is made",
    },
)
SEARCH = _surface(
    name="search",
    method="search",
    stands=_stands("search"),
    arguments={"namespace": "notes", "inputs": {"text": "The sun?"}, "top_k": 2},
    serve=Answers(refused=REFUSED, whole=json_answer(HITS)),
    whole=span_of(
        "pinecone",
        "retrieval",
        "retrieval",
        None,
        input={"text": "The sun?"},
        output={"documents": DOCUMENTS},
        attributes={
            "gen_ai.retrieval.query.text": "The sun?",
            "gen_ai.request.top_k": 2,
            "mutagent.request.namespace": "notes",
            **ANSWERED,
        },
    ),
)
SURFACES = (QUERY, SEARCH)
