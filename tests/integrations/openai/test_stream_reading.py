"""However a stream is read, in loops or step by step, it is one span."""

from __future__ import annotations

import gc

import httpx
import pytest

from tests.integrations.contract.program import run, seen
from tests.integrations.openai.cases import CHAT, CHAT_STREAM_SPAN
from tests.integrations.ways import ASYNC, SYNC


async def begun(way, client):
    return await way.call(CHAT.bound(way, client), **CHAT.arguments, stream=True)


def test_a_stream_that_is_read_by_turns_in_loops_and_by_steps_is_one_whole_span(serve, captured):
    async def program(client):
        stream = await begun(SYNC, client)
        pieces = []
        for piece in stream:
            pieces.append(piece)
            break
        pieces.append(next(stream))
        pieces += stream
        with pytest.raises(StopIteration):
            next(stream)
        return [piece.model_dump() for piece in pieces]

    told = run(CHAT, SYNC, serve(), program)
    assert len(told) > 3
    assert seen(captured) == [CHAT_STREAM_SPAN]


def test_an_async_stream_that_is_read_by_turns_is_one_whole_span(serve, captured):
    async def program(client):
        stream = await begun(ASYNC, client)
        pieces = [await stream.__anext__()]
        async for piece in stream:
            pieces.append(piece)
            break
        pieces += [piece async for piece in stream]
        return len(pieces)

    assert run(CHAT, ASYNC, serve(), program) > 3
    assert seen(captured) == [CHAT_STREAM_SPAN]


def test_a_stream_whose_body_somebody_has_read_before_may_be_forgotten_like_any_other(serve, captured):
    async def program(client):
        stream = await begun(SYNC, client)
        piece = next(stream)
        del stream
        gc.collect()
        return piece

    # As tools do that log what comes: the body is in memory then when the client makes a stream of it.
    reading = httpx.Client(event_hooks={"response": [lambda response: response.read()]})
    assert run(CHAT, SYNC, serve(), program, http_client=reading)
    [span] = captured.spans
    assert span["attributes"]["mutagent.stream.outcome"] == "abandoned"
