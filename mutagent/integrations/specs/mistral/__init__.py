"""Mistral's Python client, 1.x to 3.x, with its Azure and Google Cloud twins.

``parse`` and ``parse_stream`` call ``complete`` and ``stream``. The client makes OpenTelemetry spans of its own where a
program has set a tracer provider; that is left as it is.
"""

from __future__ import annotations

from mutagent.integrations.spec import Close, Integration, Piece
from mutagent.integrations.specs.mistral import calls, conversations
from mutagent.integrations.specs.mistral.client import PREFIXES, error_facts

_STREAMING = tuple(f"{prefix}utils.eventstreaming" for prefix in PREFIXES)
# `close` came in 3.x and the `with` block calls it; before, leaving the block is all there is.
_LEAVING: tuple[Piece, ...] = tuple(
    Close((module,), f"{cls}.{method}")
    for module in _STREAMING
    for cls, methods in (("EventStream", ("close", "__exit__")), ("EventStreamAsync", ("close", "__aexit__")))
    for method in methods
)

MISTRAL = Integration(
    name="mistral",
    distribution="mistralai",
    versions=">=1.0,<4",
    pieces=(*calls.TARGETS, *conversations.TARGETS, *_LEAVING),
    traces="`chat`, `agents`, `fim`, `embeddings`, `beta.conversations` and runs; `parse`; Azure, Google Cloud",
    leaves="`ocr`, `audio`, `classifiers`, `batch`; the tools that a run calls",
    error=error_facts,
    iterator="generator",
)
