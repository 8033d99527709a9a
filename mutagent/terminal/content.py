"""Inputs and outputs as text: one line of preview, or the whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mutagent.store.fields import mapping, text
from mutagent.terminal.text import clean, one_line

# Beyond this nothing of a value can show in a preview.
_PREVIEW_CHARACTERS = 2000


def preview(io: Mapping[str, Any]) -> str:
    """The most telling part of an input or output on one line, "" where there is none.

    Of a conversation it is the last message, of documents the first and how many there are.
    """
    return one_line(next((line for line in _preview_parts(io) if line.strip()), ""), _PREVIEW_CHARACTERS)


def whole(io: Mapping[str, Any]) -> list[str]:
    """All of an input or output, as lines."""
    return clean("\n".join(_whole_parts(io))).rstrip("\n").split("\n")


def as_text(value: Any, indent: int | None = None) -> str:
    """A string as it is, anything else as JSON; surrogates that JSON text can hold are kept for ``clean``."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=indent, default=str)


def _preview_parts(io: Mapping[str, Any]) -> Iterator[str]:
    messages, documents = _items(io, "messages"), _items(io, "documents")
    if messages:
        yield _message(messages[-1])
    yield text(io, "text")
    yield ", ".join(map(_tool_call, _items(io, "toolCalls")))
    if documents:
        yield f"{len(documents)} documents: {_content(documents[0].get('content'))}"
    if "raw" in io:
        yield as_text(io["raw"])


def _whole_parts(io: Mapping[str, Any]) -> Iterator[str]:
    yield from map(_message, _items(io, "messages"))
    if text(io, "text"):
        yield text(io, "text")
    yield from map(_tool_call, _items(io, "toolCalls"))
    for document in _items(io, "documents"):
        score = f" (score {document['score']})" if "score" in document else ""
        yield f"document{score}: {_content(document.get('content'))}"
    if "raw" in io:
        yield as_text(io["raw"], indent=2)


def _message(message: Mapping[str, Any]) -> str:
    parts = [_content(message.get("content")), ", ".join(map(_tool_call, _items(message, "toolCalls")))]
    return f"{text(message, 'role') or 'message'}: {' '.join(filter(None, parts))}"


def _tool_call(call: Mapping[str, Any]) -> str:
    function = mapping(call, "function") or call
    arguments = function.get("arguments")
    result = f" = {as_text(call['result'])}" if "result" in call else ""
    return f"{text(function, 'name') or 'tool'}({as_text(arguments) if arguments is not None else ''}){result}"


def _content(content: Any) -> str:
    if content is None:
        return ""
    return " ".join(map(_part, content)) if isinstance(content, list) else as_text(content)


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return as_text(part)
    return text(part, "text") or as_text(part)


def _items(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = holder.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
