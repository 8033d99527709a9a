"""LangChain's values in wire form: messages, documents, prompts, graph states."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import (
    as_list,
    instance_dict,
    is_blank,
    is_kind,
    loaded,
    model_fields,
    read,
    read_filled,
    read_list,
    read_str,
    type_label,
)
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import blocks, chat

_ROLES = {
    "human": "user", "HumanMessageChunk": "user", "ai": "assistant", "AIMessageChunk": "assistant",
    "system": "system", "SystemMessageChunk": "system", "tool": "tool", "ToolMessageChunk": "tool",
    "function": "tool", "FunctionMessageChunk": "tool", "remove": "remove",
}  # fmt: skip
# Parts of a message's content that repeat what stands in its tool calls.
_CALL_PARTS = frozenset({"tool_use", "tool_call", "tool_call_chunk", "function_call", "input_json_delta"})
_REASONING_PARTS = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content"})
# Where compressors put the score of a document.
_SCORES = ("relevance_score", "score")


class Values(Snapshot):
    """A snapshot in which messages and documents stand in wire form, however deep in a state they are."""

    __slots__ = ()

    def uncommon(self, value: Any, kind: type, field: str | None) -> Any:
        """Messages, documents and what LangGraph hands from node to node; anything else as ever."""
        if is_message(value):
            return message(value, self)
        if is_document(value):
            return document(value, self)
        if type_label(kind).startswith("<langgraph.types."):
            return self.nested(self.given, value, value)
        return super().uncommon(value, kind, field)

    def given(self, value: Any) -> dict[str, Any]:
        """The fields of a ``Command``, ``Send`` or ``Interrupt`` that say anything."""
        fields = model_fields(value) or {name: getattr(value, name, None) for name in ("node", "arg")}
        return {name: self.take(item, name) for name, item in fields.items() if item is not None and item != ()}


def is_message(value: Any) -> bool:
    """Whether this is one of LangChain's message objects."""
    base = loaded("langchain_core.messages.base", "BaseMessage")
    return base is not None and is_kind(value, base)


def is_document(value: Any) -> bool:
    """Whether this is a LangChain ``Document``."""
    base = loaded("langchain_core.documents.base", "Document")
    return base is not None and is_kind(value, base)


def message(item: Any, budget: Snapshot) -> Any:
    """One message in wire form: an object, or one of the short forms that LangChain takes for it."""
    if is_message(item):
        return _message(item, budget)
    if is_kind(item, str):
        return {"role": "user", "content": budget.take(item)}
    if type(item) is tuple and len(item) == 2 and type(item[0]) is str:
        return {"role": _ROLES.get(item[0], item[0]), "content": budget.take(item[1])}
    return chat.message(item, budget)


def _message(item: Any, budget: Snapshot) -> dict[str, Any]:
    # Read out once: a state has many of them, and each node gets the state.
    fields = instance_dict(item) or {}
    kind = read_str(fields, "type")
    role = _ROLES.get(kind or "") or read_str(fields, "role") or kind
    plain: dict[str, Any] = {"role": role, "content": _content(fields, budget)}
    for name, wire in (("name", "name"), ("tool_call_id", "toolCallId")):
        value = fields.get(name)
        if type(value) is str:
            plain[wire] = value
    calls = [*as_list(fields.get("tool_calls")), *as_list(fields.get("invalid_tool_calls"))]
    if calls:
        plain["toolCalls"] = [
            {"id": read_str(call, "id"), "name": read_str(call, "name"), "arguments": budget.take(read(call, "args"))}
            for call in calls
        ]
    return plain


def _content(fields: dict[str, Any], budget: Snapshot) -> Any:
    content, text = fields.get("content"), read_str(fields, "content")
    thought = read_filled(fields.get("additional_kwargs"), "reasoning_content")
    if thought is None and text is not None:
        return budget.take(text)
    parts = [] if thought is None else [{"type": "reasoning", "text": budget.take(thought)}]
    if text is not None:
        return [*parts, {"type": "text", "text": budget.take(text)}] if text else parts
    parts.extend(plain for part in as_list(content) if (plain := _part(part, budget)) is not None)
    return blocks.simple(parts)


def _part(part: Any, budget: Snapshot) -> Any:
    if is_kind(part, str):
        return {"type": "text", "text": budget.take(part)}
    kind = read_str(part, "type")
    if kind in _CALL_PARTS:
        return None
    if kind == "text" and read_filled(part, "annotations", "citations") is None:
        return {"type": "text", "text": budget.take(read(part, "text"))}
    if kind in _REASONING_PARTS:
        return {"type": "reasoning", "text": budget.take(_thought(part))}
    return budget.take(part)


def _thought(part: Any) -> Any:
    thought = read_filled(part, "thinking", "reasoning", "text", "reasoning_content")
    if thought is not None:
        return thought
    summary = [read(item, "text") for item in read_list(part, "summary")]
    return "\n".join(text for text in summary if type(text) is str)


def document(item: Any, budget: Snapshot) -> dict[str, Any]:
    """One document in wire form, with its score where a reranker left one."""
    metadata = read(item, "metadata")
    plain: dict[str, Any] = {"content": budget.take(read(item, "page_content"))}
    if not is_blank(metadata):
        plain["metadata"] = budget.take(metadata)
    for name in _SCORES:
        score = read(metadata, name)
        if type(score) in (int, float):
            plain["score"] = score
            break
    return plain


def io(value: Any) -> dict[str, Any] | None:
    """What went into a run or came out of it, as an input or output object."""
    if value is None:
        return None
    budget = Values()
    if is_kind(value, str):
        return {"text": budget.take(value)}
    if is_message(value):
        return {"messages": [message(value, budget)]}
    items = as_list(value)
    if items and all(is_document(item) for item in items):
        return {"documents": budget.sequence(items, lambda item: document(item, budget))}
    if items and all(is_message(item) for item in items):
        return {"messages": budget.sequence(items, lambda item: message(item, budget))}
    return _prompt(value, budget) or _state(value, budget) or {"raw": budget.take(value)}


def _prompt(value: Any, budget: Values) -> dict[str, Any] | None:
    base = loaded("langchain_core.prompt_values", "PromptValue")
    if base is None or not is_kind(value, base):
        return None
    found = read_list(value, "messages")
    if found:
        return {"messages": budget.sequence(found, lambda item: message(item, budget))}
    return {"text": budget.take(read(value, "text"))}


def _state(value: Any, budget: Values) -> dict[str, Any] | None:
    """A state with a conversation in it: the conversation, and the rest beside it."""
    fields = value if type(value) is dict else None
    if fields is None and not is_kind(value, dict):
        fields = model_fields(value)
    found = as_list(None if fields is None else fields.get("messages"))
    if fields is None or not found:
        return None
    plain: dict[str, Any] = {"messages": budget.sequence(found, lambda item: message(item, budget))}
    rest = {name: item for name, item in fields.items() if name != "messages" and item is not None}
    if rest:
        plain["raw"] = budget.take(rest)
    return plain


def documents(value: Any) -> dict[str, Any]:
    """Retrieved documents as an output object."""
    budget = Values()
    return {"documents": budget.sequence(as_list(value), lambda item: document(item, budget))}


def name_of(serialized: Any) -> str | None:
    """The class's name in what LangChain says of the object that runs."""
    path = read_list(serialized, "id")
    name = read_str(serialized, "name") or (path[-1] if path else None)
    return name if type(name) is str else None


def model_of(instance: Any) -> str | None:
    """The model that an object is set to, under whichever of the usual names."""
    fields = instance_dict(instance) or {}
    for name in ("model", "model_name", "model_id", "deployment"):
        found = fields.get(name)
        if type(found) is str:
            return found
    return None
