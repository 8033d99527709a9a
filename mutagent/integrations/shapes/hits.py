"""A search in a vector database: a query goes in; documents come back, each with its score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mutagent.capture.plain import is_kind, loaded
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.request import parameters
from mutagent.integrations.spec import Request, Response

# Where a document's text stands, by the names that frameworks and programs give it, in this order.
TEXT_FIELDS = ("text", "content", "page_content", "document", "chunk_text", "body", "_node_content")
_QUERIED = frozenset({"queries"})


def asked(
    provider: str,
    collection: Any,
    query: Any,
    given: dict[str, Any],
    *,
    leave: Iterable[str] = (),
    server: str | None = None,
) -> Request:
    """What a search asks for.

    Args:
        provider: the database's name.
        collection: the name of what is searched: a collection, an index, a table.
        query: texts, or vectors, of which only number and size are recorded.
        given: the call's arguments; those that are not in ``leave`` are its parameters.
        leave: names of arguments that hold the query, the collection or the transport.
        server: URL of the database, where it is a server.
    """
    budget = Snapshot()
    left = {"collection_name", *leave}
    said = described(query, budget)
    name = collection if type(collection) is str and collection else None
    attributes: dict[str, Any] = {} if name is None else {"gen_ai.data_source.id": name}
    if type(said) is str:
        attributes["gen_ai.retrieval.query.text"] = said
    return Request(
        provider=provider,
        input=None if said is None else {"text": said} if type(said) is str else {"raw": said},
        parameters=parameters({key: value for key, value in given.items() if key not in left}),
        attributes=attributes,
        server=server,
        name="retrieval" if name is None else f"retrieval {name}",
    )


def described(query: Any, budget: Snapshot) -> Any:
    """A query without its vectors: a lone text as it is, of vectors how many and how long."""
    shape = shape_of(query)
    if shape is not None:
        return {"vectors": shape[0], "dimensions": shape[1]}
    if type(query) in (list, tuple):
        items = [described(item, budget) for item in query[:100]]
        return items[0] if len(items) == 1 else items or None
    return budget.take(query)


def shape_of(value: Any) -> tuple[int, int] | None:
    """Number and length of vectors: of a list of numbers, of lists of them, or of a numpy array; None for others."""
    if type(value) in (list, tuple):
        if value and type(value[0]) in (int, float):
            return 1, len(value)
        inner = shape_of(value[0]) if value else None
        return None if inner is None else (len(value), inner[1])
    array = loaded("numpy", "ndarray")
    if array is not None and is_kind(value, array):
        sizes = array.shape.__get__(value)
        return (1, sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1]) if len(sizes) == 2 else None
    return (1, 1) if _is_numpy_number(value) else None


def _is_numpy_number(value: Any) -> bool:
    generic = loaded("numpy", "generic")
    return generic is not None and is_kind(value, generic)


def found(hits: list[Any], document: Callable[[Any, Snapshot], dict[str, Any]]) -> Response:
    """What a search has found.

    Args:
        hits: in the database's order.
        document: one hit → its content, metadata and score.
    """
    budget = Snapshot()
    return Response(
        output={"documents": budget.sequence(hits, lambda hit: document(hit, budget))},
        attributes={"mutagent.retrieval.hits": len(hits)},
    )


def document(identity: Any, fields: Any, score: Any, budget: Snapshot) -> dict[str, Any]:
    """One hit whose text is one of its fields.

    Args:
        identity: the database's id of it.
        fields: its payload, metadata or properties, as a dict.
        score: similarity or distance, as the database gives it.
        budget: the answer's.
    """
    taken = budget.take(fields)
    plain = taken if type(taken) is dict else {}
    name = next((name for name in TEXT_FIELDS if type(plain.get(name)) is str), None)
    content = None if name is None else plain.pop(name)
    return {"content": content, "metadata": {"id": budget.take(identity), **plain}, "score": budget.take(score)}
