"""Anthropic Messages: ``POST /v1/messages`` and ``/v1/messages/count_tokens``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mutagent.demo.protocols.call import Call, Endpoint, Event, Json, all_text, as_json, last_turn
from mutagent.demo.protocols.tokens import fragments, pieces
from mutagent.demo.script import Asked, Failure

REQUEST_ID_HEADER = "request-id"


def read(body: Json) -> Asked:
    """What the request asks."""
    messages = body.get("messages") or []
    tools = [tool for tool in body.get("tools") or () if "input_schema" in tool]
    role, last = last_turn(messages, _role)
    return Asked(
        endpoint="messages",
        model=str(body["model"]),
        role=role,
        last=last,
        text=all_text(body.get("system"), messages, as_json(tools)),
        tools={tool["name"]: tool["input_schema"] for tool in tools},
        forced=_forced(body.get("tool_choice") or {}, tools),
        schema=_schema(body),
    )


def _role(message: Json) -> str:
    """Anthropic has no role for tools: their results are parts of a user's message."""
    content = message.get("content")
    if isinstance(content, list) and any(part.get("type") == "tool_result" for part in content):
        return "tool"
    return str(message.get("role"))


def _forced(choice: Json, tools: list[Json]) -> str | None:
    if choice.get("type") == "any" and tools:
        return str(tools[0]["name"])
    return choice.get("name")


def _schema(body: Json) -> Json | None:
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    return wanted.get("schema") if wanted else None


def usage(call: Call) -> Json:
    """Token counts; unlike OpenAI's, the input's leave out what was read from or written to the cache."""
    created = call.reply.cache_creation_tokens
    counts: Json = {
        "input_tokens": call.fresh_tokens,
        "cache_creation_input_tokens": created,
        "cache_read_input_tokens": call.reply.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": created, "ephemeral_1h_input_tokens": 0},
        "output_tokens": call.output_tokens,
        "service_tier": "standard",
    }
    if call.thinking_tokens:
        counts["output_tokens_details"] = {"thinking_tokens": call.thinking_tokens}
    return counts


def stop_reason(call: Call) -> str:
    """Why the reply ended, in the API's word."""
    if call.reply.truncated:
        return "max_tokens"
    if call.reply.refusal is not None:
        return "refusal"
    return "tool_use" if call.reply.tools else "end_turn"


def body(call: Call) -> Json:
    """The whole answer."""
    return {
        "id": f"msg_{call.ident}",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": list(_content(call)),
        "stop_reason": stop_reason(call),
        "stop_sequence": None,
        "usage": usage(call),
    }


def _content(call: Call) -> Iterator[Json]:
    reply = call.reply
    if reply.thinking is not None:
        yield {"type": "thinking", "thinking": reply.thinking, "signature": f"sig{call.ident}"}
    if reply.text is not None or reply.refusal is not None:
        yield {"type": "text", "text": reply.text or reply.refusal or ""}
    for index, tool in enumerate(reply.tools):
        yield {"type": "tool_use", "id": call.tool_id("toolu", index), "name": tool.name, "input": dict(tool.arguments)}


def events(call: Call) -> Iterator[Event]:
    """The answer as named events; output tokens are first a guess and at the end the truth."""
    for data in _events(body(call)):
        yield data["type"], data


def _events(message: Json) -> Iterator[Json]:
    begun = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    begun["usage"].pop("output_tokens_details", None)
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _begun(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": _final_usage(message["usage"])}
    yield {"type": "message_stop"}


def _final_usage(counts: Json) -> Json:
    return {name: value for name, value in counts.items() if name not in ("cache_creation", "service_tier")}


def _begun(block: Json) -> Json:
    if block["type"] == "tool_use":
        return {**block, "input": {}}
    return {name: "" if name != "type" else value for name, value in block.items()}


def _deltas(block: Json) -> Iterator[Json]:
    if block["type"] == "tool_use":
        for fragment in ["", *fragments(json.dumps(block["input"]))]:
            yield {"type": "input_json_delta", "partial_json": fragment}
        return
    kind = str(block["type"])
    for piece in pieces(block[kind]):
        yield {"type": f"{kind}_delta", kind: piece}
    if kind == "thinking":
        yield {"type": "signature_delta", "signature": block["signature"]}


def failure(error: Failure, request_id: str) -> Json:
    """The body of an error answer."""
    return {"type": "error", "error": {"type": error.type, "message": error.message}, "request_id": request_id}


def error_event(error: Failure) -> Event:
    """An error in the middle of a stream."""
    return "error", {"type": "error", "error": {"type": error.type, "message": error.message}}


def count_body(call: Call) -> Json:
    """The answer to a request to count."""
    return {"input_tokens": call.fresh_tokens}


_SHARED: dict[str, Any] = {"read": read, "failure": failure, "request_id_header": REQUEST_ID_HEADER}
MESSAGES = Endpoint(path="/messages", body=body, events=events, error_event=error_event, **_SHARED)
COUNT_TOKENS = Endpoint(path="/messages/count_tokens", body=count_body, **_SHARED)
