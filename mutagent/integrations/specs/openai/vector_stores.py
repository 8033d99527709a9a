"""Search in a vector store that OpenAI keeps."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.spec import Manager, Piece, Request, Response, Target

_STORES = ("openai.resources.vector_stores.vector_stores",)


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is searched for, and where."""
    query = Snapshot().take(given.get("query"))
    asks = asked(given, instance, {"text": query} if type(query) is str else {"raw": query}, ("vector_store_id",))
    if type(query) is str:
        asks.attributes["gen_ai.retrieval.query.text"] = query
    store = given.get("vector_store_id")
    if type(store) is str:
        asks.attributes["gen_ai.data_source.id"] = store
        asks.name = f"retrieval {store}"
    return asks


def response(answer: Any) -> Response:
    """What was found."""
    budget = Snapshot()
    found = get_list(answer, "data")
    return Response(
        output={"documents": budget.sequence(found, lambda hit: _document(hit, budget))},
        attributes={**facts(answer), "mutagent.retrieval.hits": len(found)},
    )


def _document(hit: Any, budget: Snapshot) -> dict[str, Any]:
    texts = [text for part in get_list(hit, "content") if type(text := get(part, "text")) is str]
    told = {name: get(hit, name) for name in ("file_id", "filename", "attributes")}
    return {
        "content": budget.take("\n".join(texts)),
        "metadata": budget.take({name: value for name, value in told.items() if value}),
        "score": get(hit, "score"),
    }


def _search(cls: str) -> Target:
    return Target(
        _STORES, f"{cls}.search", "retrieval", "retrieval", request, response, parameters=("vector_store_id",)
    )


PIECES: tuple[Piece, ...] = (
    _search("VectorStores"),
    # Gives a page to be awaited, or iterated: that is when the request is sent.
    Manager(_search("AsyncVectorStores"), ("openai._base_client",), "AsyncPaginator._get_page", stream=None),
)
