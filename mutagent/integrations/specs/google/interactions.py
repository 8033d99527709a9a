"""The Interactions API: a model's or a hosted agent's turns, whole or streamed.

What the client asks again by itself, where an answer goes on in a further request, is part of one span here.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, is_unset, read, read_list, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.chat import arguments
from mutagent.integrations.shapes.request import text_of
from mutagent.integrations.spec import Close, Dispatch, Piece, Raw, Request, Response, Target, Usage
from mutagent.integrations.specs.google.contents import media, named, system_text, told
from mutagent.integrations.specs.google.generate import parameters, where

# Two generators have made this part of the client; the first named its classes otherwise.
NEW = ("google.genai._gaos.google_genai",)
OLD = ("google.genai._interactions.resources.interactions",)
_MEDIA = frozenset({"image", "audio", "video", "document", "file"})
# What has a place of its own on the span, and what is about the transport.
_NOT_PARAMETERS = frozenset({
    "model", "agent", "input", "tools", "system_instruction", "generation_config", "request",
    "api_version", "extra_headers", "extra_query", "extra_body", "timeout", "webhook_config",
})  # fmt: skip


def request(given: dict[str, Any], instance: Any) -> Request:
    """What an interaction asks for."""
    asked = _asked(given)
    budget = Snapshot()
    provider, server = _where(instance)
    system = system_text(asked.get("system_instruction"), budget)
    found = Request(
        model=text_of(asked.get("model")),
        provider=provider,
        input=_input(asked.get("input"), system, budget),
        parameters=parameters(
            {**named(asked.get("generation_config")), **{k: v for k, v in asked.items() if k not in _NOT_PARAMETERS}}
        ),
        server=server,
        streamed=asked.get("stream") is True,
    )
    agent = asked.get("agent")
    if type(agent) is str:
        found.name = f"invoke_agent {agent}"
        found.attributes["gen_ai.agent.name"] = agent
    if system is not None:
        found.attributes["gen_ai.system_instructions"] = system
    if as_list(asked.get("tools")):
        found.attributes["gen_ai.tool.definitions"] = told(asked["tools"], budget)
    return found


def _where(instance: Any) -> tuple[str, str | None]:
    """The provider and the base URL: each form of the client has them elsewhere."""
    client, settings = getattr(instance, "_client", None), getattr(instance, "sdk_configuration", None)
    if client is not None:
        provider = "gcp.vertex_ai" if getattr(client, "_is_vertex", False) is True else "gcp.gemini"
        return provider, str(getattr(client, "base_url", "")) or None
    provider, server = where(instance, {})
    version = read_str(getattr(settings, "globals", None), "api_version") or ""
    return "gcp.vertex_ai" if "/projects/" in version else provider, server or read_str(settings, "server_url")


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, out of the request object where they come in one."""
    wrapped = read(given.get("request"), "body")
    body = named(given.get("request") if wrapped is None else wrapped)
    found = {**body, **given}
    return {name: value for name, value in found.items() if value is not None and not is_unset(value)}


def _input(value: Any, system: Any, budget: Snapshot) -> dict[str, Any]:
    head = [] if system is None else [{"role": "system", "content": system}]
    if type(value) is str:
        return {"messages": [*head, {"role": "user", "content": budget.text(value)}]}
    turns: list[Any] = []
    for item in as_list(value) or ([] if value is None else [value]):
        if read_str(item, "role") is not None or read_str(item, "type") in ("user_input", "model_output"):
            turns.append(item)
        elif turns and type(turns[-1]) is list:
            turns[-1].append(item)
        else:
            turns.append([item])
    found = budget.sequence(turns, lambda turn: _turn(turn, budget))
    return {"messages": [*head, *(one for group in found for one in (group if type(group) is list else [group]))]}


def _turn(turn: Any, budget: Snapshot) -> list[dict[str, Any]]:
    said = Steps(budget)
    if type(turn) is list:
        for item in turn:
            said.add(item)
        return said.messages("assistant" if said.calls and not said.parts else "user")
    content = read(turn, "content")
    for item in as_list(content) or [content]:
        said.add({"type": "text", "text": item} if type(item) is str else item)
    by_model = read_str(turn, "role") in ("model", "assistant") or read_str(turn, "type") == "model_output"
    return said.messages("assistant" if by_model else "user")


class Steps:
    """What one side says in steps or blocks of content: text, thoughts, calls with their results, media."""

    __slots__ = ("budget", "calls", "parts", "results")

    def __init__(self, budget: Snapshot) -> None:
        self.budget = budget
        self.parts: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []

    def add(self, item: Any) -> None:
        """Take one step or block."""
        fields = named(item)
        kind = read_str(fields, "type") or ""
        if kind == "model_output":
            for block in as_list(fields.get("content")):
                self.add(block)
        elif kind == "text":
            self._add_text(fields)
        elif kind == "thought":
            words = [read_str(block, "text") or "" for block in as_list(fields.get("summary"))]
            self.parts += [{"type": "reasoning", "text": self.budget.text("\n".join(words))}] if any(words) else []
        elif kind == "function_call" or (kind.endswith("_call") and kind not in ("processing_call",)):
            self._add_call(kind, fields)
        elif kind.endswith("_result"):
            self._add_result(fields)
        elif kind in _MEDIA:
            self._add_media(kind, fields)
        elif fields:
            self.parts.append(named(told(item, self.budget)))

    def _add_text(self, fields: dict[str, Any]) -> None:
        cited = fields.get("annotations")
        more = {"annotations": told(cited, self.budget)} if as_list(cited) else {}
        self.parts.append({"type": "text", "text": self.budget.take(fields.get("text")), **more})

    def _add_call(self, kind: str, fields: dict[str, Any]) -> None:
        given = told(arguments(fields.get("arguments")), self.budget)
        name = read_str(fields, "name")
        name = kind.removesuffix("_call") if name is None else name
        self.calls.append({"id": read_str(fields, "id"), "name": name, "arguments": given})

    def _add_result(self, fields: dict[str, Any]) -> None:
        identity = read_str(fields, "call_id")
        content = told(fields.get("result"), self.budget, "result")
        for call in self.calls:
            if identity is not None and call["id"] == identity:
                call["result"] = content
                return
        plain = {"role": "tool", "content": content, "toolCallId": identity}
        name = read_str(fields, "name")
        if name is not None:
            plain["name"] = name
        if fields.get("is_error") is True:
            plain["isError"] = True
        self.results.append(plain)

    def _add_media(self, kind: str, fields: dict[str, Any]) -> None:
        found = media(read_str(fields, "mime_type"), self.budget, fields.get("data"), fields.get("uri"))
        self.parts.append({**found, "type": kind})

    def messages(self, role: str) -> list[dict[str, Any]]:
        """The message, and before it one for each result of a tool that the program ran."""
        if self.results and not self.parts and not self.calls:
            return self.results
        content: Any = self.parts or None
        if self.parts and all(part.keys() == {"type", "text"} and part["type"] == "text" for part in self.parts):
            content = "".join(str(part["text"]) for part in self.parts)
        plain: dict[str, Any] = {"role": role, "content": content}
        if self.calls:
            plain["toolCalls"] = self.calls
        return [*self.results, plain]


def usage(raw: Any) -> Usage | None:
    """Token counts: the input includes cached tokens here; thoughts are counted apart and are part of the output."""
    if raw is None:
        return None
    answered, thoughts = whole(get(raw, "total_output_tokens")), whole(get(raw, "total_thought_tokens"))
    return Usage(
        input=whole(get(raw, "total_input_tokens")),
        output=answered if thoughts is None else (answered or 0) + thoughts,
        total=whole(get(raw, "total_tokens")),
        cache_read=whole(get(raw, "total_cached_tokens")),
        reasoning=thoughts,
        raw=told(raw, Snapshot(4_096, 200)),
    )


def response(answer: Any) -> Response:
    """A whole interaction."""
    said = Steps(Snapshot())
    # Blocks of content, before there were steps.
    for step in get_list(answer, "steps") or get_list(answer, "outputs"):
        said.add(step)
    return _response(answer, said)


def _response(interaction: Any, said: Steps, error: Any = None) -> Response:
    counts = get(interaction, "usage")
    tools = whole(get(counts, "total_tool_use_tokens"))
    tier = read_str(interaction, "service_tier")
    attributes = {"mutagent.usage.tool_use.input_tokens": tools, "mutagent.response.service_tier": tier}
    status = read_str(interaction, "status")
    there = said.parts or said.calls or said.results
    failed = error if error is not None else next(iter(get_list(interaction, "errors")), None)
    words = read_str(failed, "message") or read_str(failed, "code")
    if failed is not None:
        attributes["mutagent.error.code"] = read_str(failed, "code")
    return Response(
        model=read_str(interaction, "model"),
        id=read_str(interaction, "id") or None,
        finish_reasons=[] if status is None else [status],
        output={"messages": said.messages("assistant")} if there else None,
        usage=usage(counts),
        attributes={name: value for name, value in attributes.items() if value is not None},
        error=words or ("the interaction failed" if status == "failed" else None),
    )


class Events:
    """Folds the events of a streamed interaction into the steps they amount to."""

    __slots__ = ("error", "facts", "steps")

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.steps: list[dict[str, Any]] = []
        self.error: Any = None

    def feed(self, event: Any) -> None:
        """Take one event."""
        kind = read_str(event, "event_type") or ""
        if kind.startswith("interaction."):
            told_now = named(get(event, "interaction"))
            status = read_str(event, "status")
            self.facts.update({name: value for name, value in told_now.items() if name not in ("steps", "outputs")})
            if status is not None:
                self.facts["status"] = status
        elif kind in ("step.start", "content.start"):
            step = get(event, "step") or get(event, "content")
            self.steps.append({"index": get(event, "index"), **_begun(named(step))})
        elif kind in ("step.delta", "content.delta"):
            self._add(get(event, "index"), named(get(event, "delta")))
        elif kind == "error":
            self.error = get(event, "error")

    def _add(self, index: Any, delta: dict[str, Any]) -> None:
        step = next((step for step in reversed(self.steps) if step["index"] == index), None)
        if step is None:
            step = {"index": index, **_begun({"type": "model_output"})}
            self.steps.append(step)
        kind = read_str(delta, "type") or ""
        if kind == "arguments_delta":
            step["json"].append(read_str(delta, "arguments") or "")
        elif kind == "thought_summary":
            step["thought"].append(read_str(delta.get("content"), "text") or "")
        elif kind == "text":
            step["text"].append(read_str(delta, "text") or "")
        elif kind == "text_annotation_delta":
            step["cited"] += as_list(delta.get("annotations"))
        elif kind not in ("thought_signature",):
            step["blocks"].append(named(told(delta, Snapshot())))

    def response(self) -> Response:
        """The interaction so far."""
        said = Steps(Snapshot())
        for step in self.steps:
            for item in _whole(step):
                said.add(item)
        return _response(self.facts, said, self.error)


def _begun(step: dict[str, Any]) -> dict[str, Any]:
    return {"start": step, "text": [], "thought": [], "json": [], "cited": [], "blocks": []}


def _whole(step: dict[str, Any]) -> list[dict[str, Any]]:
    """A step as if it had come at once, and what came in it beside its text."""
    start, blocks = dict(step["start"]), step["blocks"]
    kind = read_str(start, "type") or ""
    if step["json"]:
        start["arguments"] = arguments("".join(step["json"]))
    if step["thought"]:
        start["summary"] = [*read_list(start, "summary"), {"text": "".join(step["thought"])}]
    if kind == "text":
        start["text"] = (read_str(start, "text") or "") + "".join(step["text"])
        return [start, *blocks]
    if kind.endswith(("_call", "_result")):
        for block in blocks:
            start.update({name: value for name, value in block.items() if name != "type"})
        return [start]
    if step["text"]:
        text = {"type": "text", "text": "".join(step["text"])}
        blocks = [{**text, "annotations": step["cited"]} if step["cited"] else text, *blocks]
    return [start, *blocks]


def _created(modules: tuple[str, ...], cls: str) -> Dispatch:
    path = f"{cls}.create"
    model = Target(modules, path, "llm.chat", "chat", request, response, Events)
    agent = Target(modules, path, "agent", "invoke_agent", request, response, Events)
    return Dispatch((model, agent), lambda given, instance: agent if "agent" in _asked(given) else model)


_EVENTS = ("google.genai._gaos.utils.eventstreaming",)
_RAW = ("google.genai._gaos.utils.response_helpers",)
PIECES: tuple[Piece, ...] = (
    _created(NEW, "GeminiNextGenInteractions"),
    _created(NEW, "AsyncGeminiNextGenInteractions"),
    _created(OLD, "InteractionsResource"),
    _created(OLD, "AsyncInteractionsResource"),
    Close(_EVENTS, "Stream.close"),
    Close(_EVENTS, "AsyncStream.close"),
    *(
        Raw(_RAW, f"{cls}.parse", close=f"{cls}.close")
        for cls in ("APIResponse", "StreamedAPIResponse", "AsyncAPIResponse", "AsyncStreamedAPIResponse")
    ),
)
