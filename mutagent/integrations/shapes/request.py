"""Which of a call's arguments are request parameters."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_str, is_unset, read_filled
from mutagent.capture.snapshot import Snapshot

# The conversation itself, which has its own place on a span, and what is about the transport and may hold secrets.
_NOT_PARAMETERS = frozenset(
    {"model", "messages", "input", "prompt", "tools", "functions", "system", "instructions", "suffix", "query",
     "file", "image", "mask",
     "extra_body", "extra_headers", "extra_query", "headers", "http_headers", "timeout", "timeout_ms",
     "retries", "request_options", "server_url", "api_key", "authorization", "client", "http_client"}
)  # fmt: skip


def parameters(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments that say how to answer: all that were given but the conversation and the transport.

    What a program sends in ``extra_body`` stands in the body like any other parameter, and wins over one of its name.
    """
    found = _parameters(given)
    extra = given.get("extra_body")
    if type(extra) is dict:
        found.update(_parameters(extra))
    return found


def _parameters(given: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in list(given.items())
        if value is not None and type(name) is str and name not in _NOT_PARAMETERS and not is_unset(value)
    }


def streams(given: dict[str, Any]) -> bool:
    """Whether a streamed answer is asked for."""
    return given.get("stream") is True


def text_of(value: Any) -> str | None:
    """A string, such as a model's name (an enum member of strings counts), else None."""
    return value if type(value) is str else as_str(value)


def offered(given: dict[str, Any], budget: Snapshot, *names: str) -> dict[str, Any]:
    """The tools that the model may call, as attributes; ``names`` of the argument are those after ``tools``."""
    tools = read_filled(given, "tools", *names)
    return {} if tools is None else {"gen_ai.tool.definitions": budget.take(tools)}


def text_input(value: Any, suffix: Any = None) -> dict[str, Any]:
    """What is to be embedded or gone on from, as an input object; with a ``suffix``, the two sides of a gap."""
    budget = Snapshot()
    taken = budget.take(value)
    if type(suffix) is str and suffix:
        return {"raw": {"prompt": taken, "suffix": budget.take(suffix)}}
    return {"text": taken} if type(taken) is str else {"raw": taken}
