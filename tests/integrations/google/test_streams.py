"""Streams that the program leaves early, or never begins, and answers that come in pieces."""

from __future__ import annotations

import gc

import pytest

from mutagent.tracing import SpanOptions, end_span, get_current_span, start_span
from tests.integrations.google.gemini import COUNTS_THOUGHTS, answering, counts, every_way, quiet, run, says
from tests.integrations.ways import WAYS

pytest.importorskip("google.genai")
from google.genai import types

pytestmark = quiet
CHUNKS = [
    says({"text": "Hm", "thought": True}, reason=None),
    says({"text": "m.", "thought": True}, reason=None),
    says("Hello ", reason=None, **counts(4, 1)),
    says("there.", **counts(4, 2, thoughtsTokenCount=3)),
]
ASKS = {"model": "gemini-1", "contents": "Say hello."}


async def begun(way, client, chunks=3):
    """A stream of which so many chunks are read."""
    stream = await way.call(client.models.generate_content_stream, **ASKS)
    for _ in range(chunks):
        await way.next(stream)
    return stream


@every_way
def test_a_stream_is_one_span(way, captured):
    async def program(client):
        stream = await way.call(client.models.generate_content_stream, **ASKS)
        return [chunk.text for chunk in await way.rest(stream)]

    with answering(CHUNKS) as server:
        assert [text for text in run(way, server, program) if text] == ["Hello ", "there."]
    (span,) = captured.spans
    attributes = span["attributes"]
    assert span["output"]["messages"] == [
        {
            "role": "assistant",
            "content": [{"type": "reasoning", "text": "Hmm."}, {"type": "text", "text": "Hello there."}],
        }
    ]
    assert attributes["mutagent.stream.outcome"] == "completed"
    assert attributes["gen_ai.request.stream"] is True
    assert attributes["gen_ai.response.time_to_first_chunk"] > 0
    assert attributes["gen_ai.response.finish_reasons"] == ["STOP"]
    if COUNTS_THOUGHTS:
        assert span["tokens"] == {"input": 4, "output": 5, "total": 9}


@every_way
def test_a_stream_that_is_closed_early_keeps_what_had_arrived(way, captured):
    async def program(client):
        stream = await begun(way, client)
        await way.wait(stream.aclose() if way.name == "async" else stream.close())

    with answering(CHUNKS) as server:
        run(way, server, program)
    (span,) = captured.spans
    assert span["status"] == "ok"
    assert span["attributes"]["mutagent.stream.outcome"] == "closed"
    assert span["output"]["messages"][0]["content"][-1] == {"type": "text", "text": "Hello "}
    assert span["tokens"] == {"input": 4, "output": 1, "total": 5}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@every_way
def test_a_stream_that_is_forgotten_ends_when_it_is_collected(way, captured):
    async def program(client):
        stream = await begun(way, client)
        del stream
        gc.collect()

    with answering(CHUNKS) as server:
        run(way, server, program)
    (span,) = captured.spans
    # Python closes a generator that it collects.
    assert span["attributes"]["mutagent.stream.outcome"] == ("closed" if way.name == "sync" else "abandoned")


def test_a_generator_that_nobody_reads_has_sent_nothing_and_is_no_span(captured):
    way = WAYS[0]

    async def program(client):
        stream = client.models.generate_content_stream(**ASKS)
        stream.close()

    with answering(CHUNKS) as server:
        run(way, server, program)
        assert server.requests == []
    assert captured.spans == []


@every_way
def test_the_programs_span_is_current_again_between_chunks(way, captured):
    async def program(client):
        outer = start_span(SpanOptions(kind="chain", name="outer"))
        stream = await begun(way, client, 1)
        assert get_current_span().span_id == outer.span_id
        inner = start_span(SpanOptions(kind="chain", name="between"))
        await way.rest(stream)
        end_span(inner)
        end_span(outer)

    with answering(CHUNKS) as server:
        run(way, server, program)
    assert captured.tree() == [["outer", [["chat gemini-1", []], ["between", []]]]]


@every_way
def test_a_refused_stream_fails(way, captured):
    from google.genai import errors

    async def program(client):
        return await way.rest(await way.call(client.models.generate_content_stream, **ASKS))

    refused = (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Slower."}})
    with answering(refused) as server, pytest.raises(errors.APIError, match="Slower"):
        run(way, server, program)
    (span,) = captured.spans
    assert span["status"] == "error"
    assert span["attributes"]["mutagent.error.code"] == "RESOURCE_EXHAUSTED"


@pytest.mark.skipif(not hasattr(types, "PartialArg"), reason="this client does not know of arguments in pieces")
@every_way
def test_the_arguments_of_a_call_may_come_in_pieces(way, captured):
    pieces = [
        {"functionCall": {"name": "weather", "willContinue": True}},
        {"functionCall": {"partialArgs": [{"jsonPath": "$.city", "stringValue": "Pa"}], "willContinue": True}},
        {"functionCall": {"partialArgs": [{"jsonPath": "$.city", "stringValue": "ris"}], "willContinue": True}},
        {"functionCall": {"partialArgs": [{"jsonPath": "$.days", "numberValue": 3}]}},
    ]

    async def program(client):
        return await way.rest(await way.call(client.models.generate_content_stream, **ASKS))

    with answering([says(piece, reason=None) for piece in pieces]) as server:
        run(way, server, program)
    (call,) = captured.spans[0]["output"]["messages"][0]["toolCalls"]
    assert call == {"id": None, "name": "weather", "arguments": {"city": "Paris", "days": 3}}
