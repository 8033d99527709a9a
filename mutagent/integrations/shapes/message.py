"""The message that a Claude model answers with, whole or as a stream of events, whoever serves it."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import fields_of, get
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import blocks
from mutagent.integrations.shapes.chat import arguments
from mutagent.integrations.shapes.tokens import NOTHING, short_copy
from mutagent.integrations.spec import Response


def response(answer: Any) -> Response:
    """A whole message."""
    fields = fields_of(answer)
    used, reason = fields.get("usage"), fields.get("stop_reason")
    attributes: dict[str, Any] = {}
    request_id = fields.get("_request_id")
    if type(request_id) is str:
        attributes["mutagent.request_id"] = request_id
    tier = get(used, "service_tier")
    if type(tier) is str:
        attributes["mutagent.response.service_tier"] = tier
    said = {"role": fields.get("role") or "assistant", "content": fields.get("content")}
    found = blocks.message(said, Snapshot())
    return Response(
        model=fields.get("model"),
        id=fields.get("id"),
        finish_reasons=[] if reason is None else [reason],
        output={"messages": found if type(found) is list else [found]},
        usage=blocks.usage(used),
        attributes=attributes,
    )


# What a delta adds to, by where it says it.
_DELTAS = (("text", "text"), ("partial_json", "json"), ("thinking", "thinking"))


class MessageEvents:
    """Folds the events of a streamed message into the message they amount to."""

    __slots__ = ("blocks", "message", "stop_reason", "usage")

    def __init__(self) -> None:
        self.message: Any = None
        self.blocks: dict[int, dict[str, Any]] = {}
        self.stop_reason: str | None = None
        self.usage: dict[str, Any] = {}

    def feed(self, event: Any) -> None:
        """Take one event."""
        fields: dict[str, Any] = event if type(event) is dict else getattr(event, "__dict__", NOTHING)
        if fields.get("type") == "content_block_delta":
            # Most are: in one function what took seven, a third of the time.
            index, delta = fields.get("index"), fields.get("delta")
            block = None if index is None else self.blocks.get(index)
            if block is not None:
                parts = delta if type(delta) is dict else getattr(delta, "__dict__", NOTHING)
                for name, part in _DELTAS:
                    text = parts.get(name)
                    if type(text) is str:
                        block[part].append(text)
                        return
        self.feed_any(event)

    def feed_any(self, event: Any) -> None:
        """Take one event, whatever it holds and wherever."""
        kind = get(event, "type")
        if kind == "content_block_delta":
            block = self.blocks.get(get(event, "index"))
            if block is not None:
                _add_delta(block, get(event, "delta"))
        elif kind == "content_block_start":
            self.blocks[get(event, "index")] = {
                "start": get(event, "content_block"),
                "text": [],
                "json": [],
                "thinking": [],
                "citations": [],
            }
        elif kind == "message_start":
            self.message = get(event, "message")
            self.count(get(self.message, "usage"))
        elif kind == "message_delta":
            self.stop_reason = get(get(event, "delta"), "stop_reason") or self.stop_reason
            self.count(get(event, "usage"))

    def count(self, usage: Any) -> None:
        """Later events bring the counts that stand; they may leave out what an earlier one said."""
        taken = short_copy(usage)
        if taken is None:
            taken = Snapshot(4_096, 200).take(usage)
        if type(taken) is dict:
            for name, value in taken.items():
                if value is not None:
                    self.usage[name] = value

    def response(self) -> Response:
        """The message so far."""
        content = [_whole_block(self.blocks[index]) for index in sorted(self.blocks)]
        found = response(
            {
                "id": get(self.message, "id"),
                "model": get(self.message, "model"),
                "content": content,
                "stop_reason": self.stop_reason,
                "usage": self.usage or None,
            }
        )
        if self.message is None and not content:
            found.output = None
        return found


def _add_delta(block: dict[str, Any], delta: Any) -> None:
    for field, part in _DELTAS:
        value = get(delta, field)
        if type(value) is str:
            block[part].append(value)
            return
    if get(delta, "type") == "citations_delta":
        block["citations"].append(Snapshot().take(get(delta, "citation")))


def _whole_block(block: dict[str, Any]) -> dict[str, Any]:
    whole = short_copy(block["start"])
    if whole is None:
        whole = dict(Snapshot().take(block["start"]) or {})
    for part in ("text", "thinking"):
        if block[part]:
            whole[part] = (whole.get(part) or "") + "".join(block[part])
    if block["citations"]:
        whole["citations"] = block["citations"]
    if block["json"]:
        whole["input"] = arguments("".join(block["json"]))
    return whole
