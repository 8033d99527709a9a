"""Qdrant's Python client, 1.12 to 1.x: similarity search, embedded or on a server."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mutagent.capture.plain import as_list, fields_of, get, get_list, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Integration, Request, Response, Target

_MODULES = {"": ("qdrant_client.qdrant_client",), "Async": ("qdrant_client.async_qdrant_client",)}
# Where each method keeps the query; `search` and its like are gone since 1.16.
_QUERIES = ("query", "query_vector", "query_text", "query_texts", "target", "positive", "requests")
_TEXTS = ("query_text", "query_texts")
# A model of the client's that wraps a query and says no more; other models are told whole.
_WRAPS = ("query", "nearest", "vector", "text")
_NAMED = ("collection_name",)


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for: a vector, a point and others like it, a text that is embedded, or several at once."""
    name = next((name for name in _QUERIES if given.get(name) is not None), None)
    if name is None or name in _TEXTS:
        query = given.get(name or "")
    else:
        query = {name: given[name]} if name == "positive" else _query(given[name])
    url = get(get(instance, "_client"), "rest_uri")
    return hits.asked("qdrant", given.get("collection_name"), query, given, leave=_QUERIES, server=url)


def _query(value: Any) -> Any:
    """The vector, the text or the id of a query, out of the models that hold it."""
    if hits.shape_of(value) is not None:
        return value
    if type(value) in (list, tuple):
        return [_query(item) for item in value]
    for name in _WRAPS:
        inner = read(value, name)
        if inner is not None:
            return inner if name == "text" else _query(inner)
    # A lone string or a whole number is a point's id: texts come in a model.
    return {"id": value} if type(value) in (str, int, UUID) else value


def response(answer: Any) -> Response:
    """The points that were found; of several queries, and in groups, one after the other."""
    return hits.found(list(_points(answer)), _document)


def _points(answer: Any) -> list[Any]:
    if type(answer) in (list, tuple):
        return [point for item in answer for point in _points(item)]
    if get(answer, "groups") is not None:
        return [point for group in get_list(answer, "groups") for point in get_list(group, "hits")]
    points = get(answer, "points")
    return [answer] if points is None else as_list(points)


def _document(point: Any, budget: Snapshot) -> dict[str, Any]:
    payload = get(point, "payload")
    if payload is None:
        payload = get(point, "metadata")  # of the client's own embedding
    plain = hits.document(
        get(point, "id"), fields_of(payload) if payload is not None else {}, get(point, "score"), budget
    )
    text = get(point, "document")
    return plain if text is None else {**plain, "content": budget.take(text)}


def error_facts(error: BaseException) -> dict[str, Any]:
    """The status of an answer that is an error."""
    status = get(error, "status_code")
    return {"http.response.status_code": status} if type(status) is int else {}


def _target(prefix: str, method: str, *names: str) -> Target:
    return Target(
        _MODULES[prefix], f"{prefix}QdrantClient.{method}", "retrieval", "retrieval", request, response,
        parameters=(*_NAMED, *names),
    )  # fmt: skip


QDRANT = Integration(
    name="qdrant",
    distribution="qdrant-client",
    versions=">=1.12,<2",
    pieces=tuple(
        _target(prefix, method, *names)
        for prefix in ("", "Async")
        for method, names in {
            "query_points": ("query",),
            "query_batch_points": ("requests",),
            "query_points_groups": ("group_by", "query"),
            "search": ("query_vector",),
            "search_batch": ("requests",),
            "search_groups": ("query_vector", "group_by"),
            "recommend": ("positive",),
            "recommend_batch": ("requests",),
            "recommend_groups": ("group_by", "positive"),
            "discover": ("target",),
            "discover_batch": ("requests",),
            "query": ("query_text",),
            "query_batch": ("query_texts",),
        }.items()
    ),
    traces="`query_points`, `query_batch_points`, `query_points_groups`; `search`, `recommend`, `discover`, `query` of "
    "older versions; embedded and on a server",
    leaves="`scroll`, `retrieve`, writes",
    error=error_facts,
)
