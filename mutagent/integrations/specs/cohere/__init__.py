"""Cohere's Python client, 5.x to 7.x: both versions of its API, on its own platform and through AWS and Oracle."""

from __future__ import annotations

from mutagent.integrations.spec import Integration
from mutagent.integrations.specs.cohere import chat_v1, chat_v2, raw, text
from mutagent.integrations.specs.cohere.client import error_facts

_TARGETS = (*chat_v2.TARGETS, *chat_v1.TARGETS, *text.TARGETS)

COHERE = Integration(
    name="cohere",
    distribution="cohere",
    versions=">=5.0,<8",
    pieces=(*_TARGETS, *raw.twins(_TARGETS)),
    traces="`chat`, `chat_stream`, `embed`, `rerank`, `generate` of `Client` and `ClientV2`, and of their "
    "`with_raw_response`; AWS, Oracle",
    leaves="`embed` of the first version's `with_raw_response`; `classify`, `summarize`, `parse`, `audio`, "
    "`embed_jobs`; before 5.16, `chat` and `chat_stream` of a client that was made before tracing was on, as it has "
    "bound them to itself",
    error=error_facts,
    client="_client_wrapper",
)
