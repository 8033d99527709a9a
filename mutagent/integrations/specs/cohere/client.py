"""What all of Cohere's calls have in common: the client, the parameters' names, the counts, the errors."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, instance_dict, read, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import rerank
from mutagent.integrations.shapes.errors import api_error, plain_facts
from mutagent.integrations.shapes.hosts import provider_of
from mutagent.integrations.shapes.request import parameters, text_of
from mutagent.integrations.spec import Request, Usage

V1 = ("cohere.base_client",)
V2 = ("cohere.v2.client",)
# Those that have a place of their own on the span.
_CONTENT = frozenset(
    {"message", "preamble", "chat_history", "tool_results", "documents", "query", "texts", "images", "inputs"}
)
_NAMES = {"p": "top_p", "k": "top_k"}


def request(
    given: dict[str, Any], instance: Any, found: dict[str, Any], attributes: dict[str, Any], streamed: bool = False
) -> Request:
    """A request with what every call has: its model, its parameters, who answers."""
    wrapper = getattr(instance, "_client_wrapper", None)
    if wrapper is None:
        wrapper = getattr(getattr(instance, "_raw_client", None), "_client_wrapper", None)
    server = text_of(getattr(wrapper, "_base_url", None))
    wanted = {_NAMES.get(name, name): value for name, value in parameters(given).items() if name not in _CONTENT}
    return Request(
        model=text_of(given.get("model")),
        provider=provider_of(type(instance).__name__, server or "", "cohere"),
        input=found,
        parameters={**wanted, "stream": True} if streamed else wanted,
        attributes=attributes,
        server=server,
        streamed=streamed,
    )


def with_documents(found: dict[str, Any], documents: Any, budget: Snapshot) -> dict[str, Any]:
    """An input object that also has the documents which the answer may quote."""
    items = as_list(documents)
    if items:
        found["documents"] = budget.sequence(items, lambda item: _document(item, budget))
    return found


def _document(item: Any, budget: Snapshot) -> Any:
    # The second version's stand beneath their ids.
    data = read(item, "data")
    return rerank.document(item if data is None else data, budget)


def usage(raw: Any) -> Usage | None:
    """Token counts: those of the model where it says them, else those that are billed; without the client's blanks."""
    if raw is None:
        return None
    counted = get(raw, "tokens") or get(raw, "billed_units")
    if counted is None:
        return None
    return Usage(
        input=whole(get(counted, "input_tokens")),
        output=whole(get(counted, "output_tokens")),
        cache_read=whole(get(raw, "cached_tokens")),
        raw={
            name: _without_blanks(said)
            for name in ("tokens", "billed_units", "cached_tokens")
            if (said := get(raw, name)) is not None
        },
    )


def _without_blanks(said: Any) -> Any:
    # Early releases' models are of pydantic's first version: their fields, too, stand in the instance's dict.
    units = said if type(said) is dict else instance_dict(said)
    return said if units is None else {unit: count for unit, count in units.items() if count is not None}


def error_facts(error: BaseException) -> dict[str, Any]:
    """What an exception says: everything is a field, it has no arguments."""
    fields = instance_dict(error) or {}
    body = fields.get("body")
    message = read(body, "message") if type(body) is not str else body
    request_id = read_str(fields.get("headers"), "x-debug-trace-id") or read_str(body, "id")
    return {**api_error(error), **plain_facts({"exception.message": message, "mutagent.request_id": request_id})}
