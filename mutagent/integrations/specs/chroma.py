"""Chroma's Python client, 0.5 to 1.x: similarity search in a collection, embedded or on a server."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Integration, Request, Response, Target

_QUERIES = ("query_texts", "query_images", "query_uris", "query_embeddings")
_PARAMETERS = ("query_embeddings", "query_texts")


def _collection(instance: Any) -> Any:
    return get(get(instance, "_model"), "name")


def _server(instance: Any) -> Any:
    return get(get(instance, "_client"), "_api_url")


def query_request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for: texts, which the collection embeds, or vectors."""
    query = next((given[name] for name in _QUERIES if given.get(name) is not None), None)
    return hits.asked("chroma", _collection(instance), query, given, leave=_QUERIES, server=_server(instance))


def query_response(answer: Any) -> Response:
    """The documents of each query, one after the other."""
    columns = [get_list(answer, name) for name in ("ids", "documents", "metadatas", "distances")]
    return _rows(columns)


def search_request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for by an expression, which may rank by several queries at once."""
    searches = given.get("searches")
    told = [_told(search) for search in as_list(searches) or [searches]]
    return hits.asked("chroma", _collection(instance), told, given, leave=("searches",), server=_server(instance))


def _told(search: Any) -> dict[str, Any]:
    """The parts of one search; its class keeps them in attributes of its own."""
    return {name.removeprefix("_"): part for name, part in fields_of(search).items() if part is not None}


def search_response(answer: Any) -> Response:
    """The documents of each search, one after the other."""
    return _rows([get_list(answer, name) for name in ("ids", "documents", "metadatas", "scores")])


def _rows(columns: list[list[Any]]) -> Response:
    ids = columns[0]
    rows = [
        tuple(_at(_at(column, query), place) for column in columns)
        for query in range(len(ids))
        for place in range(len(as_list(ids[query])))
    ]
    return hits.found(rows, _document)


def _at(values: Any, place: int) -> Any:
    found = as_list(values)
    return found[place] if place < len(found) else None


def _document(row: Any, budget: Snapshot) -> dict[str, Any]:
    identity, text, metadata, distance = row
    plain = hits.document(identity, metadata, distance, budget)
    return plain if text is None else {**plain, "content": budget.take(text)}


CHROMA = Integration(
    name="chroma",
    distribution="chromadb",
    versions=">=0.5.23,<2",
    pieces=tuple(
        target
        for module, cls in (("Collection", "Collection"), ("AsyncCollection", "AsyncCollection"))
        for target in (
            Target(
                (f"chromadb.api.models.{module}",), f"{cls}.query", "retrieval", "retrieval",
                query_request, query_response, parameters=_PARAMETERS,
            ),
            Target(
                (f"chromadb.api.models.{module}",), f"{cls}.search", "retrieval", "retrieval",
                search_request, search_response, parameters=("searches",),
            ),
        )
    ),
    traces="`query` and `search` of collections, embedded, on a server and in the cloud",
    leaves="`get`, `peek`, writes",
)  # fmt: skip
