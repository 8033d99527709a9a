"""Which of a call's arguments are request parameters."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_str, is_blank, is_unset
from mutagent.capture.snapshot import Snapshot

# What is about the transport and may hold secrets: never read.
TRANSPORT = frozenset(
    {"extra_headers", "extra_query", "headers", "http_headers", "timeout", "timeout_ms",
     "retries", "request_options", "server_url", "api_key", "authorization", "client", "http_client"}
)  # fmt: skip
# That, and the conversation itself, which has its own place on a span.
_NOT_PARAMETERS = TRANSPORT | {
    "model", "messages", "input", "prompt", "tools", "functions", "system", "instructions", "suffix", "query",
    "file", "image", "mask", "extra_body",
}  # fmt: skip


def parameters(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments that say how to answer: all that were given but the conversation and the transport.

    What a program sends in ``extra_body`` stands in the body like any other parameter, and wins over one of its name.
    """
    found: dict[str, Any] = {}
    extra = given.get("extra_body")
    for arguments in (given, extra) if type(extra) is dict else (given,):
        for name, value in list(arguments.items()):
            if value is None or type(name) is not str or name in _NOT_PARAMETERS or is_unset(value):
                continue
            found[name] = value
    return found


def streams(given: dict[str, Any]) -> bool:
    """Whether a streamed answer is asked for."""
    return given.get("stream") is True


def text_of(value: Any) -> str | None:
    """A string, such as a model's name (an enum member of strings counts), else None."""
    return value if type(value) is str else as_str(value)


def offered(given: dict[str, Any], budget: Snapshot, *names: str) -> dict[str, Any]:
    """The tools that the model may call, as attributes; ``names`` of the argument are those after ``tools``."""
    for name in ("tools", *names):
        tools = given.get(name)
        if tools is not None and not is_blank(tools):
            return {"gen_ai.tool.definitions": budget.take(tools)}
    return {}


def text_input(value: Any, suffix: Any = None) -> dict[str, Any]:
    """What is to be embedded or gone on from, as an input object; with a ``suffix``, the two sides of a gap."""
    budget = Snapshot()
    taken = budget.take(value)
    if type(suffix) is str and suffix:
        return {"raw": {"prompt": taken, "suffix": budget.take(suffix)}}
    return {"text": taken} if type(taken) is str else {"raw": taken}
