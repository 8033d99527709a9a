"""What is Groq's own: tools that it runs itself on the way to an answer, and streams that it gives up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.canned import Answer, Answers, events, json_answer
from tests.integrations.contract.program import every_way, run, seen
from tests.integrations.groq.cases import CHAT, CHUNKS, COMPLETION, REFUSED
from tests.integrations.situations import Situation

pytest.importorskip("groq")

SEARCH = {"index": 0, "type": "search", "arguments": '{"query": "hello"}'}
FOUND = {**SEARCH, "output": "A greeting.", "search_results": {"results": [{"title": "Hello", "score": 0.9}]}}
RAN = {"id": None, "name": "search", "arguments": {"query": "hello"}, "result": "A greeting."}


def served(answer: Answer, way: Any) -> Any:
    """The answer to a chat, read by the client."""
    streamed = isinstance(answer.body, tuple)
    server = (
        Answers(REFUSED, stream=answer)(Situation.ANSWERED)
        if streamed
        else Answers(REFUSED, answer)(Situation.ANSWERED)
    )

    async def program(client: Any) -> Any:
        if not streamed:
            return await CHAT.call(way, client)
        return await way.rest(await CHAT.stream(way, client))

    try:
        return run(CHAT, way, server, program)
    finally:
        server.close()


@every_way
def test_tools_that_groq_ran_stand_in_the_answer(way, captured):
    choice = COMPLETION["choices"][0]
    message = {**choice["message"], "executed_tools": [FOUND]}
    served(json_answer({**COMPLETION, "choices": [{**choice, "message": message}]}), way)
    (span,) = captured.spans
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello there.", "toolCalls": [RAN]}]}


@every_way
def test_tools_that_groq_ran_stand_in_the_streamed_answer_once(way, captured):
    def chunk(tool: dict[str, Any]) -> dict[str, Any]:
        return {**CHUNKS[1], "choices": [{"index": 0, "delta": {"executed_tools": [tool]}, "finish_reason": None}]}

    served(events(CHUNKS[0], chunk(SEARCH), chunk(FOUND), *CHUNKS[1:]), way)
    (span,) = captured.spans
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello there.", "toolCalls": [RAN]}]}


@every_way
def test_a_stream_that_groq_gives_up_is_a_failed_span(way, captured):
    served(events(*CHUNKS[:2], {**CHUNKS[2], "x_groq": {"id": "req_1", "error": "over_capacity"}}), way)
    (span,) = seen(captured)
    assert (span["status"], span["error"]) == ("error", "over_capacity")
    assert span["attributes"]["mutagent.stream.outcome"] == "completed"
