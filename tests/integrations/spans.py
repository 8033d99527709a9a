"""Spans as dicts that can be compared whole: what differs from run to run is replaced by a word for it."""

from __future__ import annotations

import re
from typing import Any

# What the stand-in provider makes its ids of: a digest of the request and a count.
_IDENT = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}\d{4}(?![0-9a-f])")
_REPLACED = {
    "traceId": "<id>",
    "spanId": "<id>",
    "parentSpanId": "<id>",
    "startTime": "<time>",
    "endTime": "<time>",
    "timestamp": "<time>",
    "durationMs": "<ms>",
    "server.port": "<port>",
    "gen_ai.response.time_to_first_chunk": "<seconds>",
    "exception.stacktrace": "<stack>",
}
# In every ended span, and so left out of what is compared.
ALWAYS = {"traceId": "<id>", "spanId": "<id>", "startTime": "<time>", "endTime": "<time>", "durationMs": "<ms>"}


def normal(span: dict[str, Any]) -> dict[str, Any]:
    """One span without ids, times and ports; those that every span has must be there."""
    replaced: dict[str, Any] = normalised(span)
    assert {name: replaced.pop(name, None) for name in ALWAYS} == ALWAYS
    return replaced


def normalised(value: Any) -> Any:
    """A value of a span, with what differs from run to run replaced by a word for it."""
    if isinstance(value, dict):
        # A usage object has a None for each count that the client knows of and the provider did not send.
        told = {name: item for name, item in value.items() if item is not None}
        return {name: _REPLACED[name] if name in _REPLACED else normalised(item) for name, item in told.items()}
    if isinstance(value, list):
        return [normalised(item) for item in value]
    return _IDENT.sub("<ident>", value) if isinstance(value, str) else value


def without(span: dict[str, Any], *names: str) -> dict[str, Any]:
    """A span without some of its fields, or of its attributes by a dotted name."""
    kept = {name: value for name, value in span.items() if name not in names}
    kept["attributes"] = {name: value for name, value in span["attributes"].items() if name not in names}
    return kept


def with_attributes(span: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A span with more attributes; ``__`` in a name stands for a dot."""
    more = {name.replace("__", "."): value for name, value in attributes.items()}
    return {**span, "attributes": {**span["attributes"], **more}}


def span_of(provider: str, operation: str, kind: str, model: str | None = "model-1", **fields: Any) -> dict[str, Any]:
    """The span of an answered call to a server on loopback: what all such spans have, and ``fields`` beside it.

    Args:
        provider: who answers.
        operation: what the span is called by, before the model.
        kind: the span's kind.
        model: which was asked for and answered; None where the call says neither.
        fields: the span's other fields, ``attributes`` among them.
    """
    named = {} if model is None else {"gen_ai.request.model": model, "gen_ai.response.model": model}
    head = {"name": operation if model is None else f"{operation} {model}", "kind": kind, "status": "ok"}
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": provider,
        **named,
        "server.address": "127.0.0.1",
        "server.port": "<port>",
        **fields.pop("attributes", {}),
    }
    asked = {} if model is None else {"model": model}
    return {**head, **asked, "provider": provider, **fields, "attributes": attributes}


def streamed(span: dict[str, Any]) -> dict[str, Any]:
    """The span of the same call with its answer as a stream, read to the end."""
    return with_attributes(
        span,
        gen_ai__request__stream=True,
        gen_ai__response__time_to_first_chunk="<seconds>",
        mutagent__stream__outcome="completed",
    )
