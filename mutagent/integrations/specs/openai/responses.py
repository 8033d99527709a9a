"""The Responses API: ``create``, ``parse``, ``compact``, and ``retrieve`` of what ran in the background.

``.stream()`` calls ``create``, or ``retrieve`` where it resumes a response.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import items
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.shapes.counted import Counted
from mutagent.integrations.shapes.hosts import client_of
from mutagent.integrations.shapes.request import offered, parameters, streams, text_of
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.spec import Request, Response, Target

RESPONSES = ("openai.resources.responses.responses",)
BETA = ("openai.resources.beta.responses.responses",)
_FINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
_UNFINISHED = frozenset({"queued", "in_progress"})


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a response is asked for."""
    provider, server = client_of(instance, "openai")
    budget = Snapshot()
    attributes: dict[str, Any] = {}
    instructions = budget.take(given.get("instructions")) if type(given.get("instructions")) is str else None
    if instructions is not None:
        attributes["gen_ai.system_instructions"] = instructions
    attributes.update(offered(given, budget))
    conversation = given.get("conversation")
    conversation = conversation if type(conversation) is str else read(conversation, "id")
    if type(conversation) is str:
        attributes["gen_ai.conversation.id"] = conversation
    return Request(
        model=text_of(given.get("model")),
        provider=provider,
        input=input_of(given.get("input"), instructions, budget),
        parameters=_parameters(given),
        attributes=attributes,
        server=server,
        streamed=streams(given),
    )


def _parameters(given: dict[str, Any]) -> dict[str, Any]:
    found = parameters(given)
    text_format = found.pop("text_format", None)
    if text_format is not None:
        # The client sends the class's schema as the `format` of `text`.
        text = found.get("text")
        found["text"] = {**(text if type(text) is dict else {}), "format": text_format}
    return found


def input_of(value: Any, instructions: str | None, budget: Snapshot) -> dict[str, Any]:
    """A prompt or a list of items as messages, after the instructions."""
    head = [] if instructions is None else [{"role": "system", "content": instructions}]
    if type(value) is str:
        return {"messages": [*head, {"role": "user", "content": budget.take(value)}]}
    found = as_list(value)
    if not found:
        return {"messages": head, "raw": budget.take(value)} if value is not None else {"messages": head}
    return {"messages": [*head, *budget.sequence(found, lambda item: items.message(item, budget))]}


def retrieve_request(given: dict[str, Any], instance: Any) -> Request:
    """What fetching an earlier response asks for."""
    provider, server = client_of(instance, "openai")
    response_id = given.get("response_id")
    return Request(
        provider=provider,
        parameters=parameters(given),
        server=server,
        streamed=streams(given),
        name=f"retrieve {response_id}" if type(response_id) is str else "retrieve",
    )


def response(answer: Any) -> Response:
    """A whole response."""
    status = get(answer, "status")
    reason = get_path(answer, "incomplete_details", "reason")
    error = get(answer, "error")
    attributes = facts(answer)
    if get(answer, "previous_response_id"):
        attributes["mutagent.previous_response_id"] = get(answer, "previous_response_id")
    conversation = get_path(answer, "conversation", "id")
    if type(conversation) is str:
        attributes["gen_ai.conversation.id"] = conversation
    if error is not None and type(get(error, "code")) is str:
        attributes["mutagent.error.code"] = get(error, "code")
    return Response(
        model=get(answer, "model"),
        id=get(answer, "id"),
        finish_reasons=[found for found in (reason or status,) if type(found) is str],
        output=items.output(get_list(answer, "output")),
        usage=usage(get(answer, "usage")),
        attributes=attributes,
        error=get(error, "message") if error is not None else None,
    )


# Background responses: a program polls until one is done, and may ask again.
_counted = Counted()


def retrieved(answer: Any) -> Response:
    """An earlier response that was fetched: its usage counts once, where it is the first to bring it."""
    found = response(answer)
    finished = get(answer, "status") not in _UNFINISHED
    if not (get(answer, "background") is True and finished and _counted.first(str(found.id))):
        found.usage = None
    return found


class ResponseEvents:
    """Folds the events of a streamed response: the final one holds it whole, so the rest is kept only until then."""

    def __init__(self) -> None:
        self.latest: Any = None
        self.items: list[Any] = []
        self.text: list[str] = []
        self.final: Response | None = None
        self.read = response

    def feed(self, event: Any) -> None:
        """Take one event."""
        kind = get(event, "type")
        if kind == "response.output_text.delta":
            delta = get(event, "delta")
            if type(delta) is str:
                self.text.append(delta)
        elif kind == "response.output_item.done":
            self.items.append(get(event, "item"))
            self.text.clear()
        elif kind in _FINAL:
            self.final = self.read(get(event, "response"))
            # Some hosts leave out of the final event what they have sent before.
            self.final.output = self.final.output or items.output(self.items)
        elif kind == "error":
            self.final = Response(
                error=get(event, "message"), attributes={"mutagent.error.code": get(event, "code") or "error"}
            )
        elif kind in ("response.created", "response.in_progress", "response.queued"):
            self.latest = get(event, "response")

    def response(self) -> Response:
        """The response so far."""
        if self.final is not None:
            return self.final
        found = Response() if self.latest is None else self.read(self.latest)
        begun = {"type": "message", "content": [{"type": "output_text", "text": "".join(self.text)}]}
        found.output = items.output([*self.items, begun] if self.text else self.items)
        return found


class RetrievedEvents(ResponseEvents):
    """The same for a response that is resumed."""

    def __init__(self) -> None:
        super().__init__()
        self.read = retrieved


def _targets(modules: tuple[str, ...], cls: str, methods: tuple[str, ...]) -> list[Target]:
    return [
        Target(modules, f"{cls}.{method}", "llm.chat", "chat", request, response, ResponseEvents, plain=True)
        for method in methods
    ]


TARGETS = tuple(
    target
    for cls in ("Responses", "AsyncResponses")
    for target in (
        *_targets(RESPONSES, cls, ("create", "parse", "compact")),
        *_targets(BETA, cls, ("create", "compact")),
        Target(RESPONSES, f"{cls}.retrieve", "llm.chat", "chat", retrieve_request, retrieved, RetrievedEvents,
               parameters=("response_id",)),
    )
)  # fmt: skip
