"""Reranking: a query and documents go in; the documents' places come back in a new order, each with its score."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_path, read, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Request

# How a document may keep its text: Cohere's and Voyage's own, and what their answers repeat.
_TEXT_FIELDS = ("text", "content")


def asked(query: Any, documents: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The query and the documents, as an input object and as attributes."""
    budget = Snapshot()
    text = budget.take(query)
    items = budget.sequence(as_list(documents), lambda item: document(item, budget))
    attributes = {"gen_ai.retrieval.query.text": text} if type(text) is str else {}
    return {"text": text, "documents": items}, attributes


def with_number(request: Request) -> Request:
    """The request, with how many documents to return by the name that most have for it; a model's top_k is another."""
    if "top_k" in request.parameters:
        request.parameters["top_n"] = request.parameters.pop("top_k")
    return request


def document(item: Any, budget: Snapshot) -> Any:
    """One document: its text as content, all else that is known of it as metadata."""
    taken = budget.take(item)
    if type(taken) is not dict:
        return {"content": taken}
    name = next((name for name in _TEXT_FIELDS if type(taken.get(name)) is str), None)
    if name is None:
        return {"content": None, "metadata": taken}
    content = taken.pop(name)
    return {"content": content, "metadata": taken} if taken else {"content": content}


def billed(meta: Any) -> dict[str, Any]:
    """Search units, by which some providers bill reranking."""
    units = whole(get_path(meta, "billed_units", "search_units"))
    return {} if units is None else {"mutagent.usage.search_units": units}


def ranked(results: list[Any], request: Request) -> dict[str, Any]:
    """The results as an output object, in their order: a document that is not repeated is the one that was sent."""
    budget = Snapshot()
    sent = as_list(read(request.input, "documents"))
    return {"documents": budget.sequence(results, lambda result: _scored(result, sent, budget))}


def _scored(result: Any, sent: list[Any], budget: Snapshot) -> dict[str, Any]:
    index, repeated = get(result, "index"), get(result, "document")
    known: Any = None
    if repeated is not None:
        known = document(repeated, budget)
    elif type(index) is int and 0 <= index < len(sent):
        known = budget.take(sent[index])
    plain = known if type(known) is dict else {"content": known}
    return {
        **plain,
        "metadata": {**(plain.get("metadata") or {}), "index": index},
        "score": get(result, "relevance_score"),
    }
