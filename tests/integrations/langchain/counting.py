"""The stand-in provider, with a note of the tokens of every answer it gave."""

from __future__ import annotations

from typing import Any

from mutagent.demo.protocols.call import Call, Endpoint
from mutagent.demo.provider import Rule, Script
from mutagent.testing import CapturedSpans
from tests.servers.faults import FaultyProvider


class CountingProvider(FaultyProvider):
    """Remembers ``(input tokens, output tokens)`` of each answer; embeddings have no output."""

    def __init__(self, *rules: Rule) -> None:
        super().__init__(Script(rules))
        self.sent: list[tuple[int, int]] = []

    def call(self, endpoint: Endpoint, body: Any, raw: bytes) -> Call:
        """Note the tokens of the reply."""
        call = super().call(endpoint, body, raw)
        if call.reply.failure is None and endpoint.path != "/embeddings":
            self.sent.append((call.input_tokens, call.output_tokens))
        return call


def recorded_tokens(captured: CapturedSpans) -> list[tuple[int, int]]:
    """The same of the spans: of every span that has tokens, embeddings aside."""
    return sorted(
        (span["tokens"]["input"], span["tokens"]["output"])
        for span in captured.spans
        if "tokens" in span and span["kind"] != "llm.embedding"
    )
