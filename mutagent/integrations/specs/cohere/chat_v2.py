"""The second version's chat: messages much like OpenAI's, and events that build one up piece by piece."""

from __future__ import annotations

from functools import partial
from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, get_path, read_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.shapes.request import offered
from mutagent.integrations.spec import Request, Response, Target, Usage
from mutagent.integrations.specs.cohere.client import V2, request, usage, with_documents


def chat_request(given: dict[str, Any], instance: Any, streamed: bool = False) -> Request:
    """What a chat asks for."""
    budget = Snapshot()
    items = as_list(given.get("messages"))
    found = {"messages": budget.sequence(items, lambda item: message(item, budget))}
    return request(
        given, instance, with_documents(found, given.get("documents"), budget), offered(given, budget), streamed
    )


def message(item: Any, budget: Snapshot) -> Any:
    """One message in wire form; the plan that a model makes before it calls tools is reasoning."""
    fields = dict(fields_of(item))
    parts = read_list(fields, "content")
    if parts and all(read_str(part, "type") == "text" for part in parts):
        fields["content"] = "".join(read_str(part, "text") or "" for part in parts)
    fields["reasoning_content"] = fields.pop("tool_plan", None)
    fields["annotations"] = fields.pop("citations", None)
    return chat.message(fields, budget)


def response(answer: Any) -> Response:
    """A whole chat."""
    reason, said = get(answer, "finish_reason"), get(answer, "message")
    return Response(
        id=get(answer, "id"),
        finish_reasons=[] if reason is None else [reason],
        output=None if said is None else {"messages": [message(said, Snapshot())]},
        usage=usage(get(answer, "usage")),
    )


class ChatEvents(ChatChunks):
    """Folds the events of a streamed chat. Usage comes with the last, unasked."""

    __slots__ = ("error",)

    def __init__(self) -> None:
        super().__init__()
        self.error: str | None = None

    def feed(self, chunk: Any) -> None:
        """Take one event, as the delta that it amounts to in OpenAI's shape."""
        delta = get(chunk, "delta")
        said = _delta(get(delta, "message"), get(chunk, "index"))
        self.error = get(delta, "error") or self.error
        super().feed(
            {
                "id": get(chunk, "id"),
                "usage": get(delta, "usage"),
                "choices": [{"delta": said, "finish_reason": get(delta, "finish_reason")}],
            }
        )

    def response(self) -> Response:
        """The chat so far."""
        found = super().response()
        found.error = self.error
        return found

    def read_usage(self, raw: Any) -> Usage | None:
        """Token counts, as Cohere sends them."""
        return usage(raw)


def _delta(said: Any, index: Any) -> dict[str, Any]:
    """One piece of a message: what stands in a list when it is whole stands for itself here."""
    content, call, citation = get(said, "content"), get(said, "tool_calls"), get(said, "citations")
    return {
        "content": get(content, "text"),
        "reasoning_content": get(said, "tool_plan") or get(content, "thinking"),
        "tool_calls": [{"index": index, "id": get(call, "id"), "function": get(call, "function")}]
        if get_path(call, "function") is not None
        else None,
        "annotations": [citation] if citation is not None and type(citation) is not list else [],
    }


TARGETS = tuple(
    target
    for cls in ("V2Client", "AsyncV2Client")
    for target in (
        Target(V2, f"{cls}.chat", "llm.chat", "chat", chat_request, response),
        Target(V2, f"{cls}.chat_stream", "llm.chat", "chat", partial(chat_request, streamed=True), chunks=ChatEvents),
    )
)
