"""OpenAI Responses: ``POST /v1/responses``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutagent.demo.protocols import openai_errors
from mutagent.demo.protocols.call import CREATED, Call, Endpoint, Event, Json, all_text, as_json, last_turn
from mutagent.demo.protocols.responses_events import response_events
from mutagent.demo.script import Asked

# What the API repeats of the request, with its defaults.
_ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def read(body: Json) -> Asked:
    """What the request asks."""
    items = _items(body.get("input"))
    functions = [tool for tool in body.get("tools") or () if tool.get("type") == "function"]
    role, last = last_turn(items, _role)
    return Asked(
        endpoint="responses",
        model=str(body["model"]),
        role=role,
        last=last,
        text=all_text(body.get("instructions"), items, as_json(functions)),
        tools={function["name"]: function.get("parameters") for function in functions},
        forced=_forced(body.get("tool_choice"), functions),
        schema=_schema((body.get("text") or {}).get("format")),
    )


def _items(given: Any) -> list[Json]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())


def _role(item: Json) -> str:
    return "tool" if str(item.get("type")).endswith("_output") else str(item.get("role", "assistant"))


def _forced(choice: Any, functions: list[Json]) -> str | None:
    if isinstance(choice, dict):
        return choice.get("name")
    return functions[0]["name"] if choice == "required" and functions else None


def _schema(wanted: Any) -> Json | None:
    if not wanted or wanted.get("type") == "text":
        return None
    schema: Json = wanted.get("schema", {"type": "object"})
    return schema


def body(call: Call) -> Json:
    """The whole answer."""
    incomplete = {"reason": "max_output_tokens"} if call.reply.truncated else None
    return {
        "id": f"resp_{call.ident}",
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if incomplete else "completed",
        "background": False,
        "error": None,
        "incomplete_details": incomplete,
        "model": call.model,
        "output": list(_output(call)),
        "service_tier": "default",
        **{name: _given(call.body, name, default) for name, default in _ECHOED.items()},
        "usage": usage(call),
    }


def _given(body: Json, name: str, default: Any) -> Any:
    return default if body.get(name) is None else body[name]


def usage(call: Call) -> Json:
    """Token counts; the cached part is included in the input's, the reasoning in the output's."""
    details = {"cached_tokens": call.reply.cached_tokens}
    if call.reply.cache_creation_tokens:
        details["cache_write_tokens"] = call.reply.cache_creation_tokens
    return {
        "input_tokens": call.input_tokens,
        "input_tokens_details": details,
        "output_tokens": call.output_tokens,
        "output_tokens_details": {"reasoning_tokens": call.thinking_tokens},
        "total_tokens": call.input_tokens + call.output_tokens,
    }


def _output(call: Call) -> Iterator[Json]:
    reply = call.reply
    if reply.thinking is not None:
        summary = [{"type": "summary_text", "text": reply.thinking}]
        yield {"id": f"rs_{call.ident}", "type": "reasoning", "summary": summary}
    if reply.text is not None or reply.refusal is not None:
        yield _message(call)
    for index, tool in enumerate(reply.tools):
        yield {
            "id": call.tool_id("fc", index),
            "type": "function_call",
            "status": "completed",
            "call_id": call.tool_id("call", index),
            "name": tool.name,
            "arguments": tool.arguments_json,
        }


def _message(call: Call) -> Json:
    text: Json = {"type": "output_text", "text": call.reply.text, "annotations": [], "logprobs": []}
    part = text if call.reply.refusal is None else {"type": "refusal", "refusal": call.reply.refusal}
    status = "incomplete" if call.reply.truncated else "completed"
    return {"id": f"msg_{call.ident}", "type": "message", "status": status, "role": "assistant", "content": [part]}


def events(call: Call) -> Iterator[Event]:
    """The answer as the API's sequence of events."""
    return response_events(body(call))


RESPONSES = Endpoint(
    path="/responses",
    read=read,
    body=body,
    events=events,
    failure=openai_errors.failure,
    error_event=openai_errors.responses_error_event,
    request_id_header=openai_errors.REQUEST_ID_HEADER,
)
