"""Searches: what a collection is searched for, and the objects that were found."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, as_str, fields_of, get, get_list, get_path, instance_dict, is_blank, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Request, Response

PROMPTS = ("single_prompt", "grouped_task")
_MEDIA = ("near_image", "media")
_IDS = ("near_object", "ids")
_LEFT = ("query", "vector", "near_vector", *_IDS, *_MEDIA, "media_type", *PROMPTS)
# A search by vectors tells a distance, one by words a score; certainty is another word for the distance.
_SCORES = ("distance", "score", "certainty")
_WORDS = ("hybrid", "bm25")
_SCORES_OF_WORDS = ("score", "distance", "certainty")
_OF_GRPC = ("WeaviateQueryError", "InsufficientPermissionsError")


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for: texts, vectors, another object, media, or several of these."""
    asks = hits.asked(
        "weaviate", get(instance, "_name"), _query(given), _told(given, instance), leave=_LEFT, server=_server(instance)
    )
    text = given.get("query")
    if type(text) is str and text:  # beside a vector too
        asks.attributes["gen_ai.retrieval.query.text"] = Snapshot().take(text)
    return asks


def _query(given: dict[str, Any]) -> Any:
    for name in _IDS:
        if given.get(name) is not None:
            return {"id": given[name]}
    for name in _MEDIA:
        if given.get(name) is not None:
            kind = as_str(read(given.get("media_type"), "_value_")) if name == "media" else None
            # Base64 text goes by the name of a field of media, and so is replaced.
            return {kind or "image": Snapshot().take(given[name], "data")}
    query, vector = given.get("query"), given.get("near_vector", given.get("vector"))
    if is_blank(query) or vector is None:
        return vector if is_blank(query) else query
    return {"query": query, "vector": vector}


def _told(given: dict[str, Any], instance: Any) -> dict[str, Any]:
    """The arguments, with those read that are of classes of the client's own, and the tenant of the collection."""
    told = {name: _plain(value) if name in ("filters", "move_to", "move_away") else value
            for name, value in given.items()}  # fmt: skip
    wanted = [name for name, on in fields_of(given.get("return_metadata")).items() if on is True]
    return {**told, **({"return_metadata": wanted} if wanted else {}), "tenant": _own(instance, "__tenant")}


def _own(instance: Any, ends: str) -> Any:
    """A private attribute, whichever of the classes below it has named it."""
    return next((value for name, value in (instance_dict(instance) or {}).items() if name.endswith(ends)), None)


def _plain(value: Any) -> Any:
    """Filters that are put together, and moves, as dicts: they have what they are made of in attributes of their own.

    A single filter is a model, which is read like any other.
    """
    fields = instance_dict(value)
    if fields is None or type(value).__module__.partition(".")[0] != "weaviate":
        return value
    if "filters" in fields:
        name = type(value).__name__.removeprefix("_Filter").lower()
        return {name: [_plain(each) for each in as_list(fields["filters"])]}
    if type(value).__name__ == "Move":
        return {name.rpartition("__")[2]: item for name, item in fields.items() if item is not None}
    return value


def _server(instance: Any) -> str | None:
    """Where searches go: gRPC has an address of its own."""
    server = get_path(_own(instance, "_connection"), "_connection_params", "grpc")
    host, port = get(server, "host"), get(server, "port")
    if type(host) is not str:
        return None
    return f"{'https' if get(server, 'secure') is True else 'http'}://{host}:{port}"


def response(method: str, answer: Any) -> Response:
    """The objects that were found; those in groups, one group after the other."""
    return hits.found(get_list(answer, "objects"), lambda one, budget: document(method, one, {}, budget))


def document(method: str, found: Any, beside: dict[str, Any], budget: Snapshot) -> dict[str, Any]:
    """One object as a document; ``beside`` stands beside its properties."""
    metadata = get(found, "metadata")
    scores = _SCORES_OF_WORDS if method in _WORDS else _SCORES
    score = next((value for name in scores if (value := get(metadata, name)) is not None), None)
    more = {
        "rerank_score": get(metadata, "rerank_score"),
        "belongs_to_group": get(found, "belongs_to_group"),
        **beside,
    }
    fields = {
        **fields_of(get(found, "properties")),
        **{name: value for name, value in more.items() if value is not None},
    }
    key = get(found, "uuid")
    # Of a class below UUID's own, which is made faster.
    return hits.document(None if key is None else str(key), fields, score, budget)


def error_facts(error: BaseException) -> dict[str, Any]:
    """The status of gRPC, by its name: the exception that has it is the one in whose handling the client's was raised.

    Where a search was tried several times, one that says so stands between the two.
    """
    if type(error).__name__ not in _OF_GRPC:
        return {}
    came_of = error.__context__
    for cause in (came_of, None if came_of is None else came_of.__cause__):
        # Of async calls, and of sync ones.
        name = get(get(cause, "_code") or get_path(cause, "_state", "code"), "_name_")
        if type(name) is str:
            return {"mutagent.error.code": name}
    return {}
