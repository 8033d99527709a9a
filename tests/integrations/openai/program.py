"""How a test of one of OpenAI's smaller surfaces makes its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mutagent.testing import CapturedSpans
from tests.integrations import calling
from tests.integrations.spans import normal
from tests.integrations.ways import WAYS, Way

openai = pytest.importorskip("openai")
pytest.importorskip("openai.types.audio")

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


def run(way: Way, url: str, method: str, program: Callable[[Any], Awaitable[Any]]) -> Any:
    """Run ``program(client.<method>)``; skips where the installed version has no such method."""
    return calling.run(way, "openai.OpenAI", method, program, url)


def seen(captured: CapturedSpans) -> list[dict[str, Any]]:
    """The spans so far, to be compared whole."""
    return [normal(span) for span in captured.spans]


def span_of(operation: str, kind: str, name: str | None = None, **fields: Any) -> dict[str, Any]:
    """A span of a call to ``model-1`` on the test's server; ``attributes`` come on top."""
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "model-1",
        "mutagent.request_id": "req_1",
        "server.address": "127.0.0.1",
        "server.port": "<port>",
        **fields.pop("attributes", {}),
    }
    name = name or f"{operation} model-1"
    common = {"name": name, "kind": kind, "status": "ok", "model": "model-1", "provider": "openai"}
    return {**common, **fields, "attributes": attributes}


STREAMED = {
    "gen_ai.request.stream": True,
    "gen_ai.response.time_to_first_chunk": "<seconds>",
    "mutagent.stream.outcome": "completed",
}
