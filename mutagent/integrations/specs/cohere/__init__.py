"""Cohere's Python client, 5.x to 7.x: both versions of its API, on its own platform and through AWS and Oracle.

``with_raw_response`` has classes of its own, whose requests are not seen here.
"""

from __future__ import annotations

from mutagent.integrations.spec import Integration
from mutagent.integrations.specs.cohere import chat_v1, chat_v2, text
from mutagent.integrations.specs.cohere.client import error_facts

COHERE = Integration(
    name="cohere",
    distribution="cohere",
    versions=">=5.0,<8",
    pieces=(*chat_v2.TARGETS, *chat_v1.TARGETS, *text.TARGETS),
    traces="`chat`, `chat_stream`, `embed`, `rerank`, `generate` of `Client` and `ClientV2`; AWS, Oracle",
    leaves="`with_raw_response`, which goes past the methods; `classify`, `summarize`, `parse`, `audio`, `embed_jobs`; "
    "`chat` and `chat_stream` of a client that was made before tracing was on, as it has bound them to itself",
    error=error_facts,
    client="_client_wrapper",
)
