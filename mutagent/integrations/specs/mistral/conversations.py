"""Conversations: their turns, and runs, which make a turn after each tool that the program runs for the model."""

from __future__ import annotations

from functools import partial
from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, get_list, read, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, items
from mutagent.integrations.shapes.hosts import provider_of
from mutagent.integrations.shapes.request import offered, text_of
from mutagent.integrations.spec import Request, Response, Target
from mutagent.integrations.specs.mistral.calls import PROVIDER, usage
from mutagent.integrations.specs.mistral.client import FIRST_PARTY, asked, server_of

_OWN_PLACE = ("inputs", "agent_id", "conversation_id", "completion_args", "run_ctx", "name", "description")


def request(given: dict[str, Any], instance: Any, streamed: bool = False) -> Request:
    """What a turn asks for. Its parameters stand in ``completion_args``; the agent may say which model."""
    budget = Snapshot()
    run = given.get("run_ctx")
    agent = text_of(given.get("agent_id")) or text_of(read(run, "agent_id"))
    server = server_of(given, instance)
    instructions = text_of(given.get("instructions"))
    attributes: dict[str, Any] = {}
    for name, value in (
        ("gen_ai.agent.id", agent),
        ("gen_ai.conversation.id", text_of(given.get("conversation_id")) or text_of(read(run, "conversation_id"))),
    ):
        if value is not None:
            attributes[name] = value
    if instructions is not None:
        attributes["gen_ai.system_instructions"] = instructions = budget.take(instructions)
    attributes.update(offered(given, budget))
    return Request(
        model=text_of(given.get("model")) or text_of(read(run, "model")),
        provider=provider_of("", server or "", PROVIDER),
        input=_input(given.get("inputs"), instructions, budget),
        parameters={
            **asked(given, *_OWN_PLACE),
            **asked(fields_of(given.get("completion_args"))),
            **({"stream": True} if streamed else {}),
        },
        attributes=attributes,
        server=server,
        streamed=streamed,
        name=None if run is None or agent is None else f"invoke_agent {agent}",
    )


def _input(value: Any, instructions: str | None, budget: Snapshot) -> dict[str, Any]:
    head = [] if instructions is None else [{"role": "system", "content": instructions}]
    if type(value) is str:
        return {"messages": [*head, {"role": "user", "content": budget.take(value)}]}
    entries = as_list(value)
    return {"messages": [*head, *budget.sequence(entries, lambda entry: items.message(_item(entry), budget))]}


def _item(entry: Any) -> Any:
    """An entry of a conversation as the item of OpenAI's Responses API that it amounts to."""
    kind = read_str(entry, "type") or "message.input"
    if kind.startswith("message."):
        content = read(entry, "content")
        parts = as_list(content) or [{"type": "text", "text": content}]
        return {
            "type": "message",
            "role": read_str(entry, "role") or "user",
            "content": [_part(part) for part in parts],
        }
    named = {"call_id": read_str(entry, "tool_call_id") or read_str(entry, "id"), "name": read_str(entry, "name")}
    if kind == "function.call":
        return {"type": "function_call", **named, "arguments": read(entry, "arguments")}
    if kind == "function.result":
        return {"type": "function_call_output", **named, "output": read(entry, "result")}
    if kind == "tool.execution":
        return {"type": "tool_call", **named, "arguments": read(entry, "arguments"), "output": read(entry, "info")}
    return entry


def _part(part: Any) -> Any:
    thought = chat.thought_of(part)
    return part if thought is None else {"type": "reasoning", "text": thought}


def response(answer: Any) -> Response:
    """A whole turn; a run's answer has the entries of all its turns, and counts nothing itself."""
    entries = get_list(answer, "outputs") or get_list(answer, "output_entries")
    identity = get(answer, "conversation_id")
    return Response(
        model=next((model for entry in entries if type(model := get(entry, "model")) is str), None),
        output=items.output([_item(entry) for entry in entries]),
        usage=usage(get(answer, "usage")),
        attributes={"gen_ai.conversation.id": identity} if type(identity) is str else {},
    )


class TurnEvents:
    """Folds the events of a streamed turn into its entries."""

    __slots__ = ("answer", "entries", "error")

    def __init__(self) -> None:
        self.entries: dict[Any, dict[str, Any]] = {}
        self.answer: dict[str, Any] = {}
        self.error: Any = None

    def feed(self, event: Any) -> None:
        """Take one event."""
        data = get(event, "data")
        kind = get(data, "type")
        if kind == "conversation.response.started":
            self.answer["conversation_id"] = get(data, "conversation_id")
        elif kind == "conversation.response.done":
            self.answer["usage"] = get(data, "usage")
        elif kind == "conversation.response.error":
            self.error = data
        elif kind == "message.output.delta":
            self.add_content(self.entry(data, "message.output"), get(data, "content"))
        elif kind == "function.call.delta":
            self.entry(data, "function.call")["arguments"].append(get(data, "arguments") or "")
        elif kind in ("tool.execution.started", "tool.execution.delta"):
            self.entry(data, "tool.execution")["arguments"].append(get(data, "arguments") or "")
        elif kind == "tool.execution.done":
            self.entry(data, "tool.execution")["info"] = get(data, "info")

    def entry(self, data: Any, kind: str) -> dict[str, Any]:
        """The entry that an event goes on with."""
        identity = get(data, "id")
        found = self.entries.get(identity)
        if found is None:
            found = self.entries[identity] = {"type": kind, "role": "assistant", "id": identity}
            found.update({name: get(data, name) for name in ("name", "tool_call_id", "model")})
            found.update({"content": [], "arguments": []})
        return found

    @staticmethod
    def add_content(entry: dict[str, Any], content: Any) -> None:
        """Text goes on with the text before it; a part of another kind stands for itself."""
        text = content if type(content) is str else get(content, "text")
        parts = entry["content"]
        if type(text) is not str:
            parts.append(content)
        elif parts and type(parts[-1]) is dict:
            parts[-1]["text"] += text
        else:
            parts.append({"type": "text", "text": text})

    def response(self) -> Response:
        """The turn so far."""
        entries = [{**entry, "arguments": "".join(entry["arguments"])} for entry in self.entries.values()]
        found = response({**self.answer, "outputs": entries})
        if self.error is not None:
            found.error = get(self.error, "message")
            code = get(self.error, "code")
            if code is not None:
                found.attributes["mutagent.error.code"] = str(code)
        return found


class RunEvents:
    """Waits for the result that ends the stream of a run; its turns are spans of their own."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: Any = None

    def feed(self, event: Any) -> None:
        """Take the result; let everything before it pass."""
        if get(event, "output_entries") is not None:
            self.result = event

    def response(self) -> Response:
        """What the run has come to."""
        return Response() if self.result is None else response(self.result)


_MODULES = tuple(prefix + "conversations" for prefix in FIRST_PARTY)
_RUN = ("agent", "invoke_agent")
# All the others are called by name only.
_RUN_PARAMETERS = ("run_ctx", "inputs", "instructions", "tools", "completion_args")
TARGETS = (
    *(
        Target(_MODULES, f"Conversations.{method}{stream}{suffix}", "llm.chat", "chat",
               partial(request, streamed=bool(stream)), response, TurnEvents)
        for method in ("start", "append", "restart")
        for stream in ("", "_stream")
        for suffix in ("", "_async")
    ),
    Target(_MODULES, "Conversations.run_async", *_RUN, request, response, parameters=_RUN_PARAMETERS),
    Target(_MODULES, "Conversations.run_stream_async", *_RUN, partial(request, streamed=True), chunks=RunEvents,
           parameters=_RUN_PARAMETERS),
)  # fmt: skip
