"""The chat-completions shape: OpenAI's, and that of the many who speak it."""

from __future__ import annotations

import json
from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, read, read_list, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Response, Usage

# Where OpenAI-compatible providers put the model's reasoning.
_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")
USAGE_MISSING = (
    "the stream carried no usage: pass stream_options={'include_usage': True} or set MUTAGENT_STREAM_USAGE=1"
)


def arguments(text: Any) -> Any:
    """A tool call's arguments: the object that the JSON text holds, else the text as it is."""
    if type(text) is not str:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def messages(value: Any, budget: Snapshot) -> dict[str, Any]:
    """Request messages as an input object; what is no list is recorded raw, unread."""
    items = as_list(value)
    if not items:
        return {"raw": budget.take(value)}
    return {"messages": budget.sequence(items, lambda item: message(item, budget))}


def message(item: Any, budget: Snapshot) -> Any:
    """One message, a dict or a model, in wire form."""
    if type(item) is dict and len(item) == 2 and type(item.get("content")) is str and type(item.get("role")) is str:
        return {"role": item["role"], "content": budget.text(item["content"])}  # by far the commonest
    role = read_str(item, "role")
    if role is None:
        return budget.take(item)
    plain: dict[str, Any] = {"role": role, "content": _content(item, budget)}
    for name, wire in (("name", "name"), ("tool_call_id", "toolCallId")):
        value = read_str(item, name)
        if value is not None:
            plain[wire] = value
    calls = [tool_call(call, budget) for call in read_list(item, "tool_calls")]
    function_call = read(item, "function_call")
    if function_call is not None:
        calls.append(_function(function_call, budget))
    if calls:
        plain["toolCalls"] = calls
    return plain


def _content(item: Any, budget: Snapshot) -> Any:
    content = budget.take(read(item, "content"), "content")
    extra: list[Any] = []
    for name in _REASONING_FIELDS:
        reasoning = read(item, name)
        if reasoning:
            extra.append({"type": "reasoning", "text": budget.take(reasoning)})
            break
    for name in ("refusal", "audio"):
        value = read(item, name)
        if value is not None:
            extra.append({"type": name, name: budget.take(value)})
    if not extra:
        return content
    text = [] if content in (None, "") else content if type(content) is list else [{"type": "text", "text": content}]
    return extra[:1] + text + extra[1:] if extra[0]["type"] == "reasoning" else text + extra


def tool_call(call: Any, budget: Snapshot) -> dict[str, Any]:
    """One tool call in wire form; custom tools carry free text where functions carry arguments."""
    plain = _function(read(call, "function") or read(call, "custom") or call, budget)
    return {"id": read(call, "id"), **plain}


def _function(function: Any, budget: Snapshot) -> dict[str, Any]:
    given = read(function, "arguments")
    return {"name": read_str(function, "name"), "arguments": budget.take(arguments(given or read(function, "input")))}


def usage(raw: Any) -> Usage | None:
    """Token counts: prompt tokens include cached ones here, completion tokens include reasoning."""
    if raw is None:
        return None
    return Usage(
        input=whole(get(raw, "prompt_tokens")),
        output=whole(get(raw, "completion_tokens")),
        total=whole(get(raw, "total_tokens")),
        cache_read=whole(get_path(raw, "prompt_tokens_details", "cached_tokens")),
        cache_creation=whole(get_path(raw, "prompt_tokens_details", "cache_write_tokens")),
        reasoning=whole(get_path(raw, "completion_tokens_details", "reasoning_tokens")),
        input_audio=whole(get_path(raw, "prompt_tokens_details", "audio_tokens")),
        output_audio=whole(get_path(raw, "completion_tokens_details", "audio_tokens")),
        raw=raw,
    )


def response(answer: Any) -> Response:
    """A whole chat completion."""
    budget = Snapshot()
    choices = get_list(answer, "choices")
    return Response(
        model=get(answer, "model"),
        id=get(answer, "id"),
        finish_reasons=[reason for choice in choices if (reason := get(choice, "finish_reason"))],
        output={"messages": [message(get(choice, "message"), budget) for choice in choices]},
        usage=usage(get(answer, "usage")),
        attributes=facts(answer),
    )


def facts(answer: Any) -> dict[str, Any]:
    """What a response says beside the answer."""
    found = {
        "openai.response.service_tier": get(answer, "service_tier"),
        "openai.response.system_fingerprint": get(answer, "system_fingerprint"),
        "mutagent.request_id": getattr(answer, "_request_id", None),
    }
    return {name: value for name, value in found.items() if type(value) is str}


class ChatChunks:
    """Folds the chunks of a streamed chat completion."""

    __slots__ = ("choices", "first", "usage")

    def __init__(self) -> None:
        self.choices: dict[int, _Choice] = {}
        self.first: Any = None
        self.usage: Any = None

    def feed(self, chunk: Any) -> None:
        """Take the deltas of one chunk."""
        fields = chunk if type(chunk) is dict else chunk.__dict__
        if self.first is None and fields.get("id") is not None:
            self.first = (fields.get("id"), fields.get("model"), facts(chunk))
        used = fields.get("usage") or get_path(chunk, "x_groq", "usage")
        if used is not None:
            self.usage = used
        for choice in fields.get("choices") or ():
            index = get(choice, "index") or 0
            state = self.choices.get(index)
            if state is None:
                state = self.choices[index] = _Choice()
            state.feed(choice)

    def response(self) -> Response:
        """The completion so far."""
        identity, model, attributes = self.first or (None, None, {})
        budget = Snapshot()
        states = [self.choices[index] for index in sorted(self.choices)]
        if self.usage is None:
            attributes = {**attributes, "mutagent.usage.missing": USAGE_MISSING}
        return Response(
            model=model,
            id=identity,
            finish_reasons=[state.finish_reason for state in states if state.finish_reason],
            output={"messages": [message(state.message(), budget) for state in states]} if states else None,
            usage=usage(self.usage),
            attributes=attributes,
        )


class _Choice:
    """One choice of a stream: its text, its reasoning, its tool calls by index."""

    __slots__ = ("calls", "finish_reason", "function", "reasoning", "refusal", "role", "text")

    def __init__(self) -> None:
        self.role = "assistant"
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.calls: dict[int, dict[str, Any]] = {}
        self.function: dict[str, Any] | None = None
        self.finish_reason: str | None = None

    def feed(self, choice: Any) -> None:
        fields = choice if type(choice) is dict else choice.__dict__
        self.finish_reason = fields.get("finish_reason") or self.finish_reason
        delta = fields.get("delta")
        if delta is None:
            return
        parts = delta if type(delta) is dict else delta.__dict__
        text = parts.get("content")
        if type(text) is str:
            self.text.append(text)
            return
        if parts.get("refusal"):
            self.refusal.append(parts["refusal"])
        for name in _REASONING_FIELDS:
            reasoning = get(delta, name)
            if type(reasoning) is str:
                self.reasoning.append(reasoning)
                break
        for call in parts.get("tool_calls") or ():
            self.feed_call(call)
        if parts.get("function_call") is not None:
            self.function = _joined(self.function or {"name": None, "arguments": []}, parts["function_call"])

    def feed_call(self, call: Any) -> None:
        index = get(call, "index")
        # Some providers leave the index out and send each call whole.
        key = len(self.calls) if index is None else index
        state = self.calls.setdefault(key, {"id": None, "name": None, "arguments": []})
        state["id"] = get(call, "id") or state["id"]
        _joined(state, get(call, "function") or get(call, "custom"))

    def message(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"role": self.role, "content": "".join(self.text) if self.text else None}
        if self.reasoning:
            plain["reasoning_content"] = "".join(self.reasoning)
        if self.refusal:
            plain["refusal"] = "".join(self.refusal)
        if self.calls:
            plain["tool_calls"] = [
                {"id": call["id"], "function": {"name": call["name"], "arguments": "".join(call["arguments"])}}
                for _, call in sorted(self.calls.items())
            ]
        if self.function is not None:
            plain["function_call"] = {**self.function, "arguments": "".join(self.function["arguments"])}
        return plain


def _joined(state: dict[str, Any], function: Any) -> dict[str, Any]:
    state["name"] = get(function, "name") or state["name"]
    piece = get(function, "arguments") or get(function, "input")
    if type(piece) is str:
        state["arguments"].append(piece)
    return state


def ask_usage(given: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments with ``include_usage`` set, where a stream is asked for and nothing was said about usage."""
    options = given.get("stream_options")
    if given.get("stream") is not True or (options is not None and type(options) is not dict):
        return None
    if options is not None and "include_usage" in options:
        return None
    return {**given, "stream_options": {**(options or {}), "include_usage": True}}


def only_usage(chunk: Any) -> bool:
    """Whether a chunk carries the usage and nothing else."""
    return not get(chunk, "choices") and get(chunk, "usage") is not None
