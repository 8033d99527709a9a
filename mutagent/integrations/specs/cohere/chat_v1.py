"""The first version's chat: one message and the history before it."""

from __future__ import annotations

from functools import partial
from typing import Any

from mutagent.capture.plain import as_list, get, get_list, is_blank, read, read_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat
from mutagent.integrations.shapes.request import offered, text_of
from mutagent.integrations.spec import Request, Response, Target
from mutagent.integrations.specs.cohere.client import V1, request, usage, with_documents

_ROLES = {"CHATBOT": "assistant"}


def chat_request(given: dict[str, Any], instance: Any, streamed: bool = False) -> Request:
    """What a chat asks for: preamble, history, the results of tools, and the message itself."""
    budget = Snapshot()
    attributes = offered(given, budget)
    preamble, said = text_of(given.get("preamble")), given.get("message")
    head: list[Any] = []
    if preamble is not None:
        attributes["gen_ai.system_instructions"] = preamble = budget.take(preamble)
        head = [{"role": "system", "content": preamble}]
    found = {
        "messages": [
            *head,
            *budget.sequence(as_list(given.get("chat_history")), lambda item: _turn(item, budget)),
            *budget.sequence(as_list(given.get("tool_results")), lambda item: _result(item, budget)),
            # Empty where the results of tools are all there is to say.
            *([] if is_blank(said) else [{"role": "user", "content": budget.take(said)}]),
        ]
    }
    if type(given.get("conversation_id")) is str:
        attributes["gen_ai.conversation.id"] = given["conversation_id"]
    return request(given, instance, with_documents(found, given.get("documents"), budget), attributes, streamed)


def _turn(item: Any, budget: Snapshot) -> Any:
    role = read_str(item, "role")
    if role is None:
        return budget.take(item)
    results = read_list(item, "tool_results")
    if results:
        return {"role": "tool", "content": budget.take(results)}
    return _message(_ROLES.get(role, role.lower()), item, "message", budget)


def _result(item: Any, budget: Snapshot) -> dict[str, Any]:
    return {"role": "tool", "name": read_str(read(item, "call"), "name"), "content": budget.take(read(item, "outputs"))}


def _message(role: str, item: Any, text: str, budget: Snapshot) -> Any:
    calls = [
        {"name": read(call, "name"), "arguments": read(call, "parameters")} for call in read_list(item, "tool_calls")
    ]
    said = {"role": role, "content": read(item, text), "annotations": read(item, "citations"), "tool_calls": calls}
    return chat.message(said, budget)


def response(answer: Any) -> Response:
    """A whole chat."""
    reason = get(answer, "finish_reason")
    return Response(
        # Early releases of the client know the generation's id alone.
        id=get(answer, "response_id") or get(answer, "generation_id"),
        finish_reasons=[] if reason is None else [reason],
        output={"messages": [_message("assistant", answer, "text", Snapshot())]},
        usage=usage(get(answer, "meta")),
    )


class ChatEvents:
    """Folds the events of a streamed chat; the last holds the whole answer."""

    __slots__ = ("calls", "final", "reason", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.calls: list[Any] = []
        self.reason: str | None = None
        self.final: Any = None

    def feed(self, chunk: Any) -> None:
        """Take one event."""
        kind = get(chunk, "event_type")
        if kind == "text-generation":
            self.text.append(get(chunk, "text") or "")
        elif kind == "tool-calls-generation":
            self.calls = get_list(chunk, "tool_calls")
        elif kind == "stream-end":
            self.reason, self.final = get(chunk, "finish_reason"), get(chunk, "response")

    def response(self) -> Response:
        """The chat so far."""
        if self.final is not None:
            found = response(self.final)
        elif self.text or self.calls:
            found = response({"text": "".join(self.text), "tool_calls": self.calls})
        else:
            found = Response()
        if self.reason is not None and not found.finish_reasons:
            found.finish_reasons = [self.reason]
        return found


TARGETS = tuple(
    target
    for cls in ("BaseCohere", "AsyncBaseCohere")
    for target in (
        Target(V1, f"{cls}.chat", "llm.chat", "chat", chat_request, response),
        Target(V1, f"{cls}.chat_stream", "llm.chat", "chat", partial(chat_request, streamed=True), chunks=ChatEvents),
    )
)
