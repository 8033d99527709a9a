"""The message that a Claude model answers with, whole or as a stream of events, whoever serves it."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import blocks
from mutagent.integrations.shapes.chat import arguments
from mutagent.integrations.spec import Response


def response(answer: Any) -> Response:
    """A whole message."""
    attributes: dict[str, Any] = {}
    request_id = getattr(answer, "_request_id", None)
    if type(request_id) is str:
        attributes["mutagent.request_id"] = request_id
    tier = get(get(answer, "usage"), "service_tier")
    if type(tier) is str:
        attributes["mutagent.response.service_tier"] = tier
    reason = get(answer, "stop_reason")
    found = blocks.message({"role": get(answer, "role") or "assistant", "content": get(answer, "content")}, Snapshot())
    return Response(
        model=get(answer, "model"),
        id=get(answer, "id"),
        finish_reasons=[] if reason is None else [reason],
        output={"messages": found if type(found) is list else [found]},
        usage=blocks.usage(get(answer, "usage")),
        attributes=attributes,
    )


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
        taken = Snapshot(4_096, 200).take(usage)
        if type(taken) is dict:
            self.usage.update({name: value for name, value in taken.items() if value is not None})

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


_DELTAS = {"text": "text", "partial_json": "json", "thinking": "thinking"}


def _add_delta(block: dict[str, Any], delta: Any) -> None:
    for field, part in _DELTAS.items():
        value = get(delta, field)
        if type(value) is str:
            block[part].append(value)
            return
    if get(delta, "type") == "citations_delta":
        block["citations"].append(Snapshot().take(get(delta, "citation")))


def _whole_block(block: dict[str, Any]) -> dict[str, Any]:
    whole = dict(Snapshot().take(block["start"]) or {})
    for part in ("text", "thinking"):
        if block[part]:
            whole[part] = (read(whole, part) or "") + "".join(block[part])
    if block["citations"]:
        whole["citations"] = block["citations"]
    if block["json"]:
        whole["input"] = arguments("".join(block["json"]))
    return whole
