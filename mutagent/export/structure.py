"""What stays of a span's attributes where inputs are not recorded: structure and numbers, no words of the user's."""

from __future__ import annotations

from typing import Any

_REQUEST = "mutagent.request."
_WORDS_OF_USERS = frozenset({
    "gen_ai.system_instructions", "gen_ai.tool.definitions", "gen_ai.tool.description", "gen_ai.retrieval.query.text",
    "gen_ai.request.stop_sequences",
})  # fmt: skip
# Parameters whose text is one of a few words that the provider names; in others people write what they like.
_WORDS_OF_PROVIDERS = frozenset({
    "background", "effort", "format", "input_fidelity", "moderation", "output_format", "quality", "reasoning_effort",
    "response_format", "service_tier", "size", "style", "tool_choice", "truncation", "verbosity", "voice",
})  # fmt: skip
_LONGEST_WORD = 32


def without_words(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes without request contents; those that a program names itself are its own to leave out."""
    return {name: value for name, value in attributes.items() if not _is_content(name, value)}


def _is_content(name: str, value: Any) -> bool:
    if not name.startswith(_REQUEST):
        return name in _WORDS_OF_USERS
    kind = type(value)
    if kind is str:
        return name[len(_REQUEST) :] not in _WORDS_OF_PROVIDERS or len(value) > _LONGEST_WORD
    return kind is not int and kind is not float and kind is not bool
