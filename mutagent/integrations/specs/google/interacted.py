"""What came of an interaction: its steps, its counts and its state, whole or as they come in events."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, read_list, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.chat import arguments
from mutagent.integrations.spec import Response, Usage
from mutagent.integrations.specs.google.fields import named, told
from mutagent.integrations.specs.google.steps import Steps


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
