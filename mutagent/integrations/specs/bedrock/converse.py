"""Converse and ConverseStream: one shape for the models of all vendors. Nova's own bodies have it too."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, get_path, read, read_path, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import blocks
from mutagent.integrations.shapes.chat import arguments
from mutagent.integrations.shapes.request import offered
from mutagent.integrations.spec import Request, Response
from mutagent.integrations.specs.bedrock import client as bedrock

# Parts of a request that have their own place on a span.
_PLACED = frozenset({"modelId", "messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields",
                     "guardrailConfig", "schemaVersion"})  # fmt: skip


def request(given: dict[str, Any], client: Any) -> Request:
    """What a Converse call asks for."""
    asked = given["api_params"]
    found = conversation(asked)
    rest = {name: value for name, value in list(asked.items()) if name not in _PLACED}
    found.parameters |= bedrock.parameters(
        rest, asked.get("inferenceConfig"), asked.get("additionalModelRequestFields")
    )
    return bedrock.addressed(found, client, asked.get("modelId"))


def conversation(asked: dict[str, Any]) -> Request:
    """A conversation in Converse's shape, whatever it was sent by."""
    budget = Snapshot()
    system = _system(asked.get("system"), budget)
    attributes = bedrock.named(
        gen_ai__system_instructions=system,
        aws__bedrock__guardrail__id=read_path(asked, "guardrailConfig", "guardrailIdentifier"),
    )
    attributes |= offered(fields_of(asked.get("toolConfig")), budget)
    return Request(
        input=blocks.messages(asked.get("messages"), system, budget, message),
        parameters=bedrock.parameters({"toolChoice": read_path(asked, "toolConfig", "toolChoice")}),
        attributes=attributes,
    )


def _system(system: Any, budget: Snapshot) -> Any:
    if type(system) is str:
        return budget.text(system)
    texts = [text for part in as_list(system) if (text := read_str(part, "text")) is not None]
    return budget.text("\n".join(texts)) if texts else None


def message(item: Any, budget: Snapshot) -> Any:
    """One message in wire form; a list of several where it carries tool results, each a message of its own."""
    role, content = read_str(item, "role"), read(item, "content")
    if role is None:
        return budget.take(item)
    if type(content) is not str:
        content = [block for part in as_list(content) if (block := _block(part)) is not None]
    return blocks.message({"role": role, "content": content}, budget)


def _block(part: Any) -> Any:
    """A content block as Anthropic writes it; None for what marks where a cache ends."""
    if read(part, "text") is not None:
        return {"type": "text", "text": read(part, "text")}
    name = next(iter(part), None) if type(part) is dict else None
    held = read(part, name) if type(name) is str else None
    if name == "toolUse":
        return {
            "type": "tool_use",
            "id": read(held, "toolUseId"),
            "name": read(held, "name"),
            "input": read(held, "input"),
        }
    if name == "toolResult":
        failed = read_str(held, "status") == "error"
        content = [_block(one) for one in as_list(read(held, "content"))]
        return {"type": "tool_result", "tool_use_id": read(held, "toolUseId"), "content": content, "is_error": failed}
    if name == "reasoningContent":
        return {"type": "thinking", "thinking": read_path(held, "reasoningText", "text")}
    if name == "citationsContent":
        texts = [read_str(one, "text") or "" for one in as_list(read(held, "content"))]
        return {"type": "text", "text": "".join(texts), "citations": read(held, "citations")}
    if name == "cachePoint":
        return None
    return {"type": name, **held} if type(held) is dict else part


def response(answer: Any) -> Response:
    """A whole answer."""
    attributes = bedrock.metadata(answer)
    attributes |= bedrock.named(mutagent__response__service_tier=get_path(answer, "serviceTier", "type"))
    reason, said = get(answer, "stopReason"), get_path(answer, "output", "message")
    found = None if said is None else message(said, Snapshot())
    output = None if found is None else {"messages": found if type(found) is list else [found]}
    return Response(
        model=get_path(answer, "trace", "promptRouter", "invokedModelId"),
        finish_reasons=[reason] if reason else [],
        output=bedrock.with_trace(output, get(answer, "trace")),
        usage=bedrock.usage(get(answer, "usage")),
        attributes=attributes,
    )


class ConverseEvents:
    """Folds the events of ConverseStream into the answer that they amount to."""

    __slots__ = ("blocks", "end", "reason", "role")

    def __init__(self) -> None:
        self.blocks: dict[int, dict[str, Any]] = {}
        self.role: str | None = None
        self.reason: str | None = None
        self.end: dict[str, Any] = {}

    def feed(self, event: Any) -> None:
        """Take one event."""
        for name, held in event.items():
            if name == "contentBlockDelta":
                _add(self._block(held), get(held, "delta"))
            elif name == "contentBlockStart":
                self._block(held)["start"] = Snapshot(4_096).take(get(held, "start"))
            elif name == "messageStart":
                self.role = get(held, "role")
            elif name == "messageStop":
                self.reason = get(held, "stopReason")
            elif name == "metadata":
                self.end = Snapshot(bedrock.TRACE_BYTES).take(held)

    def _block(self, held: Any) -> dict[str, Any]:
        index = get(held, "contentBlockIndex") or 0
        return self.blocks.setdefault(index, {"start": None, "text": [], "input": [], "reasoning": [], "citations": []})

    def response(self) -> Response:
        """The answer so far."""
        content = [block for index in sorted(self.blocks) if (block := _whole(self.blocks[index])) is not None]
        begun = content or self.role is not None
        said = {"message": {"role": self.role or "assistant", "content": content}} if begun else None
        return response({**self.end, "stopReason": self.reason, "output": said})


def _add(block: dict[str, Any], delta: Any) -> None:
    for part, text in (
        ("text", get(delta, "text")),
        ("input", get_path(delta, "toolUse", "input")),
        ("reasoning", get_path(delta, "reasoningContent", "text")),
    ):
        if type(text) is str:
            block[part].append(text)
    if get(delta, "reasoningContent") is not None and block["start"] is None:
        block["start"] = {"reasoningContent": {}}  # all there is to say of what is redacted
    if get(delta, "citation") is not None:
        block["citations"].append(Snapshot(4_096).take(get(delta, "citation")))


def _whole(block: dict[str, Any]) -> Any:
    use, text = get(block["start"], "toolUse"), "".join(block["text"])
    if use is not None:
        return {"toolUse": {**use, "input": arguments("".join(block["input"]) or "{}")}}
    if block["reasoning"]:
        return {"reasoningContent": {"reasoningText": {"text": "".join(block["reasoning"])}}}
    if block["citations"]:
        return {"citationsContent": {"content": [{"text": text}], "citations": block["citations"]}}
    return {"text": text} if text else block["start"]
