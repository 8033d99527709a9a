"""LanceDB's Python client, 0.25 to 0.x: vector, full-text and hybrid search, embedded and in the cloud."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, instance_dict, is_kind, loaded
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Dispatch, Integration, Request, Response, Target

_MODULES = ("lancedb.query",)
# As builders keep what was asked for, and as the requests that async ones send name it.
_PARAMETERS = ("limit", "offset", "where", "filter", "columns", "distance_type", "nprobes", "minimum_nprobes",
               "maximum_nprobes", "refine_factor", "ef", "lower_bound", "upper_bound")  # fmt: skip
_SCORES = ("_relevance_score", "_distance", "_score")
_MAX_ROWS = 200


def _table(builder: Any) -> Any:
    """The table's name; of a table that wraps an async one, that one's."""
    table = get(builder, "_table")
    # Not `or`: the length of a table is counted in the database.
    wrapped = get(table, "_table")
    inner = get(table if wrapped is None else wrapped, "_inner")
    return None if inner is None else inner.name()


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a builder looks for."""
    kept = instance_dict(instance) or {}
    # The text, where the table's embedding function has made a vector of it.
    first = "_query" if kept.get("_str_query") is None else "_str_query"
    query = [kept[name] for name in (first, "_text", "_vector") if kept.get(name) is not None]
    asked = {name: kept.get(f"_{name}") for name in _PARAMETERS}
    return hits.asked("lancedb", _table(instance), query, asked)


def async_request(given: dict[str, Any], instance: Any) -> Request:
    """What an async query looks for, of which native code keeps all.

    Nothing is asked there but what the client asks for such a query itself: a request for full text panics when it is
    asked for the text (0.40), and a panic is no ``Exception``.
    """
    inner = get(instance, "_inner")
    hybrid = hasattr(inner, "to_vector_query")
    text = inner.to_fts_query() if hybrid else inner
    queries = [text.get_query()] if hasattr(text, "get_query") else []
    sent = None
    if hybrid or not queries:
        sent = (inner.to_vector_query() if hybrid else inner).to_query_request()
        queries.append([vector.to_pylist() for vector in getattr(sent, "query_vector", None) or []])
    asked = {name: getattr(sent, name, None) for name in _PARAMETERS}
    return hits.asked("lancedb", _table(instance), queries, asked)


def response(answer: Any) -> Response:
    """The rows that were found, without their vectors and blobs."""
    if not is_kind(answer, loaded("pyarrow", "Table")):
        return Response()
    kinds = zip(answer.schema.names, map(str, answer.schema.types), strict=True)
    names = [name for name, kind in kinds if "list" not in kind and "binary" not in kind]
    rows = answer.slice(0, _MAX_ROWS).select(names).to_pylist()
    found = hits.found(rows, _document)
    found.attributes["mutagent.retrieval.hits"] = answer.num_rows
    return found


def _document(row: dict[str, Any], budget: Snapshot) -> dict[str, Any]:
    score = next((row[name] for name in _SCORES if row.get(name) is not None), None)
    fields = {name: value for name, value in row.items() if name not in _SCORES and name != "_rowid"}
    return hits.document(row.get("_rowid"), fields, score, budget)


def _target(cls: str, *, covers: bool = False) -> Target:
    reader = async_request if cls.startswith("Async") else request
    # All that an answer can be turned into is made of this.
    return Target(_MODULES, f"{cls}.to_arrow", "retrieval", "retrieval", reader, response, covers=covers)


_ASYNC = _target("AsyncQueryBase")
_ASYNC_HYBRID = _target("AsyncQueryBase", covers=True)
_ASYNC_KINDS = {"AsyncVectorQuery": _ASYNC, "AsyncFTSQuery": _ASYNC, "AsyncHybridQuery": _ASYNC_HYBRID}


def _async_kind(given: dict[str, Any], instance: Any) -> Target | None:
    """Scans and reads of single rows go through the same method."""
    return _ASYNC_KINDS.get(type(instance).__name__)


LANCEDB = Integration(
    name="lancedb",
    distribution="lancedb",
    versions=">=0.25,<1",
    pieces=(
        _target("LanceVectorQueryBuilder"),
        _target("LanceFtsQueryBuilder"),
        _target("LanceHybridQueryBuilder", covers=True),
        Dispatch((_ASYNC, _ASYNC_HYBRID), _async_kind),
    ),
    traces="vector, full-text and hybrid searches, whatever their answer is turned into",
    leaves="`to_batches`; searches for nothing (scans), `take`, writes",
)
