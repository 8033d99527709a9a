"""The items of OpenAI's Responses API: messages, tool calls, their outputs and reasoning, in wire form."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import read, read_filled, read_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.chat import arguments

_TEXT_PARTS = frozenset({"input_text", "output_text", "text"})
# Where the tools that the provider runs keep what they were asked, and what they found.
_ASKED = ("action", "actions", "queries", "code", "operation")
_GOT = ("output", "results", "outputs", "result")


def message(item: Any, budget: Snapshot) -> Any:
    """One input item as a message."""
    kind = read_str(item, "type")
    role = read_str(item, "role")
    if role is not None:
        return {"role": role, "content": _content(read(item, "content"), budget)}
    if kind is None:
        return budget.take(item)
    if kind.endswith("_output"):
        return {
            "role": "tool",
            "content": budget.take(read(item, "output"), "output"),
            "toolCallId": read_str(item, "call_id"),
        }
    if kind == "reasoning":
        return {"role": "assistant", "content": [_reasoning(item, budget)]}
    if kind.endswith("_call"):
        return {"role": "assistant", "content": None, "toolCalls": [_call(item, kind, budget)]}
    return {"role": "system", "content": [budget.take(item)]}


def output(found: list[Any]) -> dict[str, Any] | None:
    """The output items as one assistant message: its text, its reasoning, its tool calls."""
    if not found:
        return None
    budget = Snapshot()
    parts: list[Any] = []
    calls: list[dict[str, Any]] = []
    for item in found:
        kind = read_str(item, "type") or ""
        if kind == "message":
            parts.extend(_parts(read_list(item, "content"), budget))
        elif kind == "reasoning":
            thought = _reasoning(item, budget)
            parts += [thought] if thought["text"] else []  # encrypted, or not summarised
        elif kind.endswith("_call"):
            calls.append(_call(item, kind, budget))
        else:
            parts.append(budget.take(item))
    plain: dict[str, Any] = {"role": "assistant", "content": _simple(parts)}
    if calls:
        plain["toolCalls"] = calls
    return {"messages": [plain]}


def _simple(parts: list[Any]) -> Any:
    """A lone text is said plainly, without a list around it."""
    if not parts:
        return None
    if all(type(part) is dict and part.keys() == {"type", "text"} and part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _content(value: Any, budget: Snapshot) -> Any:
    if type(value) is list:
        return _simple(_parts(value, budget))
    return budget.take(value, "content")


def _parts(value: list[Any], budget: Snapshot) -> list[Any]:
    parts = []
    for part in value:
        text = read_str(part, "text")
        if read_str(part, "type") in _TEXT_PARTS and text is not None:
            annotations = read_list(part, "annotations")
            cited = {"annotations": budget.take(annotations)} if annotations else {}
            parts.append({"type": "text", "text": budget.take(text), **cited})
        else:
            parts.append(budget.take(part))
    return parts


def _reasoning(item: Any, budget: Snapshot) -> dict[str, Any]:
    texts = [read_str(part, "text") or "" for name in ("summary", "content") for part in read_list(item, name)]
    return {"type": "reasoning", "text": budget.take("\n".join(texts))}


def _call(item: Any, kind: str, budget: Snapshot) -> dict[str, Any]:
    """A tool call. Tools that the provider runs go by their item type, and bring what they did along."""
    name = read_str(item, "name")
    if kind == "mcp_call":
        name = f"mcp:{name}"
    given = read(item, "arguments") if read(item, "arguments") is not None else read(item, "input")
    if given is None:
        given = read_filled(item, *_ASKED)
    plain = {
        "id": read_str(item, "call_id") or read_str(item, "id"),
        "name": name or kind,
        "arguments": budget.take(arguments(given)),
    }
    result = read_filled(item, *_GOT)
    error = read_filled(item, "error")
    if result is not None:
        plain["result"] = budget.take(result, "result")
    elif error is not None:
        plain["result"] = {"error": budget.take(error)}
    return plain
