"""OpenAI Chat Completions: ``POST /v1/chat/completions``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutagent.demo.protocols import openai_errors
from mutagent.demo.protocols.call import CREATED, Call, Endpoint, Event, Json, all_text, as_json, last_turn
from mutagent.demo.protocols.tokens import fragments, pieces
from mutagent.demo.script import Asked

DONE: Event = (None, "[DONE]")


def read(body: Json) -> Asked:
    """What the request asks."""
    messages = body.get("messages") or []
    functions = [tool["function"] for tool in body.get("tools") or () if "function" in tool]
    role, last = last_turn(messages, lambda message: str(message.get("role")))
    return Asked(
        endpoint="chat",
        model=str(body["model"]),
        role=role,
        last=last,
        text=all_text(messages, as_json(functions)),
        tools={function["name"]: function.get("parameters") for function in functions},
        forced=_forced(body.get("tool_choice"), functions),
        schema=_schema(body.get("response_format")),
    )


def _forced(choice: Any, functions: list[Json]) -> str | None:
    if isinstance(choice, dict):
        name = choice.get("function", {}).get("name")
        return None if name is None else str(name)
    return functions[0]["name"] if choice == "required" and functions else None


def _schema(wanted: Any) -> Json | None:
    if not isinstance(wanted, dict) or wanted.get("type") == "text":
        return None
    schema: Json = wanted.get("json_schema", {}).get("schema", {"type": "object"})
    return schema


def usage(call: Call) -> Json:
    """Token counts; the cached part is included in the prompt's, the reasoning in the completion's."""
    prompt_details = {"cached_tokens": call.reply.cached_tokens, "audio_tokens": 0}
    if call.reply.cache_creation_tokens:
        prompt_details["cache_write_tokens"] = call.reply.cache_creation_tokens
    return {
        "prompt_tokens": call.input_tokens,
        "completion_tokens": call.output_tokens,
        "total_tokens": call.input_tokens + call.output_tokens,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": {
            "reasoning_tokens": call.thinking_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def finish_reason(call: Call) -> str:
    """Why the reply ended, in the API's word."""
    if call.reply.truncated:
        return "length"
    return "tool_calls" if call.reply.tools else "stop"


def body(call: Call) -> Json:
    """The whole answer."""
    choice = {"message": _message(call), "logprobs": None, "finish_reason": finish_reason(call)}
    return {
        **_head(call, "chat.completion"),
        "choices": [{"index": index, **choice} for index in range(_choices(call))],
        "usage": usage(call),
    }


def events(call: Call) -> Iterator[Event]:
    """The answer as chunks; the usage comes last, and only if it was asked for."""
    wants_usage = bool((call.body.get("stream_options") or {}).get("include_usage"))
    head = _head(call, "chat.completion.chunk") | ({"usage": None} if wants_usage else {})
    for index in range(_choices(call)):
        for delta in _deltas(call):
            yield None, {**head, "choices": [_chunk_choice(index, delta, None)]}
        yield None, {**head, "choices": [_chunk_choice(index, {}, finish_reason(call))]}
    if wants_usage:
        yield None, {**head, "choices": [], "usage": usage(call)}
    yield DONE


def _head(call: Call, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{call.ident}",
        "object": kind,
        "created": CREATED,
        "model": call.model,
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }


def _choices(call: Call) -> int:
    return int(call.body.get("n") or 1)


def _message(call: Call) -> Json:
    message: Json = {"role": "assistant", "content": call.reply.text, "refusal": call.reply.refusal, "annotations": []}
    if call.reply.tools:
        message["tool_calls"] = [
            _tool_call(call, index, tool.arguments_json) for index, tool in enumerate(call.reply.tools)
        ]
    return message


def _tool_call(call: Call, index: int, arguments: str) -> Json:
    function = {"name": call.reply.tools[index].name, "arguments": arguments}
    return {"id": call.tool_id("call", index), "type": "function", "function": function}


def _deltas(call: Call) -> Iterator[Json]:
    yield {"role": "assistant", "content": None if call.reply.tools else "", "refusal": None}
    for piece in pieces(call.reply.text or ""):
        yield {"content": piece}
    for piece in pieces(call.reply.refusal or ""):
        yield {"refusal": piece}
    for index, tool in enumerate(call.reply.tools):
        yield {"tool_calls": [{"index": index, **_tool_call(call, index, "")}]}
        for fragment in fragments(tool.arguments_json):
            yield {"tool_calls": [{"index": index, "function": {"arguments": fragment}}]}


def _chunk_choice(index: int, delta: Json, finish: str | None) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


CHAT = Endpoint(
    path="/chat/completions",
    read=read,
    body=body,
    events=events,
    failure=openai_errors.failure,
    error_event=openai_errors.error_event,
    request_id_header=openai_errors.REQUEST_ID_HEADER,
)
