"""A search in a vector database: a query goes in; documents come back, each with its score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mutagent.capture.plain import class_attribute, is_kind, is_unset, loaded, model_fields
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.request import parameters
from mutagent.integrations.spec import Request, Response

# Where a document's text stands, by the names that frameworks and programs give it, in this order.
TEXT_FIELDS = ("text", "content", "page_content", "document", "chunk_text", "body", "_node_content")
_MAX_QUERIES = 100
# A list of so many whole numbers may be ids, or a limit and an offset; a longer one is a vector.
_MAX_PLAIN_NUMBERS = 16


def asked(
    provider: str,
    collection: Any,
    query: Any,
    given: dict[str, Any],
    *,
    leave: Iterable[str] = (),
    server: Any = None,
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
    left = {"collection_name", *leave}
    said = described(query, Snapshot())
    name = collection if type(collection) is str and collection else None
    attributes: dict[str, Any] = {} if name is None else {"gen_ai.data_source.id": name}
    texts = [one for one in (said if type(said) is list else [said]) if type(one) is str]
    if len(texts) == 1:
        attributes["gen_ai.retrieval.query.text"] = texts[0]
    budget = Snapshot()
    return Request(
        provider=provider,
        input=None if said is None else {"text": said} if type(said) is str else {"raw": said},
        parameters=parameters(
            {
                name: without_vectors(value, budget)
                for name, value in given.items()
                if name not in left and not is_unset(value)
            }
        ),
        attributes=attributes,
        server=server if type(server) is str and server else None,
        name="retrieval" if name is None else f"retrieval {name}",
    )


def described(query: Any, budget: Snapshot) -> Any:
    """A query without its vectors: a lone text as it is, of vectors how many and how long."""
    shape = shape_of(query)
    if shape is not None:
        return {"vectors": shape[0], "dimensions": shape[1]}
    if type(query) in (list, tuple):
        items = [described(item, budget) for item in query[:_MAX_QUERIES]]
        return items[0] if len(items) == 1 else items or None
    return without_vectors(query, budget)


def without_vectors(value: Any, budget: Snapshot) -> Any:
    """A snapshot of a value in which only number and size of vectors are left of them, however deep they stand."""
    kind = type(value)
    if kind is list or kind is tuple or _is_array(value):
        shape = shape_of(value)
        if shape is not None and not _are_few(value):
            return {"vectors": shape[0], "dimensions": shape[1]}
    if kind is list or kind is tuple:
        return budget.nested(
            lambda items: budget.sequence(items, lambda item: without_vectors(item, budget)), value, value
        )
    fields = value if kind is dict else model_fields(value)
    if fields is None:
        return budget.take(value)
    return budget.nested(lambda content: _fields(content, budget), value, fields)


def _fields(fields: dict[Any, Any], budget: Snapshot) -> dict[str, Any]:
    named = {name: item for name, item in list(fields.items()) if type(name) is str and item is not None}
    budget.nodes_left -= len(named)
    return {name: without_vectors(item, budget) for name, item in named.items()}


def _are_few(value: Any) -> bool:
    return type(value) in (list, tuple) and len(value) <= _MAX_PLAIN_NUMBERS and type(value[0]) is int


def shape_of(value: Any) -> tuple[int, int] | None:
    """Number and length of vectors: of a list of numbers, of lists of them, or of a numpy array; None for others."""
    if type(value) in (list, tuple):
        if value and _is_number(value[0]):
            return 1, len(value)
        inner = shape_of(value[0]) if value else None
        return None if inner is None else (len(value), inner[1])
    if not _is_array(value):
        return None
    sizes = class_attribute(loaded("numpy", "ndarray"), "shape").__get__(value)
    return (1, sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1]) if len(sizes) == 2 else None


def _is_array(value: Any) -> bool:
    array = loaded("numpy", "ndarray")
    return array is not None and is_kind(value, array)


def _is_number(value: Any) -> bool:
    if type(value) is int or type(value) is float:
        return True
    generic = loaded("numpy", "number")
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
    taken = without_vectors(fields, budget)
    plain = taken if type(taken) is dict else {}
    name = next((name for name in TEXT_FIELDS if type(plain.get(name)) is str), None)
    content = None if name is None else plain.pop(name)
    told = {} if identity is None else {"id": budget.take(identity)}
    return {"content": content, "metadata": {**told, **plain}, "score": _score(score, budget)}


def _score(score: Any, budget: Snapshot) -> Any:
    generic = loaded("numpy", "number")
    if generic is not None and is_kind(score, generic):
        score = class_attribute(generic, "item")(score)
    return budget.take(score)
