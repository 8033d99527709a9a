"""Weaviate's Python client, 4.4 to 4.x: searches of a collection, and what models write of what was found."""

from __future__ import annotations

from functools import partial

from mutagent.integrations.spec import Dispatch, Integration, Piece, Target
from mutagent.integrations.specs.weaviate import generate, query

_QUERIES = "weaviate.collections.queries"
# Each method's package is called like it; how its classes begin, and its positional arguments.
_SEARCHES: dict[str, tuple[str, tuple[str, ...]]] = {
    "near_text": ("_NearText", ("query",)),
    "near_vector": ("_NearVector", ("near_vector",)),
    "near_object": ("_NearObject", ("near_object",)),
    "near_image": ("_NearImage", ("near_image",)),
    "near_media": ("_NearMedia", ("media", "media_type")),
    "hybrid": ("_Hybrid", ("query",)),
    "bm25": ("_BM25", ("query",)),
}
# Reads: no model takes part in them unless it is to write something of what was read.
_READS: dict[str, tuple[str, tuple[str, ...]]] = {
    "fetch_objects": ("_FetchObjects", ()),
    "fetch_objects_by_ids": ("_FetchObjectsByIDs", ("ids",)),
}


def _pieces(method: str, begins: str, parameters: tuple[str, ...], namespace: str) -> tuple[Piece, ...]:
    """One method of ``collection.query`` or ``collection.generate``, wherever versions have it."""
    writes = namespace == "generate"
    operation = generate.OPERATION if writes else "retrieval"
    read = generate if writes else query
    package, cls = f"{_QUERIES}.{method}", f"{begins}{namespace.title()}"

    def target(modules: tuple[str, ...], name: str, later: bool = False) -> Target:
        return Target(
            modules, f"{name}.{method}", "chain" if writes else "retrieval", operation,
            read.request, partial(read.response, method), parameters=parameters, later=later,
        )  # fmt: skip

    # From 4.13 on sync and async clients share it, and it gives a coroutine to those of the latter.
    shared = (f"{package}.{namespace}.executor", f"{package}.executors")
    sync, later = (target(shared, f"{cls}Executor", later) for later in (False, True))
    return (
        Dispatch((sync, later), lambda given, instance: later if type(instance).__name__.endswith("Async") else sync),
        target((f"{package}.{namespace}",), f"{cls}Async"),
        target((f"{package}.{namespace}",), cls),
    )


WEAVIATE = Integration(
    name="weaviate",
    distribution="weaviate-client",
    versions=">=4.4,<5",
    pieces=tuple(
        piece
        for namespace, methods in (("query", _SEARCHES), ("generate", {**_SEARCHES, **_READS}))
        for method, (begins, parameters) in methods.items()
        for piece in _pieces(method, begins, parameters, namespace)
    ),
    traces="`near_text`, `near_vector`, `near_object`, `near_image`, `near_media`, `hybrid`, `bm25` of a collection's "
    "`query`; all of its `generate`, with the prompts and what was written",
    leaves="`query.fetch_object_by_id`, `query.fetch_objects`, `query.fetch_objects_by_ids`, iterators, `aggregate`, "
    "agents, GraphQL, writes",
    error=query.error_facts,
)
