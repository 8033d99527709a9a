"""Milvus's surfaces, on Milvus Lite, and the spans that they must give."""

from __future__ import annotations

import atexit
import importlib
from functools import lru_cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from tests.integrations.canned import EMBEDDED
from tests.integrations.spans import span_of
from tests.integrations.surfaces import Refusal, Surface
from tests.integrations.ways import Way

ROWS = [
    {"id": 1, "vector": [1.0, 0.0], "text": "The sun is a star.", "page": 1},
    {"id": 2, "vector": [0.0, 1.0], "text": "Rain falls.", "page": 2},
    {"id": 3, "vector": [-1.0, 0.0], "text": "Snow lies.", "page": 3},
]
# By default a client pings every ten seconds, for which Milvus Lite shuts it out after a while.
PATIENT = {"grpc_options": {"grpc.keepalive_time_ms": 600_000}}


class Database:
    """A file with a collection of three rows, and the client that keeps Milvus Lite running for it."""

    def __init__(self) -> None:
        directory = mkdtemp()
        atexit.register(rmtree, directory, ignore_errors=True)
        self.path = str(Path(directory) / "notes.db")
        self.client = importlib.import_module("pymilvus").MilvusClient(self.path, **PATIENT)
        self.client.create_collection("notes", dimension=2, metric_type="IP")
        self.client.insert("notes", ROWS)


@lru_cache(maxsize=1)
def database() -> Database:
    """The one database of all tests."""
    return Database()


def client(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A client of the database."""
    return getattr(importlib.import_module("pymilvus"), way.spelled("{Async}MilvusClient"))(database().path, **PATIENT)


SPAN = {
    **span_of(
        "milvus",
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
            "mutagent.request.output_fields": ["text", "page"],
            "mutagent.retrieval.hits": 2,
        },
    ),
    "name": "retrieval notes",
}
SEARCH = Surface(
    integration="pymilvus",
    name="search",
    library="milvus_lite",
    client=client,
    method="search",
    stands=(
        "pymilvus.milvus_client.milvus_client:{Async}MilvusClient.search",
        "pymilvus.milvus_client.async_milvus_client:{Async}MilvusClient.search",
    ),
    arguments={"collection_name": "notes", "data": [[1.0, 0.0]], "limit": 2, "output_fields": ["text", "page"]},
    serve=EMBEDDED,
    refusal=Refusal(
        "pymilvus.exceptions.MilvusException",
        {"mutagent.request.anns_field": "none", "mutagent.error.code": 6},
        message="anns_field 'none' not found in schema",
        arguments={"anns_field": "none"},
    ),
    whole=SPAN,
    of_answer=("mutagent.retrieval.hits",),
    inapplicable={
        "test_wrong_arguments_raise_what_they_raised_without_us": "it takes any argument and passes over it",
    },
)
SURFACES = (SEARCH,)
