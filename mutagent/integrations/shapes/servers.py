"""Servers that people run themselves, by the marks that they leave on their answers; their addresses tell nothing."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get

# Fields that only one server adds to a chat completion, as a rule even where they are empty.
_FIELDS = (
    # https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/openai/chat_completion/protocol.py
    ("kv_transfer_params", "vllm"),
    ("prompt_logprobs", "vllm"),
    # https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    ("timings", "llama_cpp"),
)


_MARKS = frozenset(field for field, _ in _FIELDS)
_NONE: dict[str, Any] = {}


def server_of_answer(answer: Any, told: dict[str, Any] | None = None) -> str | None:
    """The server software that wrote a chat completion or one of its chunks, where it can be told.

    Args:
        answer: the completion or the chunk.
        told: its fields, where they are at hand: most have none that is a mark, and that is all there is to say.
    """
    if told is not None and _MARKS.isdisjoint(told) and not told.get("metadata"):
        return "ollama" if told.get("system_fingerprint") == "fp_ollama" else None
    fields = answer if type(answer) is dict else getattr(answer, "__dict__", _NONE)
    if fields.get("system_fingerprint") == "fp_ollama":
        return "ollama"
    # What a client's model does not know of, it keeps apart: there is nothing in OpenAI's own answers.
    more = answer if type(answer) is dict else getattr(answer, "__pydantic_extra__", None)
    metadata = fields.get("metadata") or (more and more.get("metadata"))
    if metadata and get(metadata, "weight_version") is not None:
        return "sglang"  # which of its weights it has loaded
    return next((server for field, server in _FIELDS if field in more), None) if more else None
