"""The chat-completions shape: OpenAI's, and that of the many who speak it."""

from __future__ import annotations

import json
from typing import Any

from mutagent.capture.plain import (
    as_list,
    as_str,
    fields_of,
    is_blank,
    is_unset,
    read,
    read_filled,
    read_list,
    read_str,
)
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.servers import server_of_answer
from mutagent.integrations.shapes.tokens import NOTHING, counts_of, part, wholes
from mutagent.integrations.spec import Response, Usage

# Where OpenAI-compatible providers put the model's reasoning.
REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")


def arguments(text: Any) -> Any:
    """What JSON text holds, a tool call's arguments as a rule; any other text, and what is none, as it is."""
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
    fields = item if type(item) is dict else fields_of(item)
    role, content = fields.get("role"), fields.get("content")
    if type(role) is str and type(content) is str:
        # A text and nothing else is by far the commonest; what else a model has is empty.
        filled = len(fields)
        if filled != 2:
            filled = 0
            for value in list(fields.values()):  # the program may write to it meanwhile
                if value is not None and (type(value) is not list or value):
                    filled += 1
        if filled == 2:
            return {"role": role, "content": budget.text(content)}
    return _message(item, fields, budget)


def _message(item: Any, fields: dict[str, Any], budget: Snapshot) -> Any:
    # What is empty is looked at once.
    fields = {
        name: value
        for name, value in list(fields.items())
        if value is not None and (type(value) is not list or value or name == "content")
    }
    role, content = as_str(fields.get("role")), fields.get("content")
    if role is None:
        return budget.take(item)
    if len(fields) == 2 and type(content) is str:
        return {"role": role, "content": budget.text(content)}
    plain: dict[str, Any] = {"role": role, "content": _content(fields, budget)}
    for name, wire in (("name", "name"), ("tool_call_id", "toolCallId")):
        value = as_str(fields.get(name))
        if value is not None:
            plain[wire] = value
    calls = [tool_call(call, budget) for call in as_list(fields.get("tool_calls"))]
    function_call = fields.get("function_call")
    if function_call is not None:
        calls.append(_function(function_call, budget))
    if calls:
        plain["toolCalls"] = calls
    return plain


def _content(fields: dict[str, Any], budget: Snapshot) -> Any:
    content = _said(fields.get("content"), budget)
    before = _reasoning(fields, budget)
    after = [{"type": name, name: budget.take(fields[name])} for name in ("refusal", "audio") if name in fields
             and not is_blank(fields[name])]  # fmt: skip
    # Models that search the web cite in annotations; OpenRouter's image models answer in a list of their own.
    after += [_image(image, budget) for image in read_list(fields, "images")]
    annotations = read_list(fields, "annotations")
    if not before and not after and not annotations:
        return content
    text = [] if content in (None, "") else content if type(content) is list else [{"type": "text", "text": content}]
    if annotations and text and type(text[-1]) is dict:
        text[-1]["annotations"] = budget.take(annotations)
    return before + text + after


def _said(content: Any, budget: Snapshot) -> Any:
    if type(content) is str:
        return budget.text(content)
    if is_unset(content):
        return None
    parts = as_list(content)
    if not any(read_str(part, "type") == "thinking" for part in parts):
        return budget.take(content, "content")
    return budget.sequence(parts, lambda part: _part(part, budget))


def _part(part: Any, budget: Snapshot) -> Any:
    thought = thought_of(part)
    return budget.take(part) if thought is None else {"type": "reasoning", "text": budget.take(thought)}


def thought_of(part: Any) -> str | None:
    """The text of a part of the content that is the model's reasoning (Mistral's, Cohere's); None for other parts."""
    if read_str(part, "type") != "thinking":
        return None
    pieces = (read_str(piece, "text") or "" for piece in read_list(part, "thinking"))
    return read_str(part, "thinking") or "".join(pieces)


def _image(image: Any, budget: Snapshot) -> Any:
    taken = budget.take(image, "image")
    return taken if type(taken) is dict else {"type": "image", "image": taken}


def _reasoning(fields: dict[str, Any], budget: Snapshot) -> list[Any]:
    for name in REASONING_FIELDS:
        reasoning = fields.get(name)
        if not is_blank(reasoning):
            return [{"type": "reasoning", "text": budget.take(reasoning)}]
    return []


def tool_call(call: Any, budget: Snapshot) -> dict[str, Any]:
    """One tool call in wire form; custom tools carry free text where functions carry arguments."""
    named = read_filled(call, "function", "custom")
    return {"id": budget.take(call_id(call)), **_function(call if named is None else named, budget)}


def call_id(call: Any) -> Any:
    """A tool call's id; Mistral's client says ``"null"`` where the provider gave none."""
    identity = read(call, "id")
    return None if type(identity) is str and identity == "null" else identity


def _function(function: Any, budget: Snapshot) -> dict[str, Any]:
    given = read_filled(function, "arguments", "input")
    return {"name": read_str(function, "name"), "arguments": budget.take(arguments(given))}


def usage(raw: Any) -> Usage | None:
    """Token counts: prompt tokens include cached ones here, completion tokens include reasoning."""
    if raw is None:
        return None
    counts = counts_of(raw)
    given, made = counts.get("prompt_tokens_details"), counts.get("completion_tokens_details")
    if type(given) is not dict:
        given = NOTHING
    if type(made) is not dict:
        made = NOTHING
    cached = given.get("cached_tokens")
    prompt, completion, total, cached, written, reasoning, heard, spoken = wholes(
        (
            counts.get("prompt_tokens"),
            counts.get("completion_tokens"),
            counts.get("total_tokens"),
            _cached(counts) if cached is None else cached,
            given.get("cache_write_tokens"),
            made.get("reasoning_tokens"),
            given.get("audio_tokens"),
            made.get("audio_tokens"),
        )
    )
    if reasoning and prompt is not None and completion is not None and total == prompt + completion + reasoning:
        completion += reasoning  # xAI counts it apart; its total tells
    return Usage(prompt, completion, total, cached, written, reasoning, heard, spoken, counts)


def _cached(counts: dict[str, Any]) -> Any:
    """Tokens read from a cache; DeepSeek, Together and Moonshot have told them outside of the details."""
    count = counts.get("prompt_cache_hit_tokens")
    if count is None:
        count = counts.get("cached_tokens")
    if count is None:
        count = part(counts, "prompt_token_details").get("cached_tokens")  # Assistants
    return count


def response(answer: Any) -> Response:
    """A whole chat completion."""
    budget = Snapshot()
    fields = fields_of(answer)
    reasons: list[Any] = []
    messages: list[Any] = []
    for each in as_list(fields.get("choices")):
        choice = fields_of(each)
        reason, said = choice.get("finish_reason"), choice.get("message")
        if reason:
            reasons.append(reason)
        if said:
            messages.append(message(said, budget))
    return Response(
        model=fields.get("model"),
        id=fields.get("id"),
        finish_reasons=reasons,
        output={"messages": messages},
        usage=usage(fields.get("usage")),
        attributes=facts(answer, fields),
        server=server_of_answer(answer, fields),
    )


def facts(answer: Any, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a response says beside the answer; ``fields`` are its own, where they are at hand."""
    if fields is None:
        fields = fields_of(answer)
    found: dict[str, Any] = {}
    tier, fingerprint = fields.get("service_tier"), fields.get("system_fingerprint")
    request_id = fields.get("_request_id")
    if type(tier) is str:
        found["openai.response.service_tier"] = tier
    if type(fingerprint) is str:
        found["openai.response.system_fingerprint"] = fingerprint
    if type(request_id) is str:
        found["mutagent.request_id"] = request_id
    return found
