"""Pinecone's Python client, 7.3 to 10: queries and searches of an index, over HTTP and gRPC."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mutagent.capture.plain import as_list, get, get_path, instance_dict, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Integration, Request, Response, Target

# From 8 on, and before.
_INDEX = ("pinecone.index", "pinecone.db_data.index")
_ASYNC_INDEX = ("pinecone.async_client.async_index",)
_OLD_ASYNC_INDEX = ("pinecone.db_data.index_asyncio",)
_GRPC_INDEX = ("pinecone.grpc",)
_DOCUMENTS, _ASYNC_DOCUMENTS = ("pinecone.client.documents",), ("pinecone.async_client.documents",)
_QUERIES = ("inputs", "vector", "id", "sparse_vector", "query", "score_by", "match_terms")
_LEFT = (*_QUERIES, "timeout", "additional_headers", "async_req")


def _host(instance: Any) -> str | None:
    host = get(instance, "_host") or get_path(instance, "_config", "host") or get_path(instance, "config", "host")
    if type(host) is not str:
        return None
    return host if "://" in host else f"https://{host}"


def _index(host: str | None) -> str | None:
    """The index's name, with which its host begins: ``<name>-<project>.svc.<place>.pinecone.io``."""
    name = urlsplit(host or "").hostname or ""
    return name.partition(".")[0].rpartition("-")[0] if name.endswith(".pinecone.io") else None


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for: a text that the index embeds, vectors, a record like which others are to be."""
    host = _host(instance)
    asked = given
    inner = given.get("query")
    if inner is not None:  # the one argument of a search before 9
        asked = {**given, **{name: read(inner, name) for name in ("inputs", "vector", "id", "top_k", "filter")}}
    found = {name: asked.get(name) for name in _QUERIES if name != "query" and asked.get(name) is not None}
    text = read(found.get("inputs"), "text")
    only = text if text is not None else found.get("vector") if "vector" in found else None
    query = only if only is not None and len(found) == 1 else found
    return hits.asked("pinecone", _index(host), query, asked, leave=_LEFT, server=host)


def _of(value: Any, name: str) -> Any:
    """A field of an answer: its classes have slots, and before 8 make their attributes up."""
    return value.get(name) if type(value) is dict else getattr(value, name, None)


def response(answer: Any) -> Response:
    """The matches of a query, or the hits of a search, with what reading them cost."""
    result = _of(answer, "result")
    found = hits.found(as_list(_of(answer, "matches") if result is None else _of(result, "hits")), _document)
    units = _of(_of(answer, "usage"), "read_units")
    if type(units) is int:
        found.attributes["mutagent.usage.read_units"] = units
    return found


def _document(hit: Any, budget: Snapshot) -> dict[str, Any]:
    fields = _of(hit, "metadata")
    if fields is None:
        fields = _of(hit, "fields")
    told = _of(hit, "_data")
    if type(told) is dict:  # a document: all its fields in one dict
        fields = {name: value for name, value in told.items() if name not in ("_id", "_score")}
    names = ("id", "_id"), ("score", "_score")
    key, score = (next((value for name in pair if (value := _of(hit, name)) is not None), None) for pair in names)
    return hits.document(key, fields, score, budget)


def error_facts(error: BaseException) -> dict[str, Any]:
    """Status, the provider's code and the request's id."""
    kept = instance_dict(error) or {}
    body = kept.get("body")
    message = kept.get("message")
    found = {
        "http.response.status_code": kept.get("status_code") or kept.get("status"),
        "mutagent.error.code": read(read(body, "error"), "code"),
        "mutagent.request_id": kept.get("request_id"),
        "exception.message": message if type(message) is str else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _targets(modules: tuple[str, ...], cls: str) -> tuple[Target, ...]:
    reads = ("retrieval", "retrieval", request, response)
    return (
        Target(modules, f"{cls}.query", *reads),
        # Asks each namespace by a query of its own.
        Target(modules, f"{cls}.query_namespaces", *reads, covers=True),
        Target(modules, f"{cls}.search", *reads, parameters=("namespace", "query")),
        Target(modules, f"{cls}.search_records", *reads, parameters=("namespace", "query"), covers=True),
    )


PINECONE = Integration(
    name="pinecone",
    distribution="pinecone",
    versions=">=7.3,<11",
    pieces=(
        *_targets(_INDEX, "Index"),
        *_targets(_ASYNC_INDEX, "AsyncIndex"),
        *_targets(_OLD_ASYNC_INDEX, "_IndexAsyncio"),
        *_targets(_GRPC_INDEX, "GrpcIndex"),
        Target(_DOCUMENTS, "Documents.search", "retrieval", "retrieval", request, response),
        Target(_ASYNC_DOCUMENTS, "AsyncDocuments.search", "retrieval", "retrieval", request, response),
    ),
    traces="`query`, `query_namespaces`, `search`, `search_records` of indexes, `documents.search`",
    leaves="`query_async`, `inference`, the assistant, reads by id, writes",
    error=error_facts,
)
