"""Counting and cutting text, the same way every time: what a tokenizer does, without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# The keys under which the protocols carry text that a model reads; ids, types and images are not text.
_TEXT_KEYS = ("role", "name", "text", "content", "input", "output", "arguments", "tool_calls", "function", "summary")


def count(text: str) -> int:
    """The number of tokens in ``text``: parts of words up to six letters, and marks."""
    return len(re.findall(r"\w{1,6}|[^\w\s]", text))


def pieces(text: str) -> list[str]:
    """``text`` cut into words, each with the white space after it, as streams deliver it."""
    return re.findall(r"\s*\S+\s*|\s+", text)


def fragments(json_text: str, size: int = 8) -> list[str]:
    """JSON cut without regard for its grammar, as the arguments of tools are streamed."""
    return [json_text[start : start + size] for start in range(0, len(json_text), size)]


def texts(value: Any) -> Iterator[str]:
    """Every piece of text in a message, a list of messages or a content part."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for key in _TEXT_KEYS:
            yield from texts(value.get(key))
