"""Messages made of content blocks, as Anthropic has them: text, thinking, tool use, tool results, media."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import as_list, as_str, fields_of, is_blank, read, read_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.tokens import counts_of, part, wholes
from mutagent.integrations.spec import Usage


def messages(
    value: Any, system: Any, budget: Snapshot, read_one: Callable[[Any, Snapshot], Any] | None = None
) -> dict[str, Any]:
    """Request messages as an input object, the system prompt first; what is no list is recorded raw, unread.

    Args:
        value: the messages.
        system: the system prompt, in wire form.
        budget: what may be spent on them.
        read_one: reads one of them, where its blocks are not Anthropic's: see :func:`message`.
    """
    read_one = read_one or message
    head = [] if system is None else [{"role": "system", "content": system}]
    items = as_list(value)
    if not items:
        return {"messages": head, "raw": budget.take(value)} if value is not None else {"messages": head}
    return {"messages": [*head, *_flat(budget.sequence(items, lambda item: read_one(item, budget)))]}


def _flat(groups: list[Any]) -> list[Any]:
    found: list[Any] = []
    for group in groups:
        if type(group) is list:
            found += group
        else:
            found.append(group)
    return found


def message(item: Any, budget: Snapshot) -> Any:
    """One message in wire form; a list of several where it carries tool results, each a message of its own."""
    fields = item if type(item) is dict else fields_of(item)
    role, content = fields.get("role"), fields.get("content")
    if type(role) is not str:
        role = as_str(role)
        if role is None:
            return budget.take(item)
    if type(content) is str:
        return {"role": role, "content": budget.text(content)}
    results: list[Any] = []
    parts: list[Any] = []
    calls: list[dict[str, Any]] = []
    for block in as_list(content):
        _sort_block(block, budget, parts, calls, results)
    if results and not parts and not calls:
        return results
    plain: dict[str, Any] = {"role": role, "content": simple(parts)}
    if calls:
        plain["toolCalls"] = calls
    return [*results, plain] if results else plain


def _sort_block(
    block: Any, budget: Snapshot, parts: list[Any], calls: list[dict[str, Any]], results: list[Any]
) -> None:
    fields = fields_of(block)
    kind = as_str(fields.get("type")) or ""
    if kind == "text" and is_blank(fields.get("citations")):
        parts.append({"type": "text", "text": budget.take(fields.get("text"))})
    elif kind in ("thinking", "redacted_thinking"):
        thought = fields.get("thinking")
        parts.append({"type": "reasoning", "text": "<redacted>" if is_blank(thought) else budget.take(thought)})
    elif kind.endswith("tool_use"):
        calls.append(
            {
                "id": as_str(fields.get("id")),
                "name": as_str(fields.get("name")),
                "arguments": budget.take(fields.get("input")),
            }
        )
    elif kind.endswith("tool_result"):
        _place_result(block, budget, calls, results)
    else:
        parts.append(budget.take(block))


def _place_result(block: Any, budget: Snapshot, calls: list[dict[str, Any]], results: list[Any]) -> None:
    identity = read_str(block, "tool_use_id")
    content = simple([_part(part, budget) for part in read_list(block, "content")]) or budget.take(
        read(block, "content")
    )
    for call in calls:
        # A tool that the provider ran: its result stands beside its call.
        if call["id"] == identity:
            call["result"] = content
            return
    plain = {"role": "tool", "content": content, "toolCallId": identity}
    if read(block, "is_error") is True:
        plain["isError"] = True
    results.append(plain)


def _part(part: Any, budget: Snapshot) -> Any:
    if read_str(part, "type") == "text":
        return {"type": "text", "text": budget.take(read(part, "text"))}
    return budget.take(part)


def simple(parts: list[Any]) -> Any:
    """A lone text is said plainly, without a list around it."""
    if not parts:
        return None
    texts: list[str] = []
    for each in parts:
        text = each.get("text") if type(each) is dict and each.get("type") == "text" else None
        if type(text) is not str:
            return parts
        texts.append(text)
    return "\n".join(texts)


def usage(raw: Any) -> Usage | None:
    """Token counts: input tokens exclude both cache parts here, so they are added."""
    if raw is None:
        return None
    counts = counts_of(raw)
    fresh, output, read_tokens, created, reasoning = wholes(
        (
            counts.get("input_tokens"),
            counts.get("output_tokens"),
            counts.get("cache_read_input_tokens"),
            counts.get("cache_creation_input_tokens"),
            part(counts, "output_tokens_details").get("thinking_tokens"),
        )
    )
    return Usage(
        input=None if fresh is None else fresh + (read_tokens or 0) + (created or 0),
        output=output,
        cache_read=read_tokens,
        cache_creation=created,
        reasoning=reasoning,
        raw=counts,
    )
