"""Responses over a WebSocket: the session is a span, and each response is the span that it is over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.openai import sockets
from tests.integrations.openai.program import every_way

# The client connects in a way that websockets 17 no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager")

every_surface = pytest.mark.parametrize("method", ["responses.connect", "beta.responses.connect"])

USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 9,
}
RESPONSE: dict[str, Any] = {"id": "resp_1", "object": "response", "model": "model-1", "output": []}
SAID = {"type": "message", "id": "m1", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}
DELTA = {"type": "response.output_text.delta", "item_id": "m1", "output_index": 0, "content_index": 0, "delta": "Hi."}


def talk(event: sockets.Event) -> list[sockets.Event]:
    if event.get("input") == "Refuse.":
        return [{"type": "error", "status": 400, "error": {"code": "no", "message": "Not so."}}]
    return [
        {"type": "response.created", "response": {**RESPONSE, "status": "in_progress"}},
        DELTA,
        {
            "type": "response.completed",
            "response": {**RESPONSE, "status": "completed", "output": [SAID], "usage": USAGE},
        },
    ]


async def received(way: Any, connection: Any, kind: str) -> None:
    while (await way.wait(connection.recv())).type != kind:
        pass


@every_way
@every_surface
def test_responses_of_a_session_are_spans_below_it(way, method, captured):
    async def program(connect):
        manager = connect()
        connection = await way.enter(manager)
        for _ in range(2):
            await way.wait(connection.response.create(model="model-1", input="Hello.", instructions="Be kind."))
            await received(way, connection, "response.completed")
        await way.leave(manager)

    with sockets.serving([], talk) as url:
        sockets.run(way, url, method, program)
    *responses, session = captured.spans
    assert (session["name"], session["kind"], session["attributes"]["mutagent.session.responses"]) == (
        "responses",
        "chain",
        2,
    )
    for span in responses:
        assert (span["name"], span["kind"], span["parentSpanId"]) == ("chat model-1", "llm.chat", session["spanId"])
        assert span["input"]["messages"][-1] == {"role": "user", "content": "Hello."}
        assert span["output"] == {"messages": [{"role": "assistant", "content": "Hi."}]}
        assert span["tokens"] == {"input": 7, "output": 2, "total": 9}
        assert span["attributes"]["gen_ai.response.finish_reasons"] == ["completed"]
        assert span["attributes"]["gen_ai.response.time_to_first_chunk"] > 0


@every_way
@every_surface
def test_a_response_that_is_refused_or_left_is_not_lost(way, method, captured):
    async def program(connect):
        manager = connect()
        connection = await way.enter(manager)
        await way.wait(connection.response.create(model="model-1", input="Refuse."))
        await received(way, connection, "error")
        await way.wait(connection.response.create(model="model-1", input="Hello."))
        await received(way, connection, "response.output_text.delta")
        await way.leave(manager)

    with sockets.serving([], talk) as url:
        sockets.run(way, url, method, program)
    refused, left, _ = captured.spans
    assert (refused["status"], refused["error"], refused["attributes"]["mutagent.error.code"]) == (
        "error",
        "Not so.",
        "no",
    )
    assert left["output"] == {"messages": [{"role": "assistant", "content": "Hi."}]}
    assert left["attributes"]["mutagent.stream.outcome"] == "closed"
