"""LanceDB's surfaces, embedded, and the spans that they must give."""

from __future__ import annotations

import atexit
import importlib
from datetime import timedelta
from functools import lru_cache
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from tests.integrations.canned import EMBEDDED
from tests.integrations.spans import span_of, with_attributes, without
from tests.integrations.surfaces import Refusal, Surface
from tests.integrations.ways import ASYNC, SYNC, Way

ROWS = [
    {"vector": [1.0, 0.0], "text": "The sun is a star.", "page": 1},
    {"vector": [0.0, 1.0], "text": "Rain falls.", "page": 2},
    {"vector": [-1.0, 0.0], "text": "Snow lies.", "page": 3},
]


@lru_cache(maxsize=1)
def table() -> Any:
    """A table of three rows with a full-text index, in a directory that lives as long as the tests."""
    directory = mkdtemp()
    atexit.register(rmtree, directory, ignore_errors=True)
    found = importlib.import_module("lancedb").connect(directory).create_table("notes", ROWS)
    found.create_index("text", config=importlib.import_module("lancedb.index").FTS())
    return found


def query(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A query for two rows."""
    found = table()
    if way is SYNC:
        return found.search([1.0, 0.0]).limit(2)
    # The async table that a sync one drives.
    return found._table.query().nearest_to([1.0, 0.0]).limit(2)


SPAN = {
    **without(
        span_of(
            "lancedb",
            "retrieval",
            "retrieval",
            None,
            input={"raw": {"vectors": 1, "dimensions": 2}},
            output={
                "documents": [
                    {"content": "The sun is a star.", "metadata": {"page": 1}, "score": 0.0},
                    {"content": "Rain falls.", "metadata": {"page": 2}, "score": 2.0},
                ]
            },
            attributes={
                "gen_ai.data_source.id": "notes",
                "mutagent.request.limit": 2,
                "mutagent.retrieval.hits": 2,
            },
        ),
        "server.address",
        "server.port",
    ),
    "name": "retrieval notes",
}
COMMON: dict[str, Any] = {
    "integration": "lancedb",
    "library": "lancedb",
    "client": query,
    "method": "to_arrow",
    "arguments": {},
    "serve": EMBEDDED,
    "refusal": Refusal("RuntimeError", arguments={"timeout": timedelta(0)}),
    "of_answer": ("mutagent.retrieval.hits",),
    "plain": lambda answer: answer.to_pylist(),
}
SEARCH = Surface(
    name="search",
    stands=("lancedb.query:LanceVectorQueryBuilder.to_arrow",),
    whole=SPAN,
    ways=(SYNC,),
    **COMMON,
)
ASYNC_SEARCH = Surface(
    name="search by an async query",
    stands=("lancedb.query:AsyncQueryBase.to_arrow",),
    # Native code keeps the query, and tells its defaults.
    whole=with_attributes(SPAN, mutagent__request__minimum_nprobes=20, mutagent__request__maximum_nprobes=20),
    ways=(ASYNC,),
    **COMMON,
)
SURFACES = (SEARCH, ASYNC_SEARCH)
