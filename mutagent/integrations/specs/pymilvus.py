"""Milvus's Python client, 2.6 to 3.x: vector, full-text and hybrid search, on Milvus Lite, a server, Zilliz Cloud."""

from __future__ import annotations

import json
from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, get_list, get_path, instance_dict, is_kind, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Integration, Request, Response, Target

_CLIENT = ("pymilvus.milvus_client.milvus_client",)
_ASYNC_CLIENT = ("pymilvus.milvus_client.async_milvus_client",)
_JSON = 23  # DataType.JSON
_NOT_A_FIELD = ("distance", "entity", "offset", "highlight")


def _server(instance: Any) -> str | None:
    """The server's URL; Milvus Lite has a path in its place."""
    url = get_path(instance, "_config", "uri")
    return url if type(url) is str and "://" in url else None


def search_request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for: vectors or texts, or other rows by their ids."""
    query = given.get("data")
    if query is None:
        query = {"ids": given.get("ids")}
    return hits.asked(
        "milvus", given.get("collection_name"), query, given, leave=("data", "ids"), server=_server(instance)
    )


def hybrid_request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for in several ways at once, and how the answers are put together."""
    queries = [read(one, "_data") for one in as_list(given.get("reqs"))]
    asks = hits.asked(
        "milvus", given.get("collection_name"), queries, given, leave=("reqs", "ranker"), server=_server(instance)
    )
    ranker = given.get("ranker")
    asks.parameters["ranker"] = {"class": type(ranker).__name__, **_own(ranker)}
    return asks


def _own(ranker: Any) -> dict[str, Any]:
    return {name.lstrip("_"): value for name, value in fields_of(ranker).items() if name in ("_k", "_weights")}


def response(answer: Any) -> Response:
    """The rows that were found; of several queries, one after the other."""
    return hits.found([row for found in as_list(answer) for row in _rows(found)], _document)


def _rows(found: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The rows of one query, each with the fields that the client reads off the answer only when it is looked into.

    It would change the object to have it read them (2.6); JSON, in which all fields without a column are, is read here.
    """
    rows = as_list(found)
    later: list[dict[str, Any]] = [{} for _ in rows]
    start = get(found, "start")
    for field in [] if get(found, "has_materialized") is True else get_list(found, "lazy_field_data"):
        if field.type == _JSON and type(start) is int:
            for place, text in enumerate(field.scalars.json_data.data[start : start + len(rows)]):
                later[place].update(_told(field, json.loads(text) if text else None, get(found, "dynamic_fields")))
    return list(zip(rows, later, strict=True))


def _told(field: Any, value: Any, wanted: Any) -> dict[str, Any]:
    """What a field of JSON says: itself, or those fields without a column that were asked for."""
    if not field.is_dynamic:
        return {field.field_name: value}
    return {name: item for name, item in value.items() if not wanted or name in wanted} if value else {}


def _document(row: tuple[Any, dict[str, Any]], budget: Snapshot) -> dict[str, Any]:
    hit, later = row
    # In 2.6.0 a `UserDict`.
    fields = dict(dict.items(hit)) if is_kind(hit, dict) else fields_of(get(hit, "data"))
    # The primary key goes by the name that it has in the schema.
    key = next((value for name, value in fields.items() if name not in _NOT_A_FIELD), None)
    return hits.document(key, {**fields_of(fields.get("entity")), **later}, fields.get("distance"), budget)


def error_facts(error: BaseException) -> dict[str, Any]:
    """Milvus's own code, and what it says; the arguments of its exceptions are empty."""
    kept = instance_dict(error) or {}
    code, message = kept.get("_code"), kept.get("_message")
    found: dict[str, Any] = {}
    if code is not None:
        found["mutagent.error.code"] = Snapshot().take(code)
    if type(message) is str:
        found["exception.message"] = message
    return found


def _targets(modules: tuple[str, ...], cls: str) -> tuple[Target, Target]:
    return (
        Target(
            modules, f"{cls}.search", "retrieval", "retrieval", search_request, response,
            parameters=("collection_name", "data", "filter", "limit", "output_fields", "search_params"),
        ),
        Target(
            modules, f"{cls}.hybrid_search", "retrieval", "retrieval", hybrid_request, response,
            parameters=("collection_name", "reqs", "ranker", "limit", "output_fields"),
        ),
    )  # fmt: skip


PYMILVUS = Integration(
    name="pymilvus",
    distribution="pymilvus",
    versions=">=2.6,<4",
    pieces=(*_targets(_CLIENT, "MilvusClient"), *_targets(_ASYNC_CLIENT, "AsyncMilvusClient")),
    traces="`search` and `hybrid_search` of clients",
    leaves="`query`, `get`, iterators, the ORM's `Collection`, writes",
    error=error_facts,
)
