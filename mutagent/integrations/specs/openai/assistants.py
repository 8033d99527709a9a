"""Assistants: a run is an agent that works at OpenAI's, and its span says what it was asked and what came of it.

A run is created, and polled or streamed. Where the client polls by itself, all its requests are one span; a program
that polls gets a span for each time it asks, and the usage stands where it is told first.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, read, read_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.counted import Counted
from mutagent.integrations.shapes.request import offered, text_of
from mutagent.integrations.spec import Manager, Piece, Request, Response, Target

_RUNS = ("openai.resources.beta.threads.runs.runs",)
_THREADS = ("openai.resources.beta.threads.threads",)
_HELPERS = ("openai.lib.streaming._assistants",)
# Where they stand on a span is not among the parameters.
_ELSEWHERE = ("assistant_id", "thread_id", "run_id", "thread", "additional_messages", "additional_instructions",
              "tool_outputs", "event_handler", "poll_interval_ms")  # fmt: skip

_counted = Counted()


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a run is asked for: instructions, messages, or the results of the tools that it waits for."""
    budget = Snapshot()
    attributes: dict[str, Any] = {}
    head = []
    for name in ("instructions", "additional_instructions"):
        if type(given.get(name)) is str:
            text = budget.take(given[name])
            attributes.setdefault("gen_ai.system_instructions", text)
            head.append({"role": "system", "content": text})
    attributes.update(offered(given, budget))
    said = as_list(given.get("additional_messages")) or read_list(given.get("thread"), "messages")
    results = [_tool_result(item, budget) for item in as_list(given.get("tool_outputs"))]
    messages = budget.sequence(said, lambda message: _message(message, budget))
    asks = asked(given, instance, {"messages": [*head, *messages, *results]}, _ELSEWHERE)
    for name, attribute in (("assistant_id", "gen_ai.agent.id"), ("thread_id", "gen_ai.conversation.id")):
        if type(given.get(name)) is str:
            attributes[attribute] = given[name]
    asks.attributes = attributes
    about = text_of(given.get("assistant_id")) or text_of(given.get("run_id"))
    asks.name = None if about is None else f"invoke_agent {about}"
    return asks


def retrieve_request(given: dict[str, Any], instance: Any) -> Request:
    """What is asked of a run that works by itself: how far it is."""
    asks = request(given, instance)
    asks.input = None
    run = text_of(given.get("run_id"))
    asks.name = "retrieve" if run is None else f"retrieve {run}"
    return asks


def _message(message: Any, budget: Snapshot) -> dict[str, Any]:
    content = read(message, "content")
    parts = [_part(part, budget) for part in as_list(content)]
    return {"role": read_str(message, "role"), "content": _simple(parts) if parts else budget.take(content, "content")}


def _part(part: Any, budget: Snapshot) -> Any:
    text = read(part, "text")
    value = text if type(text) is str else read(text, "value")
    if value is None:
        return budget.take(part)
    annotations = read_list(text, "annotations")
    cited = {"annotations": budget.take(annotations)} if annotations else {}
    return {"type": "text", "text": budget.take(value), **cited}


def _simple(parts: list[Any]) -> Any:
    alone = len(parts) == 1 and type(parts[0]) is dict and parts[0].keys() == {"type", "text"}
    return parts[0]["text"] if alone else parts


def _tool_result(item: Any, budget: Snapshot) -> dict[str, Any]:
    return {"role": "tool", "content": budget.take(read(item, "output")), "toolCallId": read_str(item, "tool_call_id")}


def response(run: Any) -> Response:
    """A run as it is now; its usage counts once, when it is over."""
    return _response(run, [])


def _response(run: Any, messages: list[Any]) -> Response:
    budget = Snapshot()
    output: list[dict[str, Any]] = [_message(message, budget) for message in messages]
    calls = get_list(get_path(run, "required_action", "submit_tool_outputs"), "tool_calls")
    if calls:
        wanted = [chat.tool_call(call, budget) for call in calls]
        output.append({"role": "assistant", "content": None, "toolCalls": wanted})
    error = get(run, "last_error")
    attributes = chat.facts(run)
    for name, field in (("gen_ai.agent.id", "assistant_id"), ("gen_ai.conversation.id", "thread_id")):
        if type(get(run, field)) is str:
            attributes[name] = get(run, field)
    if get(error, "code"):
        attributes["mutagent.error.code"] = get(error, "code")
    reason = get_path(run, "incomplete_details", "reason") or get(run, "status")
    told = get(run, "usage")
    return Response(
        model=get(run, "model"),
        id=get(run, "id"),
        finish_reasons=[reason] if type(reason) is str else [],
        output={"messages": output} if output else None,
        usage=chat.usage(told) if told is not None and _counted.first(str(get(run, "id"))) else None,
        attributes=attributes,
        error=get(error, "message") if error is not None else None,
    )


class RunEvents:
    """Folds the events of a streamed run: what it said, and what it did with tools of OpenAI's, step by step."""

    def __init__(self) -> None:
        self.run: Any = None
        self.text: list[str] = []
        self.messages: list[Any] = []

    def feed(self, event: Any) -> None:
        """Take one event."""
        kind, data = get(event, "event"), get(event, "data")
        if kind == "thread.message.delta":
            for part in get_list(get(data, "delta"), "content"):
                value = get_path(part, "text", "value")
                if type(value) is str:
                    self.text.append(value)
        elif kind in ("thread.message.completed", "thread.message.incomplete"):
            self.messages.append(data)
            self.text.clear()
        elif kind == "thread.run.step.completed":
            # A function runs in the program and not here: it is asked for in the run's required action.
            found = get_list(get(data, "step_details"), "tool_calls")
            done = [call for call in found if get(call, "function") is None]
            self.messages += [{"role": "assistant", "content": done}] if done else []
        elif type(kind) is str and kind.startswith("thread.run.") and not kind.startswith("thread.run.step."):
            self.run = data

    def response(self) -> Response:
        """The run so far, with the message that it had begun."""
        begun = [{"role": "assistant", "content": "".join(self.text)}] if self.text else []
        return _response(self.run, [*self.messages, *begun])


def _run(modules: tuple[str, ...], path: str, covers: bool = False, named: tuple[str, ...] = ()) -> Target:
    return Target(modules, path, "agent", "invoke_agent", request, response, RunEvents, parameters=named, covers=covers)


def _pieces(prefix: str, enter: str) -> list[Piece]:
    runs, threads = f"{prefix}Runs", f"{prefix}Threads"
    # Programs subclass the handlers; the attribute keeps the name of the class that defines it.
    held = f"_{prefix}AssistantEventHandler__stream"
    streams = [
        *(_run(_RUNS, f"{runs}.{name}") for name in ("stream", "create_and_stream", "submit_tool_outputs_stream")),
        _run(_THREADS, f"{threads}.create_and_run_stream"),
    ]
    return [
        _run(_RUNS, f"{runs}.create", named=("thread_id",)),
        _run(_RUNS, f"{runs}.submit_tool_outputs", named=("run_id",)),
        _run(_THREADS, f"{threads}.create_and_run"),
        _run(_RUNS, f"{runs}.create_and_poll", covers=True),
        _run(_RUNS, f"{runs}.submit_tool_outputs_and_poll", covers=True),
        _run(_THREADS, f"{threads}.create_and_run_poll", covers=True),
        Target(_RUNS, f"{runs}.poll", "agent", "invoke_agent", retrieve_request, response,
               parameters=("run_id", "thread_id"), covers=True),
        Target(_RUNS, f"{runs}.retrieve", "agent", "invoke_agent", retrieve_request, response,
               parameters=("run_id",)),
        *(Manager(call, _HELPERS, f"{prefix}AssistantStreamManager.{enter}", held) for call in streams),
    ]  # fmt: skip


PIECES: tuple[Piece, ...] = (*_pieces("", "__enter__"), *_pieces("Async", "__aenter__"))
